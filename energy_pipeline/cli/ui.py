"""`energy-pipeline ui`: the Dagster page and daemon, on the user's sites or on the demo.

Both processes end together: when one stops, or on Ctrl+C, the other is stopped too.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from dagster import DagsterInstance
from rich.console import Console

from energy_pipeline.cli.demo_world import kept_world, new_world, served, without_the_users
from energy_pipeline.errors import EnergyPipelineError

_WORKSPACE = "workspace.yaml"
_LOOPBACK = "127.0.0.1"
_POLL_S = 0.5
_STOP_S = 20


def run_ui(sites_file: Path, port: int) -> int:
    """Serve until a process ends or the user stops it; returns the exit status.

    Raises:
        EnergyPipelineError: this is not the project's folder, or the port is taken.
    """
    if not Path(_WORKSPACE).exists():
        message = f"{_WORKSPACE}: no such file here; start it in the project's folder"
        raise EnergyPipelineError(message)
    _expect_free(port)
    console = Console()
    with ExitStack() as stack:
        environment, folder = dict(os.environ), Path.cwd()
        environment.setdefault("DAGSTER_HOME", str(folder))
        workspace = str(Path(_WORKSPACE).absolute())
        if sites_file.exists():
            console.print(f"Dagster on {sites_file}: http://{_LOOPBACK}:{port}")
        else:
            world = kept_world() or new_world(None, "Europe/Helsinki")
            environment = without_the_users(environment)
            environment |= stack.enter_context(served(world, world.gateway()))
            folder = world.folder
            console.print(
                f"There is no {sites_file}, so this is the demo, on simulated services,"
                f" {world.days}: http://{_LOOPBACK}:{port}"
            )
        scripts = Path(sys.executable).parent
        page = [str(scripts / "dagster-webserver"), "-w", workspace, "-h", _LOOPBACK]
        daemon = [str(scripts / "dagster-daemon"), "run", "-w", workspace]
        commands = [[*page, "-p", str(port)], daemon]
        return _serve_both(commands, environment, folder)


def _serve_both(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], folder: Path
) -> int:
    _make_instance(environment["DAGSTER_HOME"])
    processes = [
        subprocess.Popen(each, env=dict(environment), cwd=folder)  # noqa: S603
        for each in commands
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while all(process.poll() is None for process in processes):
            time.sleep(_POLL_S)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(processes)


def _expect_free(port: int) -> None:
    """Try the port, before two processes have written their first pages about it."""
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except OSError as error:
        taken = f"port {port} of {_LOOPBACK}: {error.strerror}"
        way_out = "is the page open already? `--port`, or `make ui PORT=3001`, takes another one"
        raise EnergyPipelineError(f"{taken}; {way_out}") from None


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
