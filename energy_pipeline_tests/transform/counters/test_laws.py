"""Laws for any true power, any polls, any fault: nothing is made, what is not hidden is there."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY as ONE_DAY
from energy_pipeline.calendar import Days
from energy_pipeline.transform.counters.links import WRAP_WH
from energy_pipeline_tests.transform.counters.gateways import (
    DAY_ZERO,
    Reading,
    found,
    readings_table,
)

MINUTES = 40 * 60
TWO_DAYS = Days(DAY_ZERO.date(), DAY_ZERO.date() + ONE_DAY)
OPENING_WH = 5_000_000.0
BRIDGED_MINUTES = 6 * 60
EXACT_WH = 1e-6


# A seed is drawn, not every throw: the polls of a day would be too many draws.
dice = st.integers(0, 2**32).map(Random)


class Curve:
    """A true power, constant over ten minutes at a time, and what a counter makes of it."""

    def __init__(self, powers_w: list[float], opening_wh: float, rounding_wh: float) -> None:
        self.edges = np.linspace(0, MINUTES, len(powers_w) + 1)
        steps_wh = np.array(powers_w) * np.diff(self.edges) / 60
        self.sums_wh = np.concatenate(([0.0], np.cumsum(steps_wh)))
        self.opening_wh, self.rounding_wh = opening_wh, rounding_wh

    def true_wh(self, minute: float) -> float:
        return float(np.interp(minute, self.edges, self.sums_wh))

    def reading(self, minute: float, counter: str = "m") -> Reading:
        exact_wh = self.opening_wh + self.true_wh(minute)
        shown_wh = np.floor(exact_wh / self.rounding_wh + 1e-9) * self.rounding_wh
        return Reading(minute, round(float(shown_wh), 3), counter=counter)


@st.composite
def curves(draw: st.DrawFn, opening_wh: float = OPENING_WH) -> Curve:
    powers_w = draw(st.lists(st.floats(0, 9_000), min_size=1, max_size=40))
    return Curve(powers_w, opening_wh, draw(st.sampled_from([0.001, 1.0])))


@st.composite
def polls(draw: st.DrawFn, longest_s: int = 900, gaps: bool = False) -> list[float]:
    """Return minutes at which the gateway was polled, over a day or so."""
    random = draw(dice)
    usual_s = draw(st.integers(20, longest_s))
    at, minutes = random.uniform(0, 60), list[float]()
    while at < MINUTES and len(minutes) < 400:
        minutes.append(at)
        at += random.uniform(10, usual_s) / 60
    if gaps:
        for _ in range(draw(st.integers(1, 3))):
            begin = random.uniform(minutes[0], minutes[-1])
            end = begin + random.choice([20, 90, 350, 370, 700])
            minutes = [m for m in minutes if not begin < m < end]
    if draw(st.booleans()):
        whole = np.arange(np.ceil(minutes[0] / 60) * 60, minutes[-1], 60)
        minutes = sorted({*minutes, *whole.tolist()})
    return [round(m * 60) / 60 for m in minutes]


def booked_wh(readings: list[Reading] | pa.Table) -> float:
    return sum(found(readings, TWO_DAYS).hourly["energy_wh"].to_pylist())


def counted_wh(curve: Curve, minutes: list[float]) -> float:
    """Return what flowed between these polls, without gaps that are too long to be bridged."""
    rows = [curve.reading(m).energy_wh for m in minutes]
    return sum(
        after - before
        for (before, one), (after, other) in pairwise(zip(rows, minutes, strict=True))
        if other - one <= BRIDGED_MINUTES or int(one // 60) == int((other - 1e-9) // 60)
    )


@settings(max_examples=150, deadline=None)
@given(curves(), polls(gaps=True))
def test_every_watt_hour_between_polls_is_booked_once(curve: Curve, minutes: list[float]) -> None:
    readings = [curve.reading(m) for m in minutes]
    assert booked_wh(readings) == pytest.approx(counted_wh(curve, minutes), abs=EXACT_WH)


@settings(max_examples=100, deadline=None)
@given(curves(), polls(gaps=True), dice)
def test_twins_and_disorder_do_not_show(curve: Curve, minutes: list[float], random: Random) -> None:
    readings = [curve.reading(m) for m in minutes]
    plain = found(readings, TWO_DAYS)
    twins = [replace(r, lag_s=r.lag_s + 30) for r in random.sample(readings, len(readings) // 2)]
    again = [*readings, *twins, *random.sample(readings, 1)]
    random.shuffle(again)
    other = found(again, TWO_DAYS)
    assert other.hourly == plain.hourly
    assert other.unbooked == plain.unbooked


@settings(max_examples=150, deadline=None)
@given(curves(), polls(gaps=True))
def test_an_hour_between_polls_on_the_hour_is_exact(curve: Curve, minutes: list[float]) -> None:
    polled = {*minutes}
    for row in found([curve.reading(m) for m in minutes], TWO_DAYS).hourly.to_pylist():
        begin = (row["hour"] - DAY_ZERO).total_seconds() / 60
        if {begin, begin + 60} <= polled:
            true_wh = curve.true_wh(begin + 60) - curve.true_wh(begin)
            assert row["covered_s"] == 3_600
            assert row["source"] == "envoy"
            assert abs(row["energy_wh"] - true_wh) <= curve.rounding_wh + EXACT_WH


@settings(max_examples=100, deadline=None)
@given(curves(), polls(gaps=True))
def test_hours_are_right_to_the_energy_between_the_polls_around_their_ends(
    curve: Curve, minutes: list[float]
) -> None:
    for row in found([curve.reading(m) for m in minutes], TWO_DAYS).hourly.to_pylist():
        if row["covered_s"] < 3_600:
            continue
        begin = (row["hour"] - DAY_ZERO).total_seconds() / 60
        allowed_wh = 2 * curve.rounding_wh
        for edge in (begin, begin + 60):
            before = max(m for m in minutes if m <= edge)
            after = min(m for m in minutes if m >= edge)
            allowed_wh += curve.true_wh(after) - curve.true_wh(before)
            assert row["source"].endswith("+bridged") or after - before <= 20
        true_wh = curve.true_wh(begin + 60) - curve.true_wh(begin)
        assert abs(row["energy_wh"] - true_wh) <= allowed_wh


def with_glitches(
    readings: list[Reading], random: Random, kinds: tuple[str, ...] = ("zero", "part", "noise")
) -> list[Reading]:
    """Let up to five polls in a row show something else, here and there; never at the ends."""
    shown = list(readings)
    at = 8
    while at < len(shown) - 16:
        kind, length = random.choice(kinds), random.randint(1, 5)
        for n in range(at, at + length):
            value_wh = {
                "zero": 0.0,
                "part": readings[n].energy_wh * 0.5,
                "noise": random.uniform(0, 2 * OPENING_WH),
            }[kind]
            shown[n] = replace(readings[n], energy_wh=value_wh)
        at += length + random.randint(8, 60)
    return shown


@settings(max_examples=150, deadline=None)
@given(curves(), polls(), dice)
def test_glitches_hide_nothing(curve: Curve, minutes: list[float], random: Random) -> None:
    readings = [curve.reading(m) for m in minutes]
    expected_wh = counted_wh(curve, minutes)
    assert booked_wh(with_glitches(readings, random)) == pytest.approx(expected_wh, abs=EXACT_WH)


def hidden_by_reset(curve: Curve, minutes: list[float], resets: list[float], at: float) -> float:
    """Return what flowed between the polls around a reset.

    A counter that was reset twice within little energy may pass its old value at once: then it
    cannot be told from one that came back, and seems to have counted only what is above.
    """
    before = max(m for m in minutes if m <= at)
    after = min(m for m in minutes if m >= at)
    is_first = at == resets[1]
    since_wh = OPENING_WH if is_first else curve.true_wh(at) - curve.true_wh(max(resets[:-1]))
    soon_wh = curve.true_wh(at + 7 * 60) - curve.true_wh(at)
    between_wh = curve.true_wh(after) - curve.true_wh(before)
    return between_wh + min(since_wh, soon_wh)


@settings(max_examples=150, deadline=None)
@given(curves(), polls(), dice, st.integers(0, 3))
def test_resets_hide_only_what_flowed_between_polls_around_them(
    curve: Curve, minutes: list[float], random: Random, resets: int
) -> None:
    """The meter begins again at 0 at any instant; less is booked only around that instant."""
    at = sorted(random.uniform(60, max(61, minutes[-1] - 60)) for _ in range(resets))
    at = [m for n, m in enumerate(at) if n == 0 or m - at[n - 1] > 120]
    base = [m for m in at if m < minutes[-1]]
    shown: list[Reading] = []
    for m in minutes:
        past = [b for b in base if b <= m]
        reading = curve.reading(m)
        if past:
            since_wh = curve.true_wh(m) - curve.true_wh(past[-1])
            reading = replace(reading, energy_wh=round(since_wh, 3))
        shown.append(reading)
    true_wh = curve.true_wh(minutes[-1]) - curve.true_wh(minutes[0])
    hidden_wh = sum(hidden_by_reset(curve, minutes, [0.0, *base], b) for b in base)
    booked = booked_wh(shown)
    assert booked <= true_wh + 2 * curve.rounding_wh * (1 + len(base))
    assert booked >= true_wh - hidden_wh - 2 * curve.rounding_wh * (1 + len(base))


@settings(max_examples=100, deadline=None)
@given(curves(), polls(), st.floats(0, 30_000))
def test_a_wrapped_sum_of_inverters_counts_on(
    curve: Curve, minutes: list[float], before_wh: float
) -> None:
    shown = [curve.reading(m, "i") for m in minutes]
    first_wh = shown[0].energy_wh
    wrapped = [
        replace(r, energy_wh=(r.energy_wh - first_wh + WRAP_WH - before_wh) % WRAP_WH)
        for r in shown
    ]
    assert booked_wh(wrapped) == pytest.approx(booked_wh(shown), abs=1e-3)


@settings(max_examples=100, deadline=None)
@given(curves(), polls(), dice)
def test_a_clock_that_jumps_moves_no_energy_and_loses_none(
    curve: Curve, minutes: list[float], random: Random
) -> None:
    """A meter is read every second: when its clock is wrong, the arrival says when it was.

    Offsets have different fractions of a second, so that no reading looks like one before.
    """
    right = [replace(curve.reading(m), lag_s=0.0) for m in minutes]
    offset_s, shown = 0.0, list[Reading]()
    for reading in right:
        if random.random() < 0.02:
            offset_s = random.choice([0.0, 40.1, -3_600.2, 3_600.3, 7_000.4, -10_000.6])
        shown.append(replace(reading, clock_s=offset_s))
    assert found(shown, TWO_DAYS).hourly == found(right, TWO_DAYS).hourly


@settings(max_examples=100, deadline=None)
@given(curves(), polls(), st.integers(0, 390), st.floats(50_000, 1e7), st.booleans())
def test_a_jump_is_never_booked(
    curve: Curve, minutes: list[float], place: int, jump_wh: float, is_fall: bool
) -> None:
    jump_wh = -min(jump_wh, OPENING_WH / 2) if is_fall else jump_wh
    shown = [
        replace(r, energy_wh=r.energy_wh + (jump_wh if n >= place else 0.0))
        for n, r in enumerate(curve.reading(m) for m in minutes)
    ]
    true_wh = curve.true_wh(minutes[-1]) - curve.true_wh(minutes[0])
    assert booked_wh(shown) <= true_wh + 2 * curve.rounding_wh


@settings(max_examples=40, deadline=None)
@given(curves(), polls(gaps=True), dice)
def test_days_can_be_computed_in_any_blocks(
    curve: Curve, minutes: list[float], random: Random
) -> None:
    spoiled = with_glitches([curve.reading(m) for m in minutes], random)
    table = readings_table([replace(r, clock_s=random.choice([0.0, 4_000.0])) for r in spoiled])
    whole = found(table, TWO_DAYS).hourly
    by_day = [found(table, Days(day, day)).hourly for day in TWO_DAYS]
    assert pa.concat_tables(by_day) == whole
