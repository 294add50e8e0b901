"""A range of days as one run: what Dagster itself takes, and how much memory a fleet needs.

Dagster's share is what the job takes longer than its steps called one after the other: events,
checks, and assets with nothing to do; a median of several runs each. Memory is the peak of a
process that runs the job; it must not grow with the number of days. The simulated services run in a
process of their own.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import yaml

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import SIMULATED_KEY_A, EnerKeySimulator, Meter, profile
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import DEMO_API_KEY, DEMO_USER_ID, Fleet
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve

FIRST = date(2024, 1, 1)
YEAR, MONTH, TWO_MONTHS = (Days(FIRST, FIRST + timedelta(days=n - 1)) for n in (365, 31, 62))
FLEET_SITES = int(os.environ.get("BENCH_SITES", "500"))
RUNS = 3
LIMIT_MB = 1_000
_SPAWN = get_context("spawn")


def main() -> None:
    """Print Dagster's share of a year of one site, and the peak memory of a fleet."""
    steps = [run(_steps, 1, YEAR) for _ in range(RUNS)]
    jobs = [run(_job, 1, YEAR) for _ in range(RUNS)]
    steps_s = statistics.median(wall_s for wall_s, _ in steps)
    job_s, job_mb = (statistics.median(each) for each in zip(*jobs, strict=True))
    share = 1 - steps_s / job_s
    print(f"range run, 365 days x 1 site: {job_s:.1f} s, of which Dagster's own {share:.0%}")
    print(f"  peak memory of the job {job_mb:.0f} MB")
    month_mb, two_months_mb = (run(_job, FLEET_SITES, days)[1] for days in (MONTH, TWO_MONTHS))
    verdict = "ok" if month_mb <= LIMIT_MB else "MISSED"
    print(f"31 days x {FLEET_SITES} sites: {month_mb:.0f} MB, at most {LIMIT_MB:,}: {verdict}")
    print(f"  62 days ÷ 31 days: {two_months_mb / month_mb:.2f}")


def run(work: Callable[[Days], None], sites: int, days: Days) -> tuple[float, float]:
    """Do the work in a world of its own; returns its wall time in s and its peak memory in MB."""
    with world(sites, days) as environment:
        return in_child(work, environment, days)


def in_child(
    work: Callable[[Days], None], environment: Mapping[str, str], days: Days
) -> tuple[float, float]:
    """Do the work in a fresh process; returns its wall time in s and its peak memory in MB."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_measured, args=(work, dict(environment), days, there))
    process.start()
    measured = here.recv()
    process.join()
    return measured


def _measured(
    work: Callable[[Days], None], environment: dict[str, str], days: Days, to: Connection
) -> None:
    os.environ.update(environment)
    began_s = time.perf_counter()
    work(days)
    to.send((time.perf_counter() - began_s, _peak_mb()))


def _peak_mb() -> float:
    """Return the most memory that this program has had; rusage would count its parent's too."""
    status = Path("/proc/self/status").read_text()
    [peak_kb] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak_kb) / 1024


def _steps(days: Days) -> None:
    """Call every step of the daily job, without Dagster."""
    from energy_pipeline.steps.cumulative import compute_cumulative
    from energy_pipeline.steps.daily_energy import fetch_daily_energy
    from energy_pipeline.steps.fetch import fetch_intervals
    from energy_pipeline.steps.hourly import compute_hourly
    from energy_pipeline.steps.systems import fetch_systems
    from energy_pipeline.steps.upload import upload
    from energy_pipeline.workbench import open_workbench

    with open_workbench() as bench:
        fetch_systems(bench)
        fetch_intervals(bench, "production", days)
        fetch_intervals(bench, "consumption", days)
        fetch_daily_energy(bench)
        compute_hourly(bench, days)
        compute_cumulative(bench, days)
        upload(bench, "consumption", days)
        upload(bench, "cumulative", days)


def _job(days: Days) -> None:
    """Run the daily job as Dagster runs it in a process."""
    import dagster as dg

    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    job = definitions().resolve_job_def("daily_energy")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        job.execute_in_process(instance=instance, tags=range_tags(days), run_config=quiet)


@contextmanager
def world(sites: int, days: Days) -> Generator[dict[str, str]]:
    """Serve `sites` micro-measured houses and lay out a user's folder; yields the environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = [_entry(number, days) for number in range(1, sites + 1)]
        (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}))
        instance = Path("dagster.yaml").read_text().replace(": .dagster", f": {folder}/dagster")
        (folder / "dagster.yaml").write_text(instance)
        here, there = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(sites, days, there), daemon=True)
        process.start()
        enlighten_url, enerkey_url = here.recv()
        try:
            yield _environment(folder, enlighten_url, enerkey_url)
        finally:
            here.send(None)
            process.join()


def _entry(number: int, days: Days) -> dict[str, object]:
    upload = {"stream": "production", "meter_id": number, "reading": "consumption", "unit": "kWh"}
    access = {"api": "v2", "system_id": number, "user_id": DEMO_USER_ID, "production": "micro"}
    return {
        "id": f"site-{number}",
        "name": f"Site {number}",
        "timezone": "Atlantic/Reykjavik",
        "start": days.first,
        "enlighten": access,
        "uploads": [upload],
    }


def _serve(sites: int, days: Days, to: Connection) -> None:
    before = timedelta(days=1)
    systems = [
        modelled_system(
            House(system_id=n, timezone="Atlantic/Reykjavik", latitude=50.0, measured_by="micro"),
            days.first - before,
            days.last + before,
        )
        for n in range(1, sites + 1)
    ]
    now = datetime(days.last.year, days.last.month, days.last.day, tzinfo=UTC) + timedelta(days=9)
    cloud = EnlightenSimulator(
        Fleet.of(systems), VirtualClock(now, fixed=True), Switches(history_days=None)
    )
    meters = [Meter(n, n, f"Meter {n}") for n in range(1, sites + 1)]
    enerkey = EnerKeySimulator(profile(meters), VirtualClock(now, fixed=True))
    with serve(cloud.app) as one, serve(enerkey.app) as other:
        to.send((one.base_url, other.base_url))
        to.recv()


def _environment(folder: Path, enlighten_url: str, enerkey_url: str) -> dict[str, str]:
    return {
        "DAGSTER_HOME": str(folder),
        "ENERGY_SITES_FILE": str(folder / "sites.yaml"),
        "ENERGY_DATA_URI": str(folder / "data"),
        "ENLIGHTEN_API": "v2",
        "ENLIGHTEN_BASE_URL": enlighten_url,
        "ENLIGHTEN_API_KEY": DEMO_API_KEY,
        "ENLIGHTEN_REQUESTS_PER_MINUTE": "1000000",
        "ENLIGHTEN_REQUESTS_PER_MONTH": "10000000",
        "ENERKEY_BASE_URL": enerkey_url,
        "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
        "ENERKEY_REQUESTS_PER_SECOND": "1000",
    }


if __name__ == "__main__":
    main()
