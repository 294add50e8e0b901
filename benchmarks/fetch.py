"""Fetching: wall time beside a bare loop, and hits beside the fewest that could do.

600 requests at 50 ms latency and 16 at a time, in alternating runs against the same server: of a
fleet (20 sites, 30 days) and of one site (600 days, a file each). Then hits: two years of one site,
and the day after a hole, against the fewest windows that cover what is missing.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.bare_fetch import bare_fetch
from benchmarks.slow_cloud import INTERVALS_PER_DAY, LATENCY_S, slow_cloud
from energy_pipeline.calendar import Days
from energy_pipeline.clock import SystemClock
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import DEMO_API_KEY, DEMO_USER_ID, Fleet
from energy_pipeline.simulators.enlighten.faults import Faults, Revision
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2.series import (
    CONSUMPTION,
    METER_PRODUCTION,
    MICRO_PRODUCTION,
)
from energy_pipeline.steps.enlighten_account import CONCURRENCY
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.workbench import Workbench, open_workbench

RUNS = 5
LIMIT = 1.1
FIRST = date(2023, 1, 1)
SHAPES = {"20 sites, 30 days": (20, 30), "1 site, 600 days": (1, 600)}
TWO_YEARS = Days(date(2022, 1, 1), date(2023, 12, 31))


@dataclass(frozen=True)
class StillClock(SystemClock):
    """Shows one instant; waiting takes its time."""

    instant: datetime = datetime(2024, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant


def sites(systems: Sequence[int], production: str = "micro") -> list[dict[str, object]]:
    """Return the entries of sites.yaml."""
    return [
        {
            "id": f"site-{system_id}",
            "name": f"Site {system_id}",
            "timezone": "Europe/Helsinki",
            "start": "2020-01-01",
            "enlighten": {
                "api": "v2",
                "system_id": system_id,
                "user_id": DEMO_USER_ID,
                "production": production,
            },
        }
        for system_id in systems
    ]


def workbench(
    stack: ExitStack, folder: Path, base_url: str, entries: list[dict[str, object]]
) -> Workbench:
    """Open a workbench on an empty folder."""
    (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}))
    environ = {
        "ENERGY_SITES_FILE": str(folder / "sites.yaml"),
        "ENERGY_DATA_URI": str(folder / "data"),
        "ENLIGHTEN_BASE_URL": base_url,
        "ENLIGHTEN_API": "v2",
        "ENLIGHTEN_API_KEY": DEMO_API_KEY,
        "ENLIGHTEN_REQUESTS_PER_MINUTE": "1000000",
        "ENLIGHTEN_REQUESTS_PER_MONTH": "1000000",
    }
    return stack.enter_context(open_workbench(environ=environ, clock=StillClock()))


def ours_s(base_url: str, systems: Sequence[int], days: Days) -> float:
    """Return the wall time of the pipeline's fetch."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = workbench(stack, folder, base_url, sites(systems))
        begin = time.perf_counter()
        fetch_intervals(bench, "production", days)
        wall_s = time.perf_counter() - begin
        require_rows(folder / "data" / "enlighten_production", systems, days)
        return wall_s


