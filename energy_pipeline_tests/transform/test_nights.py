"""Absent is not zero unless all three conditions hold; local days of every zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY, HOUR, Days, local_day_span, local_days
from energy_pipeline.transform.local_days import VendorsWord
from energy_pipeline_tests.transform.tables import (
    Interval,
    hours,
    in_span,
    interval_table,
    reports_table,
    row_of_intervals,
    totals_table,
    vendors_word,
)

HELSINKI = ZoneInfo("Europe/Helsinki")
LOCAL_DAY = date(2024, 3, 31)  # the clock goes forward: 23 hours
SPAN = local_day_span(LOCAL_DAY, HELSINKI)
UTC_DAYS = Days(date(2024, 3, 30), date(2024, 3, 31))
REPORTED_AT = SPAN.end + timedelta(minutes=5)
NOW = SPAN.end + 3 * HOUR
MORNING = datetime(2024, 3, 31, 4, tzinfo=UTC)
MADE_WH = [10.0] * 48
DAYLIGHT = row_of_intervals(MORNING, MADE_WH, 300)


def word(
    *,
    total_wh: float | None = 480.0,
    stated_at: datetime | None = REPORTED_AT,
    fetched_at: datetime = NOW,
    reports: dict[date, datetime | None] | None = None,
    first_day: date = date(2000, 1, 1),
) -> VendorsWord:
    """What the vendor says of one micro-measured site in Helsinki; all is proven by default."""
    known = {day: REPORTED_AT for day in UTC_DAYS} if reports is None else reports
    totals = {} if total_wh is None else {LOCAL_DAY: total_wh}
    return vendors_word(
        "Europe/Helsinki",
        totals=totals_table(totals, last_report_at=stated_at, fetched_at=fetched_at),
        reports=reports_table(known),
        first_day=first_day,
    )


def proven(said: VendorsWord, intervals: list[Interval] = DAYLIGHT, now: datetime = NOW) -> bool:
    """Whether the whole night is known to be zero; False: nothing of it is."""
    rows = hours(intervals, UTC_DAYS, word=said, now=now, settle_hours=0.0).to_pylist()
    sums = {row["hour"]: (row["energy_wh"], row["covered_s"]) for row in rows}
    if sums == {MORNING + n * HOUR: (120.0, 3_600) for n in range(4)}:
        return False
    wanted = {SPAN.start + n * HOUR: (0.0, 3_600) for n in range(23)}
    wanted |= {MORNING + n * HOUR: (120.0, 3_600) for n in range(4)}
    assert sums == wanted
    assert all(row["final"] for row in rows)
    return True


def test_a_night_is_zero_when_all_three_conditions_hold() -> None:
    assert proven(word())


def test_the_local_day_must_be_over() -> None:
    assert not proven(word(), now=SPAN.end - timedelta(seconds=1))


@pytest.mark.parametrize(
    "last_report",
    [None, SPAN.end - HOUR, SPAN.end],
    ids=["never reported", "reported before the day's end", "reported at the day's end"],
)
def test_the_system_must_have_reported_after_the_days_end(last_report: datetime | None) -> None:
    """An outage from the afternoon on: the vendor's total equals the partial sum, and is stale."""
    assert not proven(word(reports=dict.fromkeys(UTC_DAYS, last_report), stated_at=last_report))
    assert not proven(word(reports=dict.fromkeys(UTC_DAYS, last_report)))


def test_a_total_from_before_the_next_report_proves_nothing() -> None:
    assert not proven(word(stated_at=SPAN.end - HOUR))
    assert not proven(word(stated_at=SPAN.end))
    assert not proven(word(stated_at=None, fetched_at=SPAN.end - HOUR))
    assert proven(word(stated_at=None, fetched_at=REPORTED_AT))


@pytest.mark.parametrize("lacking", list(UTC_DAYS))
def test_every_utc_day_of_the_local_day_must_have_been_fetched(lacking: date) -> None:
    reports: dict[date, datetime | None] = {day: REPORTED_AT for day in UTC_DAYS if day != lacking}
    assert not proven(word(reports=reports))
    assert proven(word(reports=reports, first_day=date(2024, 3, 31))) == (lacking.day == 30)
    assert not proven(word(first_day=date(2024, 4, 1)))


def test_a_utc_day_need_not_be_fetched_again_for_the_end_of_the_local_day() -> None:
    """The first two hours were fetched the day before; the total vouches for them."""
    midnight = datetime(2024, 3, 31, tzinfo=UTC)
    early, late = UTC_DAYS
    assert proven(word(reports={early: midnight + HOUR, late: REPORTED_AT}))
    assert not proven(word(reports={early: midnight - HOUR, late: REPORTED_AT}))


@pytest.mark.parametrize(
    ("total_wh", "expected"),
    [(None, False), (482.0, True), (482.01, False), (478.0, True), (477.9, False), (0.0, False)],
)
def test_the_total_must_equal_the_intervals_to_two_wh(
    total_wh: float | None, expected: bool
) -> None:
    assert proven(word(total_wh=total_wh)) == expected


def test_the_total_must_equal_the_intervals_to_a_thousandth() -> None:
    intervals = [Interval(each.end_at, 1_000.0, 300) for each in DAYLIGHT]
    for total_wh, expected in ((48_048.0, True), (48_050.0, False), (47_950.0, False)):
        found = hours(intervals, UTC_DAYS, word=word(total_wh=total_wh), now=NOW)
        assert (found.num_rows == 23) == expected


def test_a_day_without_any_interval_is_zero_when_the_vendor_says_so() -> None:
    found = hours([], UTC_DAYS, word=word(total_wh=0.0), now=NOW)
    assert found["hour"].to_pylist() == [SPAN.start + n * HOUR for n in range(23)]
    assert set(found["energy_wh"].to_pylist()) == {0.0}


