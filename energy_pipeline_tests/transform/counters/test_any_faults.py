"""Laws for any true power, any polls and any faults together: see `spoiled.py` for what happens."""

from datetime import timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY as ONE_DAY
from energy_pipeline.calendar import Days
from energy_pipeline_tests.transform.counters.gateways import DAY_ZERO, found
from energy_pipeline_tests.transform.counters.spoiled import (
    FAULTS,
    House,
    Spoiled,
    spoiled,
)

TWO_DAYS = Days(DAY_ZERO.date(), DAY_ZERO.date() + ONE_DAY)
EXACT_WH = 1e-3
"""Counters are shown to a thousandth."""
NEAR_MIN = 75.0
"""A new beginning proves itself within an hour, with a poll or two on both sides."""
BRIDGED_MIN = 6 * 60.0
NOON, DAY_MIN = 12 * 60.0, 24 * 60.0
DAWN_WH = 200.0
"""The most that inverters can bring after a night, where a site says nothing of its power."""

roundings_wh = st.sampled_from([0.001, 1.0])
any_power_w = st.just(0.0) | st.floats(0, 300) | st.floats(0, 9_000)


@st.composite
def roofs(draw: st.DrawFn) -> House:
    """Draw the sun on a roof over two days and the night between them."""
    peak_w, dusk, dawn = (
        draw(st.floats(50, 9_000)),
        draw(st.floats(14, 23)),
        draw(st.floats(26, 34)),
    )
    halves = np.arange(80) / 2 + 0.25
    height = np.minimum(np.abs(dusk - halves), np.abs(halves - dawn)) / 8
    is_dark = (halves >= dusk) & (halves < dawn)
    powers_w = np.where(is_dark, 0.0, peak_w * np.minimum(height, 1.0))
    return House(tuple(powers_w.tolist()), draw(roundings_wh))


houses = roofs() | st.builds(
    House, st.lists(any_power_w, min_size=1, max_size=40).map(tuple), roundings_wh
)
faults = st.lists(st.sampled_from(sorted(FAULTS)), max_size=6)
dice = st.integers(0, 2**32)
counters = st.sampled_from(["m", "i"])


def rounding_wh(house: House, case: Spoiled) -> float:
    """Return how far differences can be off: each new beginning rounds once more."""
    return 2 * house.rounding_wh * (1 + case.breaks) + EXACT_WH


@settings(max_examples=120, deadline=None)
@given(houses, counters, faults, dice)
def test_no_energy_is_made(house: House, counter: str, wanted: list[str], seed: int) -> None:
    case = spoiled(house, counter, wanted, Random(seed))
    true_wh = house.true_wh(case.polls[-1]) - house.true_wh(case.polls[0])
    booked_wh = sum(found(case.readings, TWO_DAYS).hourly["energy_wh"].to_pylist())
    assert booked_wh <= true_wh + rounding_wh(house, case)


@settings(max_examples=120, deadline=None)
@given(houses, counters, faults, dice)
def test_hours_without_a_fault_near_them_are_true(
    house: House, counter: str, wanted: list[str], seed: int
) -> None:
    case = spoiled(house, counter, wanted, Random(seed))
    rows = {row["hour"]: row for row in found(case.readings, TWO_DAYS).hourly.to_pylist()}
    for number in range(48):
        begin, end = number * 60.0, number * 60.0 + 60
        if begin < case.polls[0] or end > case.polls[-1]:
            continue
        silences = [silence_around(case, edge) for edge in (begin, end)]
        if is_near(case, silences[0][0], silences[1][1]) or any(
            is_unproven(case, *silence) for silence in silences
        ):
            continue
        row = rows.get(DAY_ZERO + timedelta(hours=number))
        if not all(is_known(house, case, *silence) for silence in silences):
            assert row is None or row["covered_s"] < 3_600
            continue
        allowed_wh = rounding_wh(house, case) + sum(
            house.true_wh(until) - house.true_wh(since) for since, until in silences
        )
        assert row is not None
        assert row["covered_s"] == 3_600
        assert row["energy_wh"] == pytest.approx(
            house.true_wh(end) - house.true_wh(begin), abs=allowed_wh
        )


def silence_around(case: Spoiled, minute: float) -> tuple[float, float]:
    """Return the last report before a minute and the first one after it."""
    since = max(m for m in case.reports if m <= minute)
    return since, min((m for m in case.reports if m >= minute), default=np.inf)


def is_unproven(case: Spoiled, since: float, until: float) -> bool:
    """Whether nobody can know yet if what stands beside a long silence is right."""
    is_in_reach = case.polls[0] + NEAR_MIN <= since and until <= case.polls[-1] - NEAR_MIN
    return until - since > BRIDGED_MIN and not is_in_reach


def is_known(house: House, case: Spoiled, since: float, until: float) -> bool:
    """Whether a silence is short enough to be bridged, or a night that polls have shown."""
    if until - since <= BRIDGED_MIN:
        return True
    if np.isinf(until) or until - since > DAY_MIN:
        return False
    dark_until = min(max(m for m in case.polls if m < until), until - 15)
    midnight = -(-since // DAY_MIN) * DAY_MIN
    is_over_midnight = midnight - NOON <= since < midnight <= dark_until < midnight + NOON
    return is_over_midnight and house.true_wh(until) - house.true_wh(since) <= DAWN_WH


def is_near(case: Spoiled, begin: float, end: float) -> bool:
    return any(a <= end + NEAR_MIN and b >= begin - NEAR_MIN for a, b in case.wrong)


@settings(max_examples=120, deadline=None)
@given(houses, counters, faults, dice)
def test_a_final_hour_stays_as_it_is(
    house: House, counter: str, wanted: list[str], seed: int
) -> None:
    """What is final may have been sent: later polls change nothing of it."""
    random = Random(seed)
    case = spoiled(house, counter, wanted, random)
    whole = {row["hour"]: row for row in found(case.readings, TWO_DAYS).hourly.to_pylist()}
    for _ in range(4):
        minute = random.uniform(180, case.polls[-1])
        now = DAY_ZERO + timedelta(minutes=minute)
        known = [r for r in case.readings if r.polled_minute <= minute]
        if not known:
            continue
        for row in found(known, TWO_DAYS, now=now).hourly.to_pylist():
            if row["final"]:
                later = whole[row["hour"]]
                assert later | {"energy_wh": 0} == row | {"energy_wh": 0}, minute
                assert later["energy_wh"] == pytest.approx(row["energy_wh"], abs=EXACT_WH)