def bare_s(base_url: str, systems: Sequence[int], days: Days) -> float:
    """Return the wall time of the bare loop."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        bare_fetch(base_url, Path(folder) / "raw", systems, list(days), CONCURRENCY)
        wall_s = time.perf_counter() - begin
        require_rows(Path(folder) / "raw", systems, days)
        return wall_s


def require_rows(folder: Path, systems: Sequence[int], days: Days) -> None:
    """Refuse to compare runs that do not end with the same rows."""
    found = ds.dataset(folder, partitioning="hive").count_rows()
    if found != len(systems) * len(days) * INTERVALS_PER_DAY:
        raise SystemExit(f"{folder.name}: found {found} rows")


def compare_wall_times() -> None:
    """Print medians of alternating runs."""
    table = Table(title=f"fetch: 600 requests, {LATENCY_S * 1000:.0f} ms, {CONCURRENCY} at a time")
    for heading in ("", "energy_pipeline", "bare aiohttp", "ours : theirs", f"at most {LIMIT}"):
        table.add_column(heading, justify="right" if heading else "left")
    contenders: tuple[Callable[[str, Sequence[int], Days], float], ...] = (ours_s, bare_s)
    with slow_cloud() as base_url:
        for name, (count, length) in SHAPES.items():
            systems = range(1000, 1000 + count)
            days = Days(FIRST, FIRST + timedelta(days=length - 1))
            runs = [[run(base_url, systems, days) for run in contenders] for _ in range(RUNS)]
            own, other = (statistics.median(each) for each in zip(*runs, strict=True))
            verdict = "ok" if own / other <= LIMIT else "MISSED"
            table.add_row(name, f"{own:.2f} s", f"{other:.2f} s", f"{own / other:.2f}", verdict)
    Console().print(table)


def windows_needed(missing: Sequence[int], series: IntervalSeries) -> int:
    """Return the fewest windows that cover missing intervals, given by their starts (epoch).

    Counted as the most intervals of which no two fit into one window: each needs a window.
    """
    count, open_until = 0, float("-inf")
    for start in sorted(missing):
        if start >= open_until:
            count, open_until = count + 1, start + series.widest.total_seconds()
    return count


def grid(days: Days, series: IntervalSeries) -> list[int]:
    """Return the starts of all intervals of some days."""
    bounds = (int(days.span.start.timestamp()), int(days.span.end.timestamp()))
    return list(range(*bounds, series.interval_s))


def compare_hits() -> None:
    """Print hits used beside hits needed."""
    table = Table(title="hits of one site")
    for heading in ("", "used", "at least needed", "used : needed", "at most 1.00"):
        table.add_column(heading, justify="right" if heading else "left")
    rows = [
        ("2 years of micros, 5 min", *two_years("micro", "production", MICRO_PRODUCTION)),
        ("2 years of a meter, 15 min", *two_years("meter", "production", METER_PRODUCTION)),
        ("2 years of consumption, 15 min", *two_years("micro", "consumption", CONSUMPTION)),
        ("the day after a hole of 30 hours", *after_a_hole()),
    ]
    for name, used, needed in rows:
        verdict = "ok" if used <= needed else "MISSED"
        table.add_row(name, str(used), str(needed), f"{used / needed:.2f}", verdict)
    Console().print(table)


def cloud(revisions: tuple[Revision, ...] = ()) -> EnlightenSimulator:
    """Return a cloud with one house, which knows everything but what is revised later."""
    house = House(system_id=1000)
    system = modelled_system(house, TWO_YEARS.first, TWO_YEARS.last + timedelta(days=30))
    clock = VirtualClock(StillClock().instant, fixed=True)
    faults = Faults(late_share=0, revisions=revisions)
    return EnlightenSimulator(Fleet.of([system]), clock, Switches(history_days=None), faults)


def two_years(production: str, stream: Stream, series: IntervalSeries) -> tuple[int, int]:
    """Return hits used and needed for the first fetch of two years."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = cloud()
        base_url = stack.enter_context(serve(simulator.app)).base_url
        bench = workbench(stack, folder, base_url, sites([1000], production))
        fetch_intervals(bench, stream, TWO_YEARS)
        return simulator.hits, windows_needed(grid(TWO_YEARS, series), series)


def after_a_hole() -> tuple[int, int]:
    """Return hits used and needed for a week with a hole that the vendor has filled since."""
    last = StillClock().instant.date() - timedelta(days=2)
    week = Days(last - timedelta(days=6), last)
    begin = week.span.start + timedelta(days=3, hours=9)
    quarters = [begin + n * timedelta(minutes=15) for n in range(30 * 4)]
    later = StillClock().instant + timedelta(days=1)
    hidden = tuple(
        Revision(1000, "production_meter", start + timedelta(minutes=15), later, before_wh=None)
        for start in quarters
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = cloud(hidden)
        base_url = stack.enter_context(serve(simulator.app)).base_url
        bench = workbench(stack, folder, base_url, sites([1000], "meter"))
        fetch_intervals(bench, "production", week)
        simulator.faults = Faults(late_share=0)
        before = simulator.hits
        fetch_intervals(bench, "production", week)
        needed = windows_needed([int(s.timestamp()) for s in quarters], METER_PRODUCTION)
        return simulator.hits - before, needed


def main() -> None:
    """Print both comparisons."""
    compare_wall_times()
    compare_hits()


if __name__ == "__main__":
    main()
