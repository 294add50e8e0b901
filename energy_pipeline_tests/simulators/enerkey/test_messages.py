"""What one message may hold: 365 days, future, age, members, and where the switches put things."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy_pipeline_tests.simulators.enerkey.conftest import NOON, Start, row, stamp

HELSINKI = ZoneInfo("Europe/Helsinki")
HOUR = timedelta(hours=1)


def local(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=HELSINKI).astimezone(UTC)


YEARS = [(local(year, 1, 1), local(year + 1, 1, 1) - HOUR) for year in range(2024, 2029)]
TWO_AUTUMNS = (local(2025, 10, 26), local(2026, 10, 26) - HOUR)
TWO_SPRINGS = (local(2026, 3, 29), local(2027, 3, 29) - HOUR)
ONE_MORE = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
LEAP = {2024, 2028}


def is_taken(start: Start, first: datetime, last: datetime, **switches: Any) -> bool:
    running = start(now=datetime(2030, 1, 1, tzinfo=UTC), **switches)
    answer = running.push(101, [row(stamp(last), 1), row(stamp(first), 1)])
    assert answer.status_code in (200, 400)
    assert len(running.simulator.stored_hours(101)) == (2 if answer.status_code == 200 else 0)
    return answer.status_code == 200


@pytest.mark.parametrize("year", range(2024, 2029))
def test_calendar_year(start: Start, year: int) -> None:
    assert is_taken(start, *YEARS[year - 2024]) is (year not in LEAP)


def test_days_are_elapsed_hours(start: Start) -> None:
    assert not is_taken(start, *TWO_AUTUMNS)
    assert is_taken(start, *TWO_SPRINGS)
    assert not is_taken(start, *ONE_MORE)


@pytest.mark.parametrize(
    ("span", "taken"),
    [
        ("last_minus_first_365d", {"years", "two autumns", "one more"}),
        ("local_days_365", {"years", "two autumns"}),
        ("rows_8760", {"years", "leap", "two autumns", "one more"}),
        ("elapsed_8784h", {"years", "leap", "two autumns", "one more"}),
    ],
)
def test_other_readings_of_365_days(start: Start, span: str, taken: set[str]) -> None:
    spans = {
        "years": YEARS[2],
        "leap": YEARS[0],
        "two autumns": TWO_AUTUMNS,
        "one more": ONE_MORE,
    }

    seen = {name for name, ends in spans.items() if is_taken(start, *ends, push_span=span)}

    assert seen == taken


def test_rows_are_counted_where_rows_count(start: Start) -> None:
    running = start(push_span="rows_8760")

    answer = running.push(101, [row("2026-01-01T00:00:00Z", 1)] * 8761)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("switch", "minutes_until_start", "code"),
    [
        ("refuse_not_started", 0, 200),
        ("refuse_not_started", 60, 400),
        ("refuse_not_finished", -60, 200),
        ("refuse_not_finished", 0, 400),
        ("accept", 6000, 200),
    ],
)
def test_future(start: Start, switch: str, minutes_until_start: int, code: int) -> None:
    running = start(push_future=switch)
    at = NOON + timedelta(minutes=minutes_until_start)

    assert running.push(101, [row(stamp(at), 1)]).status_code == code


def test_reading_of_a_future_instant(start: Start) -> None:
    running = start()

    assert running.push_readings(102, [row(stamp(NOON), 1)]).status_code == 200
    assert running.push_readings(102, [row("2026-06-01T12:00:01Z", 2)]).status_code == 400


@pytest.mark.parametrize(("age", "code"), [("none", 200), ("max_365d", 400)])
def test_age(start: Start, age: str, code: int) -> None:
    running = start(push_age=age)
    old, young = NOON - timedelta(days=365, hours=1), NOON - timedelta(days=365)

    assert running.push(101, [row(stamp(young), 1)]).status_code == 200
    assert running.push(101, [row(stamp(old), 1)]).status_code == code


@pytest.mark.parametrize(
    ("rows", "member"),
    [
        ([{"timestamp": "2026-01-01T00:00:00Z", "value": 1, "unit": "kWh"}], "[0].unit"),
        ([{"timestamp": "2026-01-01T00:00:00Z"}], "[0].value"),
        ([{"value": 1}], "[0].timestamp"),
        ([row("2026-01-01T00:00:00Z", 1), 7], "[1]"),
        ([{"timestamp": "2026-01-01T00:00:00Z", "value": "1"}], "[0].value"),
        ([{"timestamp": "2026-01-01T00:00:00Z", "value": True}], "[0].value"),
        ([row("2026-01-01T00:00:00.5Z", 1)], "[0].timestamp"),
        ([row("2026-01-01T00:00:00", 1)], "[0].timestamp"),
        ([row("2026-01-01T00:00:00 02:00", 1)], "[0].timestamp"),
        ([row("2026-01-01 00:00:00Z", 1)], "[0].timestamp"),
        ([row("2026-02-30T00:00:00Z", 1)], "[0].timestamp"),
        ([row("2026-01-01T00:00:00+15:00", 1)], "[0].timestamp"),
        ([], "$"),
        ({"values": []}, "$"),
    ],
)
def test_what_no_message_may_hold(start: Start, rows: Any, member: str) -> None:
    running = start()

    answer = running.push(101, rows)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [member]


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_numbers_that_are_none(start: Start, number: str) -> None:
    running = start()

    answer = running.http.post(
        "/api/v2/Values/PushConsumptionsForMeter/101",
        content=f'[{{"timestamp":"2026-01-01T00:00:00Z","value":{number}}}]',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400


def test_offsets_name_the_same_hour(start: Start) -> None:
    running = start()

    running.push(101, [row("2026-01-01T02:00:00+02:00", 1), row("2025-12-31T23:00:00-01:00", 2)])

    assert running.simulator.stored_hours(101) == {datetime(2026, 1, 1, tzinfo=UTC): 3}


@pytest.mark.parametrize(
    ("grammar", "text"),
    [
        ("fractions_ok", "2026-01-01T02:00:00.25+02:00"),
        ("naive_as_utc", "2026-01-01T00:00:00"),
        ("naive_as_local", "2026-01-01T02:00:00"),
    ],
)
def test_other_timestamps(start: Start, grammar: str, text: str) -> None:
    running = start(timestamp_grammar=grammar)

    assert running.push(101, [row(text, 1)]).status_code == 200
    assert list(running.simulator.stored_hours(101)) == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_naive_local_rows_collapse_in_the_repeated_hour(start: Start) -> None:
    running = start(timestamp_grammar="naive_as_local")

    running.push(101, [row("2025-10-26T03:00:00", 1), row("2025-10-26T03:00:00", 2)])

    assert running.simulator.stored_hours(101) == {datetime(2025, 10, 26, tzinfo=UTC): 3}


def test_values_that_switches_let_in(start: Start) -> None:
    text = start(bad_value="numeric_strings_ok")
    assert text.push(101, [row("2026-01-01T00:00:00Z", "1.5")]).status_code == 200  # type: ignore[arg-type]
    assert start(empty_array="noop").push(101, []).json()["receivedValues"] == 0


@pytest.mark.parametrize("text", ["NaN", "inf", "one", ""])
def test_numeric_text_is_a_finite_number(start: Start, text: str) -> None:
    running = start(bad_value="numeric_strings_ok")

    assert running.push(101, [row("2026-01-01T00:00:00Z", text)]).status_code == 400  # type: ignore[arg-type]


@pytest.mark.parametrize(("switch", "code"), [("accept", 200), ("refuse_400", 400)])
def test_negative_consumption(start: Start, switch: str, code: int) -> None:
    running = start(negative_consumption=switch)

    assert running.push(101, [row("2026-01-01T00:00:00Z", -1)]).status_code == code


def test_meter_takes_its_own_kind_alone(start: Start) -> None:
    running = start()

    refused = running.push(102, [row("2026-01-01T00:00:00Z", 1)])

    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "Meter 102 takes cumulative readings.",
    )
    assert running.push_readings(101, [row("2026-01-01T00:00:00Z", 1)]).status_code == 422


def test_misread_message(start: Start) -> None:
    running = start(wrong_endpoint="misread")

    running.push(102, [row("2026-01-01T00:00:00Z", 5), row("2026-01-01T01:00:00Z", 7)])

    assert running.simulator.stored_hours(102) == {datetime(2026, 1, 1, tzinfo=UTC): 2}


@pytest.mark.parametrize(
    ("switches", "path", "body"),
    [
        ({"push_meter_position": "query"}, "PushConsumptionsForMeter?meterId=101", "rows"),
        ({"push_body": "object_values"}, "PushConsumptionsForMeter/101", "values"),
        (
            {"push_meter_position": "body", "push_body": "object_meterid_values"},
            "PushConsumptionsForMeter",
            "meterId",
        ),
        ({"json_naming": "PascalCase"}, "PushConsumptionsForMeter/101", "Pascal"),
        ({"route_style": "lowercase_rest"}, "pushconsumptionsformeter/101", "rows"),
    ],
)
def test_other_places_of_the_parts(
    start: Start, switches: dict[str, str], path: str, body: str
) -> None:
    rows = [row("2026-01-01T00:00:00Z", 1)]
    bodies = {
        "rows": rows,
        "values": {"values": rows},
        "meterId": {"meterId": 101, "values": rows},
        "Pascal": [{"Timestamp": "2026-01-01T00:00:00Z", "Value": 1}],
    }
    running = start(**switches)
    group = "values" if "lowercase_rest" in switches.values() else "Values"

    answer = running.http.post(f"/api/v2/{group}/{path}", json=bodies[body])

    assert answer.status_code == 200
    assert list(running.simulator.stored_hours(101).values()) == [1]
    summary = {name.lower(): value for name, value in answer.json().items()}
    assert summary["meterid"] == 101
    assert ("MeterId" in answer.json()) is (body == "Pascal")


@pytest.mark.parametrize(
    ("success", "code"), [("200_empty", 200), ("202_async", 202), ("204_empty", 204)]
)
def test_other_forms_of_success(start: Start, success: str, code: int) -> None:
    running = start(push_success=success)

    answer = running.push(101, [row("2026-01-01T00:00:00Z", 1)])

    assert (answer.status_code, answer.content) == (code, b"")
    assert len(running.simulator.stored_hours(101)) == 1


def test_year_in_one_message(start: Start) -> None:
    running = start()
    first = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [row(stamp(first + n * HOUR), n / 10) for n in range(8760)]

    answer = running.push(101, rows)

    assert answer.json()["hours"] == 8760
    assert running.simulator.stored_hours(101)[first + 8759 * HOUR] == 875.9
    entry = running.hourly(101, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z").json()[0]
    assert entry["values"] == rows
