"""Laws of the hours: energy is conserved, time is counted exactly, order and cuts do not matter."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline_tests.transform.tables import (
    DAY_ZERO,
    Interval,
    hours,
    in_span,
    interval_table,
    row_of_intervals,
)

DAYS = Days(date(2024, 5, 31), date(2024, 6, 6))
ONE_DAY = Days(date(2024, 6, 1), date(2024, 6, 1))

energies_wh = st.one_of(
    st.integers(-2_000, 100_000).map(float), st.floats(-1e7, 1e7, allow_subnormal=False)
)


@st.composite
def grids(draw: st.DrawFn) -> list[Interval]:
    """Draw intervals of one site without overlap: any length, any place, any holes."""
    length_s = draw(st.one_of(st.sampled_from([300, 900, 3600]), st.integers(1, 40_000)))
    at = DAY_ZERO + timedelta(seconds=draw(st.integers(0, 86_400)))
    drawn = []
    for energy_wh in draw(st.lists(energies_wh, max_size=60)):
        at += timedelta(seconds=draw(st.sampled_from([0, 0, 0, 300, 1_234, 7_200])))
        at += timedelta(seconds=length_s)
        drawn.append(Interval(at, energy_wh, length_s))
    return [each for each in drawn if each.start_at < DAYS.span.end - timedelta(days=1)]


@st.composite
def fleets(draw: st.DrawFn) -> list[Interval]:
    """Draw the intervals of up to three sites."""
    return [
        Interval(each.end_at, each.energy_wh, each.interval_s, site)
        for site in ("a", "b", "c")[: draw(st.integers(1, 3))]
        for each in draw(grids())
    ]


def by_hand(intervals: list[Interval]) -> dict[tuple[str, datetime], tuple[Fraction, int]]:
    """Return energy and covered seconds of each hour in exact arithmetic."""
    found: dict[tuple[str, datetime], tuple[Fraction, int]] = defaultdict(lambda: (Fraction(0), 0))
    for each in intervals:
        hour = each.start_at.replace(minute=0, second=0)
        while hour < each.end_at:
            begin, end = max(hour, each.start_at), min(hour + HOUR, each.end_at)
            overlap_s = int((end - begin).total_seconds())
            energy, covered_s = found[each.site, hour]
            share = Fraction(each.energy_wh) * overlap_s / each.interval_s
            found[each.site, hour] = (energy + share, covered_s + overlap_s)
            hour += HOUR
    return dict(found)


@given(fleets())
def test_every_hour_holds_its_share_of_energy_and_time(intervals: list[Interval]) -> None:
    result = hours(intervals, DAYS)
    expected = by_hand(intervals)
    found = {(row["site"], row["hour"]): row for row in result.to_pylist()}
    assert found.keys() == expected.keys()
    for key, (energy, covered_s) in expected.items():
        assert found[key]["covered_s"] == covered_s <= 3_600
        assert found[key]["energy_wh"] == pytest.approx(float(energy), abs=1e-6)
    total = sum(Fraction(each.energy_wh) for each in intervals)
    summed = sum(Fraction(row["energy_wh"]) for row in found.values())
    assert abs(float(total - summed)) <= 1e-6


@given(fleets(), st.randoms(use_true_random=False))
def test_cuts_and_order_do_not_matter(intervals: list[Interval], random: Random) -> None:
    at_once = hours(sorted(intervals, key=lambda each: (each.site, each.end_at)), DAYS)
    days = list(DAYS)
    random.shuffle(days)
    parts = {}
    for day in days:
        held = in_span(intervals, Days(day, day).padded(1).span)
        random.shuffle(held)
        parts[day] = hours(held, Days(day, day))
    by_day = pa.concat_tables([parts[day] for day in sorted(parts)])
    assert by_day.sort_by([(key, "ascending") for key in HOURLY_ENERGY.sort_keys]) == at_once
    assert at_once.schema.equals(HOURLY_ENERGY.schema, check_metadata=True)


@given(grids(), st.data())
def test_a_re_fetched_interval_replaces_the_earlier_one(
    intervals: list[Interval], data: st.DataObject
) -> None:
    earlier = [
        Interval(
            each.end_at,
            data.draw(energies_wh),
            each.interval_s,
            fetched_at=each.fetched_at - timedelta(days=data.draw(st.integers(1, 9))),
        )
        for each in intervals
        if data.draw(st.booleans())
    ]
    mixed = data.draw(st.permutations([*intervals, *earlier]))
    assert hours(mixed, DAYS) == hours(intervals, DAYS)


@given(st.lists(st.tuples(st.integers(1, 20_000), st.integers(1, 9_000)), max_size=25), st.data())
def test_time_that_intervals_share_is_counted_once_and_never_final(
    spans: list[tuple[int, int]], data: st.DataObject
) -> None:
    by_end = {start + length: length for start, length in spans}
    intervals = [
        Interval(DAY_ZERO + timedelta(seconds=end), 10.0, length) for end, length in by_end.items()
    ]
    result = hours(data.draw(st.permutations(intervals)), ONE_DAY)
    counts = [0] * 86_400
    for end, length in by_end.items():
        for second in range(end - length, end):
            counts[second] += 1
    per_hour = [counts[first : first + 3_600] for first in range(0, 86_400, 3_600)]
    rows = {(row["hour"] - DAY_ZERO) // HOUR: row for row in result.to_pylist()}
    assert {n: row["covered_s"] for n, row in rows.items()} == {
        n: sum(map(bool, hour)) for n, hour in enumerate(per_hour) if any(hour)
    }
    assert not any(rows[n]["final"] for n, hour in enumerate(per_hour) if max(hour) > 1)
    assert sum(result["energy_wh"].to_pylist()) == pytest.approx(10.0 * len(by_end))


def test_an_hour_of_which_nothing_is_known_has_no_row() -> None:
    result = hours(row_of_intervals(DAY_ZERO, [1, 2, 3]), ONE_DAY)
    assert result.select(["hour", "energy_wh", "covered_s", "final"]).to_pylist() == [
        {"hour": DAY_ZERO, "energy_wh": 6.0, "covered_s": 2_700, "final": False}
    ]
    assert hours([], ONE_DAY) == HOURLY_ENERGY.empty()


def test_twins_are_of_one_site() -> None:
    end_at = DAY_ZERO + HOUR
    alike = [Interval(end_at, 1.0, site="b"), Interval(end_at, 2.0, site="a")]
    found = hours(alike, ONE_DAY).to_pylist()
    assert [(row["site"], row["energy_wh"]) for row in found] == [("a", 2.0), ("b", 1.0)]


def test_only_hours_of_the_span_are_returned() -> None:
    intervals = row_of_intervals(DAY_ZERO - 2 * HOUR, [1.0] * 120)
    found = hours(intervals, ONE_DAY)["hour"].to_pylist()
    assert (min(found), max(found), len(found)) == (DAY_ZERO, DAY_ZERO + 23 * HOUR, 24)


def test_an_interval_without_length_is_refused_with_its_place() -> None:
    wrong = Interval(datetime(2024, 6, 1, 5, 15, tzinfo=UTC), 3.0, 0)
    with pytest.raises(StoreError, match=r"of a that ends at 2024-06-01 05:15.* found 0 s"):
        hours(interval_table([*row_of_intervals(DAY_ZERO, [1.0]), wrong]), ONE_DAY)
