"""Laws for any true power, any polls and any faults together: see `spoiled.py` for what happens."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY as ONE_DAY
from energy_pipeline.calendar import Days
from energy_pipeline_tests.transform.counters.gateways import DAY_ZERO, found
from energy_pipeline_tests.transform.counters.spoiled import FAULTS, House, Spoiled, spoiled

TWO_DAYS = Days(DAY_ZERO.date(), DAY_ZERO.date() + ONE_DAY)
EXACT_WH = 1e-3
"""Counters are shown to a thousandth."""
NEAR_MIN = 75.0
"""A new beginning proves itself within an hour, with a poll or two on both sides."""


def houses_from(least_w: float) -> st.SearchStrategy[House]:
    powers_w = st.lists(st.floats(least_w, 9_000), min_size=1, max_size=40).map(tuple)
    return st.builds(House, powers_w, st.sampled_from([0.001, 1.0]))


houses = houses_from(0)
running_houses = houses_from(50)
"""A counter that stands still after a new beginning proves nothing for hours."""
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
@given(running_houses, counters, faults, dice)
def test_hours_without_a_fault_near_them_are_true(
    house: House, counter: str, wanted: list[str], seed: int
) -> None:
    case = spoiled(house, counter, wanted, Random(seed))
    rows = {row["hour"]: row for row in found(case.readings, TWO_DAYS).hourly.to_pylist()}
    for number in range(48):
        begin, end = number * 60.0, number * 60.0 + 60
        before = max((m for m in case.polls if m <= begin), default=None)
        after = min((m for m in case.polls if m >= end), default=None)
        if before is None or after is None or is_near(case, before, after):
            continue
        row = rows[DAY_ZERO + timedelta(hours=number)]
        between = [(max(m for m in case.polls if m <= edge), edge) for edge in (begin, end)]
        upto = [min(m for m in case.polls if m >= edge) for edge in (begin, end)]
        allowed_wh = rounding_wh(house, case) + sum(
            house.true_wh(until) - house.true_wh(since)
            for (since, _), until in zip(between, upto, strict=True)
        )
        assert row["covered_s"] == 3_600
        assert row["energy_wh"] == pytest.approx(
            house.true_wh(end) - house.true_wh(begin), abs=allowed_wh
        )


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
        known = [r for r in case.readings if r.minute + r.lag_s / 60 <= minute]
        if not known:
            continue
        for row in found(known, TWO_DAYS, now=now).hourly.to_pylist():
            if row["final"]:
                later = whole[row["hour"]]
                assert later | {"energy_wh": 0} == row | {"energy_wh": 0}, minute
                assert later["energy_wh"] == pytest.approx(row["energy_wh"], abs=EXACT_WH)
