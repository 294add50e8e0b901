"""A poll of gateways as the schedule runs it: CPU and wall time beyond Dagster's own start.

The peer in the same run is the same job over a day that is over: it starts, asks nobody and ends.
What the poll takes longer is the poll's own. The simulated gateways run in a process of their own;
each answers at once, so that the wall time is the least that there can be. Dagster keeps every run:
how much a run adds to its history is measured as well.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import yaml

from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Site,
    TokenAuthority,
    hardware,
    modelled_curve,
    serve_gateway,
)

GATEWAYS = (1, 20)
MOST_CPU_S = 3.0
_TIMES = 3
_SPAWN = get_context("spawn")
_DAY = timedelta(days=1)
_POLLS_PER_YEAR = 365 * 24 * 12


class Taken(NamedTuple):
    """What a command took: processor and wall time, in s."""

    cpu_s: float
    wall_s: float


def main() -> None:
    """Print what a poll of one gateway and of twenty takes.

    Raises:
        SystemExit: the poll of the most gateways takes more CPU than it may.
    """
    is_missed = False
    for count in GATEWAYS:
        with world(count) as (folder, environment):
            today = datetime.now(UTC).date()
            least(environment, str(today - _DAY), 1)  # makes Dagster's own database
            least(environment, str(today), 1)  # sees the certificates for the first time
            before = _size(folder / "dagster")
            start = least(environment, str(today - _DAY), _TIMES)
            polled = least(environment, str(today), _TIMES)
            kept_kb = (_size(folder / "dagster") - before) / (2 * _TIMES) / 1024
        cpu_s, wall_s = polled.cpu_s - start.cpu_s, polled.wall_s - start.wall_s
        allowed = ""
        if count == max(GATEWAYS):
            is_missed = cpu_s > MOST_CPU_S
            allowed = f" (at most {MOST_CPU_S:g} s: {'MISSED' if is_missed else 'ok'})"
        print(f"poll of {count} gateways, beyond the job that polls nobody:")
        print(f"  CPU {cpu_s:.2f} s{allowed}, wall {wall_s:.2f} s")
        print(f"  poll ÷ job that polls nobody: CPU {polled.cpu_s / start.cpu_s:.2f}", end="")
        print(f" (that job: CPU {start.cpu_s:.1f} s, wall {start.wall_s:.1f} s)")
        yearly_gb = kept_kb * _POLLS_PER_YEAR / 1024**2
        print(f"  history of a run: {kept_kb:.0f} kB, {yearly_gb:.1f} GB a year of five minutes")
    if is_missed:
        raise SystemExit(1)


def least(environment: Mapping[str, str], day: str, times: int) -> Taken:
    """Return the least CPU and the least wall time that the job took in so many runs."""
    runs = [_launched(environment, day) for _ in range(times)]
    return Taken(min(each.cpu_s for each in runs), min(each.wall_s for each in runs))


def _launched(environment: Mapping[str, str], day: str) -> Taken:
    command = [str(Path(sys.executable).with_name("dg")), "launch"]
    command += ["--job", "poll_envoy", "--partition", day]
    began_s = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began_s
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Taken(used.ru_utime + used.ru_stime, wall_s)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def world(count: int) -> Generator[tuple[Path, dict[str, str]]]:
    """Serve gateways and lay out a user's folder; yields it and the environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, there = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(count, folder, there), daemon=True)
        process.start()
        served: Sequence[tuple[str, str, str]] = here.recv()
        entries = [_entry(n, host, serial) for n, (host, serial, _) in enumerate(served)]
        (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}))
        instance = Path("dagster.yaml").read_text().replace(": .dagster", f": {folder}/dagster")
        (folder / "dagster.yaml").write_text(instance)
        tokens = {_token_name(n): token for n, (_, _, token) in enumerate(served)}
        paths = {
            "DAGSTER_HOME": name,
            "ENERGY_SITES_FILE": str(folder / "sites.yaml"),
            "ENERGY_DATA_URI": str(folder / "data"),
        }
        try:
            yield folder, {**os.environ, **paths, **tokens}
        finally:
            here.send(None)
            process.join()


def _entry(number: int, host: str, serial: str) -> dict[str, object]:
    return {
        "id": f"roof-{number}",
        "name": f"Roof {number}",
        "timezone": "Europe/Amsterdam",
        "start": datetime.now(UTC).date() - _DAY,
        "envoy": {"host": host, "serial": serial, "token_env": _token_name(number)},
    }


def _token_name(number: int) -> str:
    return f"ROOF_TOKEN_{number}"


def _serve(count: int, folder: Path, to: Connection) -> None:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    authority, curve = TokenAuthority(), modelled_curve(start, 4)
    boxes = [hardware("full_ct", serial=f"1220000002{n:02}") for n in range(count)]
    simulators = [EnvoySimulator(Site(box, curve), authority=authority) for box in boxes]
    with ExitStack() as stack:
        served = [stack.enter_context(serve_gateway(each, folder)) for each in simulators]
        to.send([(s.host, s.simulator.hardware.serial, s.simulator.token()) for s in served])
        to.recv()


if __name__ == "__main__":
    main()
