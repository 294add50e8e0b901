"""Whatever the store holds, in either dialect: the requests of a fetch are the fewest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY, HOUR, Days, Span, utc_midnight
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.plans import PLANS
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.dataset import Dataset
from energy_pipeline.sources.enlighten.dialect import measured_together, series_of
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch_plan import plan_fetch
from energy_pipeline.steps.kept_hits import shares_of
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import a_site, open_bench
from energy_pipeline_tests.steps.memory_store import MemoryStore, NoLocks

FIRST = date(2024, 4, 1)
LENGTH = 40
NOW = utc_midnight(FIRST) + timedelta(days=LENGTH, hours=12)
"""The days end yesterday: the last ones are those of a scheduled run, the others of a backfill."""

KEPT_FROM = utc_midnight(FIRST) + 20 * DAY
"""Where the history of dialect v4 begins in the tests that stand at its limit."""

Hours = frozenset[int]
HELD, MISSING = "held", "missing"
Kind = str | Hours
"""A day: held for good, never asked for, or asked for with settled intervals of these hours."""

OPEN: Hours = frozenset()
ALL: Hours = frozenset(range(24))

KINDS = st.one_of(
    st.sampled_from([HELD, MISSING, OPEN, ALL]),
    st.frozensets(st.integers(0, 23)),
    st.builds(
        lambda first, hours: ALL - set(range(first, first + hours)), *[st.integers(0, 23)] * 2
    ),
)
RUNS = st.lists(st.tuples(KINDS, st.integers(1, 9)), min_size=1, max_size=9)
"""Runs of days that are alike."""

CASES = pytest.mark.parametrize(
    ("api", "production", "stream", "now"),
    [
        ("v2", "micro", "production", NOW),
        ("v2", "meter", "production", NOW),
        ("v2", "micro", "consumption", NOW),
        ("v4", "micro", "production", NOW),
        ("v4", "meter", "production", KEPT_FROM + timedelta(days=729, hours=12)),
        ("v4", "micro", "battery_discharge", NOW),
    ],
)


def missing_hours(kind: Kind) -> Hours:
    return {HELD: OPEN, MISSING: ALL}[kind] if isinstance(kind, str) else ALL - kind


def rows_of(dataset: Dataset, day: date, hours: Hours, interval_s: int) -> pa.Table:
    """Intervals of these hours of a day, of which every device reported."""
    within = np.arange(interval_s, 3_600 + interval_s, interval_s)
    seconds = np.add.outer(3_600 * np.array(sorted(hours), int), within).ravel()
    midnight = np.datetime64(day, "us")
    columns: dict[str, Any] = {
        "site": ["a"] * len(seconds),
        "system_id": [7] * len(seconds),
        "end_at": pa.array(
            midnight + seconds.astype("timedelta64[s]"), dataset.schema.field("end_at").type
        ),
        "interval_s": [interval_s] * len(seconds),
        "energy_wh": [1.0] * len(seconds),
        "power_w": [None] * len(seconds),
        "devices_reporting": [1] * len(seconds),
        "devices_total": [1] * len(seconds),
        "fetched_at": [NOW] * len(seconds),
    }
    return pa.Table.from_pydict(columns, schema=dataset.schema)


@dataclass(frozen=True)
class House:
    """A site and what a fetch of a stream finds in the store."""

    bench: Workbench
    site: Site
    stream: Stream

    @property
    def series(self):
        assert self.site.enlighten is not None
        return series_of(self.site.enlighten, self.stream)

    def fill(self, stream: Stream, pattern: Sequence[Kind]) -> None:
        """Leave in the store what fetches of these days would have left."""
        dataset = INTERVALS[stream]
        for number, kind in enumerate(pattern):
            if kind == MISSING:
                continue
            day, hours = FIRST + number * DAY, OPEN if kind == HELD else kind
            assert isinstance(hours, frozenset)
            final_s = 86_400 if kind == HELD else 3_600 * len(hours) % 86_400
            entry = Coverage(site="a", written_at=NOW, final_s=final_s, answer="empty")
            rows = rows_of(dataset, day, hours, self.series.interval_s)
            self.bench.store.replace(dataset, day, rows, [entry])

    def asked(self, days: Days) -> list[Span]:
        """Every window that a fetch asks for, in its shares."""
        (plan,) = plan_fetch(self.bench, self.stream, days, force=False)
        shares = shares_of(self.bench, [plan], spend_kept=False) if plan.windows else []
        found = [window for share in shares for each in share.plans for window in each.windows]
        assert sorted(found, key=lambda window: window.start) == list(plan.windows)
        return found


def fewest(wanted: set[datetime], widest: timedelta) -> int:
    """Hours that no window of that width holds two of; every plan needs as many."""
    number, until = 0, datetime.min.replace(tzinfo=UTC)
    for hour in sorted(wanted):
        if hour >= until:
            number, until = number + 1, hour + widest
    return number


def assert_fewest(house: House, patterns: Sequence[Sequence[Kind]]) -> None:
    """Fill the store, a pattern for each stream of the answer; look at the windows."""
    length = max(map(len, patterns))
    whole = [[*pattern, *[HELD] * (length - len(pattern))] for pattern in patterns]
    for stream, pattern in zip(house.series.streams, whole, strict=True):
        house.fill(stream, pattern)
    midnights = [utc_midnight(FIRST) + number * DAY for number in range(length)]
    wanted = {
        midnight + hour * HOUR
        for pattern in whole
        for midnight, kind in zip(midnights, pattern, strict=True)
        for hour in missing_hours(kind)
    }
    windows, widest = house.asked(Days(FIRST, FIRST + (length - 1) * DAY)), house.series.widest

    is_old = {hour for hour in wanted if house.bench.clock.now() > NOW and hour < KEPT_FROM}
    assert len(windows) == fewest(is_old, widest) + fewest(wanted - is_old, widest)
    assert not [w for w in windows if is_old and w.start < KEPT_FROM < w.end]
    assert all(window.end - window.start <= widest for window in windows)
    assert all(any(w.start <= hour and hour + HOUR <= w.end for w in windows) for hour in wanted)


@contextmanager
def bench_of(site: Site, now: datetime, plan: str = "watt") -> Iterator[Workbench]:
    with TemporaryDirectory() as folder:
        bench = open_bench(Path(folder), [site], now, settings=Settings(enlighten_plan=plan))
        yield bench
        bench.state.close()


def a_house_site(api: str, production: str, stream: Stream) -> Site:
    streams = dict.fromkeys(measured_together(stream), "auto")
    return a_site(api=api, production=production, start=FIRST, streams=streams)


@CASES
def test_a_plan_is_the_smallest_for_any_pattern_of_days(
    api: str, production: str, stream: Stream, now: datetime
) -> None:
    site = a_house_site(api, production, stream)
    with bench_of(site, now) as bench:

        @settings(max_examples=40, deadline=None)
        @given(st.lists(RUNS, min_size=2, max_size=2), st.sampled_from(list(PLANS)))
        def holds(runs: list[list[tuple[Kind, int]]], plan: str) -> None:
            its = {"store": MemoryStore(), "locks": NoLocks()}
            fresh = replace(bench, settings=Settings(enlighten_plan=plan), **its)  # type: ignore[arg-type]
            house = House(fresh, site, stream)
            patterns = [
                [kind for kind, days in each for _ in range(days)][:LENGTH] for each in runs
            ]
            assert_fewest(house, patterns[: len(house.series.streams)])

        holds()


@CASES
@settings(max_examples=2, deadline=None)
@given(pattern=st.lists(KINDS, min_size=3, max_size=12))
def test_it_is_so_too_with_the_store_in_files(
    api: str, production: str, stream: Stream, now: datetime, pattern: list[Kind]
) -> None:
    site = a_house_site(api, production, stream)
    with bench_of(site, now) as bench:
        house = House(bench, site, stream)
        assert_fewest(house, [pattern] * len(house.series.streams))


def test_what_comes_in_one_answer_is_planned_together(tmp_path: Path) -> None:
    """One window for the two days that either stream lacks, whichever is asked for first."""
    streams: tuple[Stream, Stream] = ("battery_charge", "battery_discharge")
    site = a_site(api="v4", start=FIRST, streams=dict.fromkeys(streams, "auto"))
    bench = open_bench(tmp_path, [site], NOW)
    house = House(bench, site, streams[0])
    house.fill(streams[0], [MISSING, HELD, HELD, HELD, HELD])
    house.fill(streams[1], [HELD, HELD, HELD, MISSING, HELD])
    days = Days(FIRST, FIRST + 4 * DAY)

    windows = [plan_fetch(bench, stream, days, force=False)[0].windows for stream in streams]

    bench.state.close()
    first, last = Days(FIRST, FIRST).span, Days(FIRST + 3 * DAY, FIRST + 3 * DAY).span
    assert windows == [[Span(first.start, last.end)]] * 2
