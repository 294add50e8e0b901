"""Silences of a sum of inverters: which are nights, and which are gaps whatever their energy."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.transform.counters.hours import GatewayHours
from energy_pipeline_tests.transform.counters.gateways import (
    DAY_ZERO,
    Reading,
    found,
    of_stream,
    rules,
)

DAYS = Days(DAY_ZERO.date(), DAY_ZERO.date() + timedelta(days=1))
DUSK, DAWN = 20 * 60.0, 30 * 60.0
"""Minutes of the last report of one day and of the first one of the next."""
DAYTIME_W, FIRST_WH = 600.0, 50.0


def reports(minutes: Iterable[float], power_w: float = DAYTIME_W) -> list[Reading]:
    """Return a report at each of these minutes, polled at once."""
    return [Reading(m, 9e5 + m * power_w / 60, counter="i") for m in minutes]


def five_minutes(first: float, last: float) -> list[float]:
    return [first + 5 * n for n in range(int((last - first) / 5) + 1)]


def evening() -> list[Reading]:
    return reports(five_minutes(8 * 60, DUSK))


def morning(dawn: float = DAWN, first_wh: float = FIRST_WH) -> list[Reading]:
    """Return the reports from the first one on, which brings so much."""
    lost_wh = (dawn - DUSK) * DAYTIME_W / 60 - first_wh
    late = reports(five_minutes(dawn, dawn + 8 * 60))
    return [replace(r, energy_wh=r.energy_wh - lost_wh) for r in late]


def seen_again(report: Reading, polls: Iterable[float]) -> list[Reading]:
    """Return a report as later polls saw it."""
    return [replace(report, lag_s=(minute - report.minute) * 60) for minute in polls]


def night_of(polls: Iterable[float], dawn: float = DAWN, first_wh: float = FIRST_WH):
    last = evening()
    return [*last, *seen_again(last[-1], polls), *morning(dawn, first_wh)]


def rows_of(result: GatewayHours) -> dict[int, dict[str, Any]]:
    """Return the rows by the hours since the first midnight."""
    return {
        int((r["hour"] - DAY_ZERO).total_seconds() // 3600): r for r in of_stream(result.hourly)
    }


def test_a_night_is_dark_and_what_its_dawn_brings_is_of_the_dawn() -> None:
    rows = rows_of(found(night_of(five_minutes(DUSK, DAWN)), DAYS))
    night = [rows[hour] for hour in range(20, 30)]
    assert [row["energy_wh"] for row in night] == pytest.approx([0.0] * 9 + [FIRST_WH])
    assert {(r["covered_s"], r["source"], r["final"]) for r in night} == {
        (3600, "envoy-inverters", True)
    }


@pytest.mark.parametrize("power_w", [3.0, 30.0])
@pytest.mark.parametrize("hours", [4.0, 6.0])
def test_an_outage_at_noon_is_bridged_however_little_it_hides(power_w: float, hours: float) -> None:
    begin, end = 8 * 60.0, (8 + hours) * 60
    polled = five_minutes(5 * 60, begin) + five_minutes(end, 20 * 60)
    rows = rows_of(found(reports(polled, power_w), DAYS))
    for hour in range(8, int(8 + hours)):
        assert rows[hour]["energy_wh"] == pytest.approx(power_w)
        assert rows[hour]["source"] == "envoy-inverters+bridged"


def test_a_longer_outage_by_day_is_told_of_and_booked_to_no_hour() -> None:
    begin, end = 8 * 60.0, 14.6 * 60
    polled = five_minutes(5 * 60, begin) + five_minutes(end, 20 * 60)
    result = found(reports(polled, 30), DAYS)
    assert not {*range(8, 14)} & rows_of(result).keys()
    (gap,) = result.unbooked.to_pylist()
    assert gap["energy_wh"] == pytest.approx(30 * 6.6)


def test_inverters_that_nobody_hears_by_day_are_in_a_gap_although_polls_are_answered() -> None:
    begin, end = 8 * 60.0, 14 * 60.0
    before = reports(five_minutes(5 * 60, begin), 30)
    unheard = seen_again(before[-1], five_minutes(begin, end - 5))
    rows = rows_of(found([*before, *unheard, *reports(five_minutes(end, 1200), 30)], DAYS))
    assert [rows[hour]["energy_wh"] for hour in range(8, 14)] == pytest.approx([30] * 6)
    assert {rows[hour]["source"] for hour in range(8, 14)} == {"envoy-inverters+bridged"}


@pytest.mark.parametrize(
    "polls",
    [[], five_minutes(DUSK, 23 * 60)],
    ids=["no poll", "none after midnight"],
)
def test_a_night_that_no_poll_has_seen_is_a_gap(polls: list[float]) -> None:
    result = found(night_of(polls), DAYS)
    assert sorted(rows_of(result)) == [*range(8, 20), *range(30, 38)]
    (gap,) = result.unbooked.to_pylist()
    assert gap["energy_wh"] == pytest.approx(FIRST_WH)


def test_what_no_poll_has_seen_of_a_night_is_bridged() -> None:
    rows = rows_of(found(night_of(five_minutes(DUSK, 25 * 60)), DAYS))
    assert [rows[hour]["energy_wh"] for hour in range(20, 30)] == pytest.approx([0] * 5 + [10] * 5)
    assert [hour for hour, row in rows.items() if row["source"].endswith("+bridged")] == [
        *range(25, 30)
    ]


def test_a_silence_that_hides_more_than_a_dawn_brings_is_no_night() -> None:
    result = found(night_of(five_minutes(DUSK, DAWN), first_wh=250), DAYS)
    assert not {*range(20, 30)} & rows_of(result).keys()
    (gap,) = result.unbooked.to_pylist()
    assert gap["energy_wh"] == pytest.approx(250)


def test_a_silence_over_noon_is_no_night() -> None:
    noon = 36 * 60.0
    result = found(night_of(five_minutes(DUSK, noon + 30), noon + 30), DAYS)
    assert not {*range(20, 36)} & rows_of(result).keys()


@pytest.mark.parametrize(("zone", "is_night"), [("Asia/Tokyo", False), ("Europe/Helsinki", True)])
def test_midnight_is_that_of_the_site(zone: str, is_night: bool) -> None:
    given = replace(rules(), zone=ZoneInfo(zone))
    result = found(night_of(five_minutes(DUSK, DAWN)), DAYS, given=given)
    assert (25 in rows_of(result)) == is_night


def test_wrong_numbers_in_the_night_say_nothing() -> None:
    """A gateway that restarts shows zeros for some polls, with the last report's time."""
    polls = five_minutes(DUSK, DAWN)
    whole = found(night_of(polls), DAYS).hourly
    zeros = [
        replace(r, energy_wh=0.0) if r.lag_s in (3 * 3600, 3.5 * 3600) else r
        for r in night_of(polls)
    ]
    assert found(zeros, DAYS).hourly == whole
