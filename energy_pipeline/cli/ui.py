"""`energy-pipeline ui`: the Dagster page and daemon, on the user's sites or on the demo.

Both processes end together: when one stops, or on Ctrl+C, the other is stopped too.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from dagster import DagsterInstance
from rich.console import Console

from energy_pipeline.cli.demo_world import kept_world, new_world, served

_POLL_S = 0.5
_STOP_S = 20


def run_ui(sites_file: Path, port: int) -> int:
    """Serve until a process ends or the user stops it; returns the exit status."""
    console = Console()
    with ExitStack() as stack:
        environment = dict(os.environ)
        environment.setdefault("DAGSTER_HOME", str(Path.cwd()))
        if sites_file.exists():
            console.print(f"Dagster on {sites_file}: http://127.0.0.1:{port}")
        else:
            world = kept_world() or new_world(None, "Europe/Helsinki")
            environment |= stack.enter_context(served(world, world.gateway()))
            console.print(
                f"There is no {sites_file}, so this is the demo, on simulated services,"
                f" {world.days}: http://127.0.0.1:{port}"
            )
        return _serve_both(port, environment)


def _serve_both(port: int, environment: Mapping[str, str]) -> int:
    scripts = Path(sys.executable).parent
    workspace = ["-w", "workspace.yaml"]
    commands = [
        [str(scripts / "dagster-webserver"), *workspace, "-h", "127.0.0.1", "-p", str(port)],
        [str(scripts / "dagster-daemon"), "run", *workspace],
    ]
    _make_instance(environment["DAGSTER_HOME"])
    processes = [subprocess.Popen(each, env=dict(environment)) for each in commands]  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while all(process.poll() is None for process in processes):
            time.sleep(_POLL_S)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(processes)


def _make_instance(home: str) -> None:
    """Make Dagster's tables: page and daemon trip over each other when both make them."""
    with DagsterInstance.from_config(home):
        pass


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