def test_metered_sites_and_other_streams_have_no_such_rule() -> None:
    said = word()
    metered = VendorsWord({}, said.totals, said.reports)
    assert not proven(metered)
    consumption = totals_table({LOCAL_DAY: 480.0}, stream="consumption")
    assert not proven(VendorsWord(said.calendars, consumption, said.reports))


def test_one_site_proves_nothing_for_another() -> None:
    said = word()
    both = VendorsWord(said.calendars | {"b": said.calendars["a"]}, said.totals, said.reports)
    other = [Interval(each.end_at, each.energy_wh, 300, "b") for each in DAYLIGHT]
    found = hours([*DAYLIGHT, *other], UTC_DAYS, word=both, now=NOW)
    assert [found["site"].to_pylist().count(site) for site in "ab"] == [23, 4]


def test_a_proven_zero_does_not_settle_the_intervals_beside_it() -> None:
    dawn = [Interval(MORNING + timedelta(minutes=55), 480.0, 300, devices=(1, 9))]
    rows = hours(dawn, UTC_DAYS, word=word(), now=NOW, settle_hours=0.0).to_pylist()
    assert [row["hour"] for row in rows if not row["final"]] == [MORNING]


def last_change(zone: ZoneInfo) -> datetime | None:
    """Return the noon before a zone's clock last changed, None when it did not since 2015."""
    noons = [datetime(2015, 1, 1, 12, tzinfo=UTC) + n * 40 * DAY for n in range(110)]
    offsets = [zone.utcoffset(at) for at in noons]
    changed = [n for n, (one, other) in enumerate(pairwise(offsets)) if one != other]
    if not changed:
        return None
    before = noons[changed[-1]]
    days = (n for n in range(40) if zone.utcoffset(before + (n + 1) * DAY) != offsets[changed[-1]])
    return before + next(days) * DAY


ZONES = sorted(available_timezones())
CHANGES = [(name, change) for name in ZONES if (change := last_change(ZoneInfo(name)))]
ODD_ZONES = ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Eucla", "Pacific/Chatham"]


@st.composite
def places_in_time(draw: st.DrawFn) -> tuple[str, Days]:
    """Draw a zone and three UTC days, most often around a change of its clocks."""
    zone, at = draw(
        st.one_of(
            st.sampled_from(CHANGES),
            st.tuples(
                st.sampled_from([*ODD_ZONES, *ZONES]), st.just(datetime(2024, 1, 9, tzinfo=UTC))
            ),
        )
    )
    return zone, Days(at.date() - DAY, at.date() + DAY)


def nights_absent(zone: ZoneInfo, days: Days) -> tuple[list[Interval], dict[date, float]]:
    """Return five-minute intervals from 07:00 to 19:00 local time, and each local day's total."""
    intervals, totals = [], {}
    for day, span in local_days(days.padded(2).span, zone):
        if span.duration_s == 0:
            continue  # a zone that crossed the date line
        slots = [span.start + n * timedelta(minutes=5) for n in range(span.duration_s // 300)]
        light = [at for at in slots if 7 <= at.astimezone(zone).hour < 19]
        made = [Interval(at + timedelta(minutes=5), 1.0 + at.hour, 300) for at in light]
        totals[day] = sum(each.energy_wh for each in made)
        intervals += made
    return intervals, totals


@given(places_in_time(), st.randoms(use_true_random=False))
def test_every_zone_knows_its_days_whole_whatever_the_cuts(
    place: tuple[str, Days], random: Random
) -> None:
    name, days = place
    intervals, totals = nights_absent(ZoneInfo(name), days)
    later = days.span.end + timedelta(days=5)
    said = vendors_word(
        name,
        totals=totals_table(totals),
        reports=reports_table(dict.fromkeys(days.padded(2), later)),
    )
    at_once = hours(in_span(intervals, days.padded(1).span), days, word=said, now=later)
    assert at_once["covered_s"].to_pylist() == [3_600] * 72
    assert all(at_once["final"].to_pylist())
    made_wh = sum(each.energy_wh for each in in_span(intervals, days.span))
    assert sum(at_once["energy_wh"].to_pylist()) == pytest.approx(made_wh, abs=1e-6)
    parts = {}
    for day in random.sample(list(days), 3):
        held = in_span(intervals, Days(day, day).padded(1).span)
        random.shuffle(held)
        parts[day] = hours(interval_table(held), Days(day, day), word=said, now=later)
    assert pa.concat_tables([parts[day] for day in days]) == at_once


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/London", date(2019, 3, 31), 92),
        ("Europe/London", date(2019, 10, 27), 100),
        ("America/Denver", date(2024, 3, 10), 92),
        ("America/Sao_Paulo", date(2018, 11, 4), 92),  # midnight does not exist
        ("America/Havana", date(2024, 11, 3), 100),  # midnight occurs twice
        ("Australia/Lord_Howe", date(2024, 4, 7), 98),  # half an hour
        ("Asia/Kathmandu", date(2024, 4, 7), 96),
    ],
)
def test_days_of_23_to_25_hours_are_proven_as_a_whole(zone: str, day: date, quarters: int) -> None:
    span = local_day_span(day, ZoneInfo(zone))
    noon = span.start + timedelta(hours=12, minutes=15)
    days = Days(span.start.date(), span.end.date())
    said = vendors_word(
        zone,
        totals=totals_table({day: 7.0}),
        reports=reports_table(dict.fromkeys(days.padded(1), span.end + DAY)),
    )
    found = hours([Interval(noon, 7.0)], days, word=said)
    assert sum(found["covered_s"].to_pylist()) == quarters * 900
    assert sum(found["energy_wh"].to_pylist()) == 7.0
