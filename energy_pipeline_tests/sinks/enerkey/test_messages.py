"""How rows are cut into messages and written."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.sinks.enerkey.messages import Message, cut, decimal_text

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
OLD = NOW - 10 * YEAR


def rows(first: datetime, hours) -> list:
    return [(first + n * HOUR, 1.0) for n in hours]


def sizes(values, max_days=365, now=NOW) -> list[int]:
    return [len(m.rows) for m in cut("consumption", 1, values, max_days=max_days, now=now)]


def test_a_message_takes_8760_elapsed_hours():
    assert sizes(rows(OLD, range(8760))) == [8760]
    assert sizes(rows(OLD, range(8761))) == [8760, 1]
    assert sizes(rows(OLD, [0, 8759])) == [2]
    assert sizes(rows(OLD, [0, 8760])) == [1, 1]


def test_three_years_are_four_messages_wherever_the_year_before_now_begins():
    for end in range(0, 3 * 365, 50):
        first = NOW - timedelta(days=1096 + end)
        assert len(sizes(rows(first, range(1096 * 24)))) == 4


def test_hours_older_than_a_year_go_apart():
    first = NOW - YEAR - 5 * HOUR
    assert sizes(rows(first, range(10))) == [5, 5]


@given(
    st.sets(st.integers(0, 4000), min_size=1, max_size=60),
    st.integers(1, 365),
    st.integers(0, 4000),
)
def test_every_row_is_in_one_message_in_order_and_no_message_is_too_long(hours, max_days, age):
    first = NOW - age * HOUR
    values = rows(first, hours)
    messages = cut("consumption", 1, values, max_days=max_days, now=NOW)
    assert [row for message in messages for row in message.rows] == sorted(values)
    for message in messages:
        span = message.rows[-1][0] + HOUR - message.rows[0][0]
        assert span <= timedelta(days=max_days)
        assert len({at < NOW - YEAR for at, _ in message.rows}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.5, "12.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (-0.0000004, "0"),
        (1e-6, "0.000001"),
        (-1.25, "-1.25"),
        (123456789.123456, "123456789.123456"),
        (1e15, "1000000000000000"),
        (100.0, "100"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_decimals_with_six_places_at_most(value, text):
    assert decimal_text(value) == text


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 6)))
def test_a_value_of_six_places_arrives_as_it_is(value):
    text = decimal_text(value)
    assert float(text) == value
    assert "e" not in text.lower()


def test_the_body_is_json_and_its_fingerprint_tells_messages_apart():
    one = Message("consumption", 1, ((OLD, 1.5), (OLD + HOUR, 0.0)))
    assert json.loads(one.body)[0] == {"timestamp": f"{OLD:%Y-%m-%dT%H}:00:00Z", "value": 1.5}
    others = [
        Message("cumulative", 1, one.rows),
        Message("consumption", 2, one.rows),
        Message("consumption", 1, one.rows[:1]),
    ]
    assert len({m.fingerprint for m in [one, *others]}) == 4
    assert one.fingerprint == Message("consumption", 1, one.rows).fingerprint


def test_halves_hold_the_rows_once():
    message = Message("consumption", 1, tuple(rows(OLD, range(5))))
    first, second = message.halves()
    assert first.rows + second.rows == message.rows
    with pytest.raises(ValueError, match="one row"):
        Message("consumption", 1, message.rows[:1]).halves()
