"""Rules between datasets find what is wrong, and only that."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.transform.agreement import compare_energy, compare_totals
from energy_pipeline.transform.local_days import VendorsWord
from energy_pipeline_tests.transform.tables import (
    DAY_ZERO,
    hours,
    interval_table,
    reports_table,
    row_of_intervals,
    totals_table,
    vendors_word,
)

FIRST, SECOND = date(2024, 6, 1), date(2024, 6, 2)
TWO_DAYS = Days(FIRST, SECOND)
NOW = DAY_ZERO + 2 * DAY + timedelta(hours=3)
MADE = interval_table(row_of_intervals(DAY_ZERO, [5.0] * 192))


def word(
    totals: dict[date, float],
    *,
    reported_at: datetime = NOW,
    stated_at: datetime | None = NOW,
) -> VendorsWord:
    return vendors_word(
        totals=totals_table(totals, last_report_at=stated_at),
        reports=reports_table(dict.fromkeys(TWO_DAYS.padded(1), reported_at)),
    )


def verdicts(said: VendorsWord, now: datetime = NOW) -> list[str]:
    found = compare_totals(MADE, "production", said, TWO_DAYS.span, now)
    assert found["day"].to_pylist() == [FIRST, SECOND]
    assert found["intervals_wh"].to_pylist() == [480.0, 480.0]
    return found["verdict"].to_pylist()


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ({FIRST: 480.0, SECOND: 481.9}, ["agrees", "agrees"]),
        ({FIRST: 470.0, SECOND: 480.0}, ["disagrees", "agrees"]),
        ({FIRST: 0.0, SECOND: 480.0}, ["disagrees", "agrees"]),
        ({FIRST: 480.0, SECOND: 0.0}, ["agrees", "pending"]),
        ({FIRST: 0.0, SECOND: 0.0}, ["pending", "pending"]),
        ({FIRST: 480.0}, ["agrees", "pending"]),
        ({}, ["pending", "pending"]),
    ],
)
def test_totals_are_judged_when_there_is_something_to_judge(
    totals: dict[date, float], expected: list[str]
) -> None:
    assert verdicts(word(totals)) == expected


def test_a_day_is_pending_until_the_system_reported_after_its_end() -> None:
    wrong = {FIRST: 1.0, SECOND: 1.0}
    noon = DAY_ZERO + DAY + timedelta(hours=12)
    assert verdicts(word(wrong)) == ["disagrees", "disagrees"]
    assert verdicts(word(wrong, reported_at=noon)) == ["disagrees", "pending"]
    assert verdicts(word(wrong, stated_at=noon)) == ["disagrees", "pending"]
    assert verdicts(word(wrong), now=noon) == ["disagrees", "pending"]


def test_totals_of_another_stream_are_not_compared() -> None:
    said = word({})
    other = totals_table({FIRST: 1.0}, stream="consumption")
    assert verdicts(VendorsWord(said.calendars, other, said.reports)) == ["pending", "pending"]


def test_a_day_that_a_zone_skipped_is_not_judged() -> None:
    """Samoa went from 29 to 31 December 2011."""
    days = Days(date(2011, 12, 29), date(2011, 12, 31))
    found = compare_totals(
        interval_table([]), "production", vendors_word("Pacific/Apia"), days.span, NOW
    )
    assert [day.day for day in found["day"].to_pylist()] == [28, 29, 31, 1]


def test_energy_is_conserved_over_cuts_at_both_ends() -> None:
    start = DAY_ZERO - timedelta(minutes=40)
    table = interval_table(row_of_intervals(start, [7.0, -3.0, 11.0] * 9, 7_000))
    one_day = Days(FIRST, FIRST)
    before = interval_table(row_of_intervals(start, [9.0], site="earlier"))
    stored = pa.concat_tables([before, table])
    found = compare_energy(stored, hours(table, one_day), one_day.span).to_pylist()
    assert [row["site"] for row in found] == ["a"]
    assert [row["is_conserved"] for row in found] == [True]
    assert found[0]["intervals_wh"] == pytest.approx(found[0]["hourly_wh"], abs=1e-6)
    assert found[0]["hourly_wh"] != 0


def test_lost_doubled_and_foreign_energy_is_found() -> None:
    sites = {
        site: interval_table(row_of_intervals(DAY_ZERO, [5.0] * 96, site=site)) for site in "abc"
    }
    right = hours(pa.concat_tables([sites["a"], sites["b"]]), TWO_DAYS)
    small = pc.add(right["energy_wh"], pa.array([0.00001] + [0.0] * 47))
    wrong = right.set_column(3, right.schema.field("energy_wh"), small)
    stored = pa.concat_tables([sites["b"], sites["c"]])
    found = compare_energy(stored, wrong, TWO_DAYS.span).to_pylist()
    assert {row["site"]: row["is_conserved"] for row in found} == {
        "a": False,
        "b": True,
        "c": False,
    }
    shaken = compare_energy(sites["a"], wrong.slice(0, 24), TWO_DAYS.span).to_pylist()
    assert [row["is_conserved"] for row in shaken] == [False]


def test_the_local_day_that_began_before_the_first_utc_day_is_not_judged() -> None:
    """Helsinki's first of June began at 21:00 UTC of the day before, which nobody fetched."""
    said = vendors_word(
        "Europe/Helsinki",
        totals=totals_table({FIRST: 999.0, SECOND: 999.0}, last_report_at=NOW),
        reports=reports_table(dict.fromkeys(TWO_DAYS.padded(1), NOW)),
        first_day=FIRST,
    )
    found = compare_totals(MADE, "production", said, TWO_DAYS.span, NOW)

    judged = dict(zip(found["day"].to_pylist(), found["verdict"].to_pylist(), strict=True))
    assert judged[FIRST] == "pending"
    assert judged[SECOND] == "disagrees"
