"""Answers become columns; what is not as promised is named, and costs itself alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from energy_pipeline.calendar import Span
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.answers import (
    AnswerHead,
    IntervalAnswer,
    ParsedAnswers,
    parse_intervals,
)
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2.series import (
    CONSUMPTION,
    METER_PRODUCTION,
    MICRO_PRODUCTION,
)
from energy_pipeline_tests.sources.enlighten.bodies import (
    MIDNIGHT,
    REPORTED,
    answer,
    body,
    interval,
)

ALL_SERIES = (MICRO_PRODUCTION, METER_PRODUCTION, CONSUMPTION)


def read(answers: list[IntervalAnswer], series: IntervalSeries) -> ParsedAnswers:
    return parse_intervals(answers, series, series.streams[0])


def surprise(content: bytes, series: IntervalSeries = MICRO_PRODUCTION) -> SchemaSurprise:
    parsed = read([answer(content)], series)
    assert parsed.rows.num_rows == 0
    (head,) = parsed.heads
    assert isinstance(head, SchemaSurprise)
    return head


def test_micro_intervals_become_columns() -> None:
    content = body(interval(100), interval(101, enwh=12.5, powr=150, devices_reporting=7))

    parsed = read([answer(content)], MICRO_PRODUCTION)

    assert parsed.heads == (AnswerHead(8, REPORTED, REPORTED - timedelta(minutes=1)),)
    assert parsed.rows.to_pylist() == [
        {
            "answer": 0,
            "end_at": MIDNIGHT + timedelta(minutes=500),
            "energy_wh": 10.0,
            "power_w": 120.0,
            "devices_reporting": 8,
            "devices_total": 8,
        },
        {
            "answer": 0,
            "end_at": MIDNIGHT + timedelta(minutes=505),
            "energy_wh": 12.5,
            "power_w": 150.0,
            "devices_reporting": 7,
            "devices_total": 8,
        },
    ]


@pytest.mark.parametrize("series", [METER_PRODUCTION, CONSUMPTION])
def test_meters_give_no_mean_power(series: IntervalSeries) -> None:
    channels = [{"channel": 3, "end_at": 1, "wh_del": None, "curr_w": None}]
    meters = [{"meter_serial_number": "1EIM1", "intervals": channels}]
    content = body(interval(4, series), total_devices=1, meter_intervals=meters)

    (row,) = read([answer(content)], series).rows.to_pylist()

    assert (row["energy_wh"], row["power_w"], row["devices_total"]) == (10.0, None, 1)


def test_many_answers_are_read_at_once_and_kept_apart() -> None:
    contents = [body(interval(n + 1), interval(n + 2)) for n in range(5)]
    contents[2] = body()

    parsed = read([answer(content) for content in contents], MICRO_PRODUCTION)

    assert parsed.rows["answer"].to_pylist() == [0, 0, 1, 1, 3, 3, 4, 4]
    assert len(parsed.heads) == 5


def test_an_answer_may_have_line_breaks_and_unknown_members() -> None:
    whole = orjson.loads(body(interval(3, comment={"a": [1]}), links={"self": "x"}))
    content = orjson.dumps(whole, option=orjson.OPT_INDENT_2)

    parsed = read([answer(content), answer(body(interval(4)))], MICRO_PRODUCTION)

    assert parsed.rows["answer"].to_pylist() == [0, 1]


def test_old_answers_have_no_meta_and_a_silent_system_never_reported() -> None:
    without = orjson.loads(body(interval(1)))
    del without["meta"], without["total_devices"], without["system_id"]
    never = body(meta={"status": "comm", "last_report_at": None})

    parsed = read([answer(orjson.dumps(without)), answer(never)], MICRO_PRODUCTION)

    assert parsed.heads == (AnswerHead(None, None), AnswerHead(8, None))
    assert parsed.rows["devices_total"].to_pylist() == [None]


def test_an_interval_without_energy_is_absent_and_not_zero() -> None:
    content = body(interval(1), interval(2, enwh=None), interval(3, enwh=0))

    parsed = read([answer(content)], MICRO_PRODUCTION)

    assert parsed.rows["energy_wh"].to_pylist() == [10.0, 0.0]


def test_only_what_was_asked_for_is_taken() -> None:
    window = Span(MIDNIGHT + timedelta(minutes=5), MIDNIGHT + timedelta(minutes=15))
    content = body(*(interval(n, enwh=n) for n in range(5)))

    parsed = read([answer(content, window)], MICRO_PRODUCTION)

    assert parsed.rows["energy_wh"].to_pylist() == [2.0, 3.0]


def test_an_interval_that_is_given_twice_counts_once_and_the_later_one() -> None:
    content = body(interval(3, enwh=1), interval(2, enwh=5), interval(3, enwh=9))

    parsed = read([answer(content)], MICRO_PRODUCTION)

    assert parsed.rows["energy_wh"].to_pylist() == [5.0, 9.0]


def test_an_answer_may_begin_after_the_window_where_it_reaches_further() -> None:
    """The end of a night is asked for in a dialect whose windows have lengths alone."""
    window = Span(MIDNIGHT, MIDNIGHT + timedelta(hours=3))
    morning = answer(body(interval(60)), window)

    longer = replace(morning, reaches=MIDNIGHT + timedelta(days=1))

    assert read([longer], MICRO_PRODUCTION).rows.num_rows == 0
    assert isinstance(read([longer], MICRO_PRODUCTION).heads[0], AnswerHead)
    assert isinstance(read([morning], MICRO_PRODUCTION).heads[0], SchemaSurprise)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"system_id": 4127001, "intervals": [{"end_at": 16', "the body: found"),
        (b"<html>Please wait</html>", "the body: found"),
        (b"", "the body: found"),
        (b"[]", "the body: found []"),
        (b'{"system_id":4127001}{"intervals":[]}', "the body: found"),
        (body(intervals=None), "intervals: found None"),
        (body(intervals={"a": 1}), "intervals: found {'a': 1}"),
        (body(intervals=[None]), "intervals[0]: found None"),
        (body(interval(1), interval(2, end_at=None)), "intervals[1].end_at: found None"),
        (body(interval(1, end_at="2024-06-01T00:05:00Z")), "intervals[0].end_at: found '2024-06"),
        (body(interval(1, end_at=1717200301)), "intervals[0].end_at: found 1717200301"),
        (body(interval(1, end_at=1717200300000)), "intervals[0].end_at: found 1717200300000"),
        (body(interval(1), interval(2, enwh="12")), "intervals[1].enwh: found '12'"),
        (body(interval(1, devices_reporting=2.5)), "intervals[0].devices_reporting: found 2.5"),
        (body(interval(1, enwh=None)), "intervals[].enwh: found nothing in any interval"),
        (body(total_devices="8"), "total_devices: found '8'"),
        (body(meta={"last_report_at": "now"}), "meta.last_report_at: found 'now'"),
        (body(meta={"last_report_at": 10**12}), "meta.last_report_at: found 1000000000000"),
        (body(interval(-30)), "intervals: found none inside the window"),
        (body(interval(1), system_id=5), "system_id: found 5; allowed: 4127001"),
        (body(interval(1)).replace(b":10,", b":1e400,"), "intervals[0].enwh: found inf"),
    ],
)
def test_a_surprise_names_request_path_and_value(content: bytes, told: str) -> None:
    error = surprise(content)

    assert str(error).startswith("GET /api/v2/systems/4127001/stats: ")
    assert told in str(error)


def test_a_renamed_energy_member_is_a_surprise() -> None:
    renamed: dict[str, Any] = orjson.loads(body(interval(1)))
    renamed["intervals"][0]["wh"] = renamed["intervals"][0].pop("enwh")

    assert "intervals[0].enwh" in str(surprise(orjson.dumps(renamed)))


@pytest.mark.parametrize("series", ALL_SERIES)
@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_bad_answer_costs_itself_alone(series: IntervalSeries, at: int) -> None:
    contents = [body(interval(n + 1, series)) for n in range(7)]
    contents[at] = b"busy"

    parsed = read([answer(content) for content in contents], series)

    assert [n for n, head in enumerate(parsed.heads) if isinstance(head, SchemaSurprise)] == [at]
    assert parsed.rows["answer"].to_pylist() == [n for n in range(7) if n != at]


def test_no_answers_are_no_rows() -> None:
    parsed = read([], CONSUMPTION)

    assert parsed.heads == ()
    assert parsed.rows.num_rows == 0


def test_a_long_answer_is_longer_than_a_block() -> None:
    """31 days of quarters with much that is passed over."""
    content = body(*(interval(n + 1, CONSUMPTION, note="x" * 600) for n in range(2976)))
    assert len(content) > 2**20

    parsed = read([answer(content), answer(body())], CONSUMPTION)

    assert parsed.rows.num_rows == 2976
