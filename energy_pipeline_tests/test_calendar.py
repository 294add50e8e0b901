from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY, Days, Span, local_day_span, local_days, utc_midnight

ZONES = [
    "UTC",
    "Europe/Helsinki",
    "Europe/London",
    "America/Denver",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
]
dates = st.dates(date(2010, 1, 3), date(2035, 12, 30))


@st.composite
def ranges(draw: st.DrawFn) -> Days:
    first = draw(dates)
    return Days(first, first + draw(st.integers(0, 400)) * DAY)


@given(ranges(), st.integers(1, 500))
def test_blocks_are_the_range_cut_without_loss(days: Days, size: int) -> None:
    blocks = list(days.blocks(size))

    assert [day for block in blocks for day in block] == list(days)
    assert all(len(block) == size for block in blocks[:-1])
    assert 1 <= len(blocks[-1]) <= size


@given(ranges())
def test_a_range_is_its_span(days: Days) -> None:
    assert days.span.duration_s == len(days) * 86_400
    assert days.span.start == utc_midnight(days.first)
    assert days.last in days
    assert days.last + DAY not in days
    assert len(days.padded(1)) == len(days) + 2


def test_a_range_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Days(date(2024, 5, 2), date(2024, 5, 1))


def test_clipping_leaves_what_is_not_before_the_first_day() -> None:
    days = Days(date(2024, 5, 1), date(2024, 5, 3))

    assert days.clipped_to(date(2024, 5, 2)) == Days(date(2024, 5, 2), date(2024, 5, 3))
    assert days.clipped_to(date(2024, 4, 1)) == days
    assert days.clipped_to(date(2024, 5, 4)) is None


@given(ranges(), st.sampled_from(ZONES), st.integers(0, 86_399), st.integers(1, 86_400))
def test_local_days_tile_the_span(days: Days, name: str, from_s: int, less_s: int) -> None:
    zone = ZoneInfo(name)
    span = Span(
        days.span.start + timedelta(seconds=from_s),
        days.span.end + DAY - timedelta(seconds=less_s),
    )
    found = local_days(span, zone)

    assert found[0][1].start <= span.start
    assert found[-1][1].end >= span.end
    assert all(one.end == following.start for (_, one), (_, following) in pairwise(found))
    assert all(each == local_day_span(day, zone) for day, each in found)


def test_clock_changes_make_short_and_long_days() -> None:
    helsinki = ZoneInfo("Europe/Helsinki")

    assert local_day_span(date(2026, 3, 29), helsinki).duration_s == 23 * 3600
    assert local_day_span(date(2026, 10, 25), helsinki).duration_s == 25 * 3600
    assert local_day_span(date(2026, 10, 25), helsinki).start == datetime(
        2026, 10, 24, 21, tzinfo=UTC
    )
