"""Whatever the store holds, in either dialect: the requests of a fetch are the fewest."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY, Days, Span, utc_midnight
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.enlighten.dialect import series_of
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch_plan import plan_fetch
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import a_site, open_bench

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
FIRST = date(2024, 4, 1)
LENGTH = 32
KEPT_FROM = utc_midnight(FIRST) + 20 * DAY
"""Where the history of dialect v4 begins in the tests that stand at its limit."""

HELD, OPEN, MISSING = "held", "open", "missing"


def fill(bench: Workbench, stream: Stream, pattern: list[str]) -> None:
    """Leave in the store what fetches of these days would have left, but for the rows."""
    dataset = INTERVALS[stream]
    for number, kind in enumerate(pattern):
        if kind != MISSING:
            final_s = 86_400 if kind == HELD else 0
            entry = Coverage(site="a", written_at=NOW, final_s=final_s, answer="empty")
            bench.store.replace(dataset, FIRST + number * DAY, dataset.empty(), [entry])


def fewest(wanted: set[date], widest: timedelta) -> int:
    """Days that no window of that width holds two of; every plan needs as many."""
    number, until = 0, date.min
    for day in sorted(wanted):
        if day >= until:
            number, until = number + 1, day + widest
    return number


@pytest.mark.parametrize(
    ("api", "production", "stream", "now"),
    [
        ("v2", "micro", "production", NOW),
        ("v2", "meter", "production", NOW),
        ("v4", "micro", "production", NOW),
        ("v4", "meter", "production", KEPT_FROM + timedelta(days=729, hours=12)),
        ("v4", "micro", "battery_discharge", NOW),
    ],
)
@settings(max_examples=5, deadline=None)
@given(pattern=st.lists(st.sampled_from([HELD, OPEN, MISSING]), min_size=3, max_size=LENGTH))
def test_a_plan_is_the_smallest_for_any_pattern_of_days(
    api: str, production: str, stream: Stream, now: datetime, pattern: list[str]
) -> None:
    site = a_site(api=api, production=production, start=FIRST, streams={stream: "auto"})
    assert site.enlighten is not None
    widest = series_of(site.enlighten, stream).widest
    days = Days(FIRST, FIRST + (len(pattern) - 1) * DAY)
    with TemporaryDirectory() as folder:
        bench = open_bench(Path(folder), [site], now)
        fill(bench, stream, pattern)

        (plan,) = plan_fetch(bench, stream, days, force=False)

        bench.state.close()
    wanted = {day for day, kind in zip(days, pattern, strict=True) if kind != HELD}
    is_old = {day for day in wanted if api == "v4" and now > NOW and day < KEPT_FROM.date()}
    assert len(plan.windows) == fewest(is_old, widest) + fewest(wanted - is_old, widest)
    covered = {day for window in plan.windows for day in days if _holds(window, day)}
    assert wanted <= covered
    assert all(window.end - window.start <= widest for window in plan.windows)


def _holds(window, day: date) -> bool:
    whole = Days(day, day).span
    return window.start <= whole.start and whole.end <= window.end


def test_what_comes_in_one_answer_is_planned_together(tmp_path: Path) -> None:
    """One window for the two days that either stream lacks, whichever is asked for first."""
    streams: tuple[Stream, Stream] = ("battery_charge", "battery_discharge")
    site = a_site(api="v4", start=FIRST, streams=dict.fromkeys(streams, "auto"))
    bench = open_bench(tmp_path, [site], NOW)
    fill(bench, streams[0], [MISSING, HELD, HELD, HELD, HELD])
    fill(bench, streams[1], [HELD, HELD, HELD, MISSING, HELD])
    days = Days(FIRST, FIRST + 4 * DAY)

    windows = [plan_fetch(bench, stream, days, force=False)[0].windows for stream in streams]

    bench.state.close()
    first, last = Days(FIRST, FIRST).span, Days(FIRST + 3 * DAY, FIRST + 3 * DAY).span
    assert windows == [[Span(first.start, last.end)]] * 2
