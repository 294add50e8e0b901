"""When an hour becomes final, and when it is given up."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.transform.finality import first_hour_not_given_up, first_open_hours
from energy_pipeline_tests.transform.tables import (
    DAY_ZERO,
    Interval,
    hour_table,
    hours,
    hours_from,
    row_of_intervals,
)

ONE_DAY = Days(date(2024, 6, 1), date(2024, 6, 1))
SECOND = timedelta(seconds=1)


def finals(intervals: list[Interval], now: datetime, settle_hours: float = 2.0) -> list[bool]:
    return hours(intervals, ONE_DAY, now=now, settle_hours=settle_hours)["final"].to_pylist()


@pytest.mark.parametrize("settle_hours", [0.0, 2.0, 5.5])
def test_an_hour_settles_some_time_after_its_end(settle_hours: float) -> None:
    whole = row_of_intervals(DAY_ZERO, [1.0] * 4)
    settled_at = DAY_ZERO + HOUR + timedelta(hours=settle_hours)
    assert finals(whole, settled_at - SECOND, settle_hours) == [False]
    assert finals(whole, settled_at, settle_hours) == [True]


def test_a_second_that_lacks_keeps_an_hour_open_for_ever() -> None:
    short = row_of_intervals(DAY_ZERO, [1.0] * 3)
    short.append(Interval(DAY_ZERO + HOUR, 1.0, 899))
    assert finals(short, DAY_ZERO + timedelta(days=400)) == [False]


def test_missing_devices_keep_an_hour_open_for_three_days() -> None:
    partly = row_of_intervals(DAY_ZERO, [1.0] * 8)
    partly[3] = Interval(partly[3].end_at, 1.0, devices=(11, 12))
    old_at = partly[3].end_at + timedelta(days=3)
    assert finals(partly, old_at - SECOND) == [False, True]
    assert finals(partly, old_at) == [True, True]


@pytest.mark.parametrize("devices", [(None, None), (3, None), (None, 3), (4, 3), (3, 3)])
def test_an_answer_without_device_counts_is_taken_as_complete(
    devices: tuple[int | None, int | None],
) -> None:
    intervals = row_of_intervals(DAY_ZERO, [1.0] * 4)
    intervals[2] = Interval(intervals[2].end_at, 1.0, devices=devices)
    assert finals(intervals, DAY_ZERO + 4 * HOUR) == [True]


def test_missing_devices_of_a_straddling_interval_keep_both_hours_open() -> None:
    start = DAY_ZERO + timedelta(minutes=30)
    straddling = row_of_intervals(start - HOUR, [1.0] * 3, 3_600)
    straddling[1] = Interval(straddling[1].end_at, 1.0, 3_600, devices=(1, 2))
    assert finals(straddling, DAY_ZERO + timedelta(days=1)) == [False, False, False]
    assert finals(straddling, DAY_ZERO + timedelta(days=4)) == [True, True, False]


def test_an_hour_is_given_up_some_days_after_its_end() -> None:
    given_up_at = DAY_ZERO + HOUR + timedelta(days=7)
    assert first_hour_not_given_up(given_up_at, 7.0) == DAY_ZERO + HOUR
    assert first_hour_not_given_up(given_up_at - SECOND, 7.0) == DAY_ZERO
    assert first_hour_not_given_up(given_up_at, 0.5) == DAY_ZERO + timedelta(days=6, hours=13)


def test_the_first_open_hour_is_the_first_that_lacks_or_is_not_final() -> None:
    until = DAY_ZERO + 6 * HOUR
    table = pa.concat_tables(
        [
            hour_table(hours_from(DAY_ZERO, [1.0] * 6), site="whole"),
            hour_table(hours_from(DAY_ZERO, [1.0] * 2), site="hole"),
            hour_table(hours_from(DAY_ZERO + 3 * HOUR, [1.0] * 3), site="hole"),
            hour_table(hours_from(DAY_ZERO, [1.0] * 4), site="open"),
            hour_table(hours_from(DAY_ZERO + 4 * HOUR, [1.0]), site="open", final=False),
            hour_table(hours_from(DAY_ZERO + 2 * HOUR, [1.0] * 4), site="late"),
        ]
    )
    begins = {
        ("whole", "production"): DAY_ZERO,
        ("hole", "production"): DAY_ZERO,
        ("open", "production"): DAY_ZERO,
        ("late", "production"): DAY_ZERO + 2 * HOUR,
        ("nothing", "production"): DAY_ZERO + HOUR,
        ("begins-later", "production"): datetime(2024, 7, 1, tzinfo=UTC),
    }
    assert first_open_hours(table, begins, until) == {
        ("whole", "production"): until,
        ("hole", "production"): DAY_ZERO + 2 * HOUR,
        ("open", "production"): DAY_ZERO + 4 * HOUR,
        ("late", "production"): until,
        ("nothing", "production"): DAY_ZERO + HOUR,
        ("begins-later", "production"): datetime(2024, 7, 1, tzinfo=UTC),
    }
