"""Long ranges and large fleets: Dagster's share of the time, and peak memory.

A year of one site is one run of the daily job; what is not spent in our own functions is Dagster's
book-keeping. A month and two months of 500 sites go through the same steps without Dagster, to show
that memory does not grow with the days. Each is measured in a fresh process.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from benchmarks.small_world import SmallWorld, served
from energy_pipeline.calendar import Days

FIRST = date(2023, 1, 1)
YEAR_DAYS, MONTH_DAYS = 365, 31
FLEET = 500
LIMIT_MB, GROWTH_LIMIT = 1000, 1.1
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Args:
        wall_s: from its begin to its end.
        own_s: time in our own functions.
        peak_mb: most memory that its process has had.
        verified: hours and readings that are in EnerKey.
    """

    wall_s: float
    own_s: float
    peak_mb: float
    verified: int


def job_in_dagster(environment: Mapping[str, str], days: Days) -> Measured:
    """Run the daily job over `days`, with the instance that a user has."""
    os.environ.update(environment)
    import dagster as dg
    from dagster._core.execution.plan import compute_generator

    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    own_s = 0.0
    invoke = compute_generator.invoke_compute_fn  # Dagster calls every asset and check here

    def timed(*args, **kwargs):
        nonlocal own_s
        begin = time.perf_counter()
        try:
            return invoke(*args, **kwargs)
        finally:
            own_s += time.perf_counter() - begin

    job = definitions().resolve_job_def("daily_energy")
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with (
        dg.DagsterInstance.get() as instance,
        patch.object(compute_generator, "invoke_compute_fn", timed),
    ):
        begin = time.perf_counter()
        result = job.execute_in_process(instance=instance, tags=range_tags(days), run_config=quiet)
        wall_s = time.perf_counter() - begin
    verified = 0
    for name in ("enerkey_consumption_upload", "enerkey_cumulative_upload"):
        said = result.asset_materializations_for_node(name)[-1].metadata["hours_verified"].value
        verified += int(str(said))
    return Measured(wall_s, own_s, peak_mb(), verified)


def steps_alone(environment: Mapping[str, str], days: Days) -> Measured:
    """Run every step over `days`, as the job would, without Dagster."""
    os.environ.update(environment)
    from energy_pipeline.steps.cumulative import compute_cumulative
    from energy_pipeline.steps.daily_energy import fetch_daily_energy
    from energy_pipeline.steps.fetch import fetch_intervals
    from energy_pipeline.steps.hourly import compute_hourly
    from energy_pipeline.steps.upload import upload
    from energy_pipeline.workbench import open_workbench

    begin = time.perf_counter()
    with open_workbench() as bench:
        fetch_intervals(bench, "production", days)
        fetch_intervals(bench, "consumption", days)
        fetch_daily_energy(bench)
        compute_hourly(bench, days)
        compute_cumulative(bench, days)
        uploads = [upload(bench, "consumption", days), upload(bench, "cumulative", days)]
    wall_s = time.perf_counter() - begin
    return Measured(wall_s, wall_s, peak_mb(), sum(each.hours_verified for each in uploads))


def peak_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def measured(
    run: Callable[[Mapping[str, str], Days], Measured], sites: int, length: int
) -> Measured:
    """Measure a run over the first `length` days of a new world.

    The process is forked from a small one: the peak of one that is started from here would begin
    with ours.
    """
    days = Days(FIRST, FIRST + timedelta(days=length - 1))
    context = get_context("forkserver")
    with (
        tempfile.TemporaryDirectory() as folder,
        served(SmallWorld(sites, days), Path(folder)) as environment,
        ProcessPoolExecutor(1, context) as pool,
    ):
        found = pool.submit(run, environment, days).result()
    if found.verified < sites * length * 24 * 2:
        raise SystemExit(f"{sites} sites, {days}: only {found.verified} values are in EnerKey")
    return found


def print_year() -> None:
    """Print how much of a year's run is Dagster's own."""
    year = measured(job_in_dagster, 1, YEAR_DAYS)
    table = Table(title=f"daily_energy, {YEAR_DAYS} days, 1 site, one run")
    for heading in ("time", "Dagster's own", "share", "peak memory"):
        table.add_column(heading, justify="right")
    dagsters_s = year.wall_s - year.own_s
    share = f"{dagsters_s / year.wall_s:.0%}"
    table.add_row(f"{year.wall_s:.1f} s", f"{dagsters_s:.1f} s", share, f"{year.peak_mb:.0f} MB")
    Console().print(table)


def print_fleet() -> None:
    """Print the peak memory of a fleet over one month and over two."""
    month, two = (measured(steps_alone, FLEET, MONTH_DAYS * months) for months in (1, 2))
    table = Table(title=f"all steps, {FLEET} sites")
    for heading in ("", "time", "peak memory", "limit", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for months, each in ((1, month), (2, two)):
        verdict = "ok" if each.peak_mb <= LIMIT_MB else "MISSED"
        days = f"{MONTH_DAYS * months} days"
        peak = f"{each.peak_mb:.0f} MB"
        table.add_row(days, f"{each.wall_s:.0f} s", peak, f"{LIMIT_MB} MB", verdict)
    growth = two.peak_mb / month.peak_mb
    verdict = "ok" if growth <= GROWTH_LIMIT else "MISSED"
    table.add_row("two months : one", "", f"{growth:.2f}", f"{GROWTH_LIMIT}", verdict)
    Console().print(table)


def main() -> None:
    """Print the year and the fleet."""
    print_year()
    print_fleet()


if __name__ == "__main__":
    main()
