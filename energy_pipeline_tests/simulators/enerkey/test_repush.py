"""What a second message does to an hour: the five models against the table of the contract."""

from datetime import UTC, datetime

import pytest

from energy_pipeline.simulators.enerkey import Switches
from energy_pipeline_tests.simulators.enerkey.conftest import Start, row

HOUR = datetime(2026, 1, 1, tzinfo=UTC)
ON_HOUR, QUARTER, HALF, LATE = (
    f"2026-01-01T00:{minute}:00Z" for minute in ("00", "15", "30", "45")
)
MODELS = ("overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first")
QUARTERS = [row(at, 2.5) for at in (ON_HOUR, QUARTER, HALF, LATE)]
CASES = {
    "once": ([[row(ON_HOUR, 10)]], (10, 10, 10, 10, 10)),
    "same message again": ([[row(ON_HOUR, 10)], [row(ON_HOUR, 10)]], (10, 20, 10, 10, 10)),
    "correction": ([[row(ON_HOUR, 10)], [row(ON_HOUR, 12)]], (12, 22, 12, 10, 10)),
    "two parts": ([[row(ON_HOUR, 4)], [row(HALF, 6)]], (6, 10, 10, 4, 4)),
    "quarters, then the hour": ([QUARTERS, [row(ON_HOUR, 10)]], (10, 20, 17.5, 10, 10)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", MODELS)
def test_stored_hour(start: Start, model: str, case: str) -> None:
    running = start(repush_consumption=model)
    messages, expected = CASES[case]

    codes = [running.push(101, message).status_code for message in messages]

    second_code = 409 if model == "reject" else 200
    assert codes == [200, second_code][: len(messages)]
    assert running.simulator.stored_hours(101) == {HOUR: expected[MODELS.index(model)]}


@pytest.mark.parametrize(
    ("model", "codes", "readings"),
    [
        ("overwrite_hour", [200, 200, 200, 200], [1, 1, 2, 3]),
        ("sum", [200, 200, 200, 200], [1, 2, 4, 7]),
        ("timestamp_upsert", [200, 200, 200, 200], [1, 1, 2, 5]),
        ("reject", [200, 409, 409, 409], [1, 1, 1, 1]),
        ("keep_first", [200, 200, 200, 200], [1, 1, 1, 1]),
    ],
)
def test_probe_tells_the_model(
    start: Start, model: str, codes: list[int], readings: list[float]
) -> None:
    running = start(repush_consumption=model)
    seen_codes, seen_values = [], []
    for at, value in ((ON_HOUR, 1), (ON_HOUR, 1), (ON_HOUR, 2), (HALF, 3)):
        seen_codes.append(running.push(101, [row(at, value)]).status_code)
        seen_values += running.values(101, ON_HOUR, "2026-01-01T01:00:00Z").values()

    assert seen_codes == codes
    assert seen_values == readings


def test_the_default_is_the_harshest() -> None:
    assert Switches().repush_consumption == "sum"


def test_rejected_message_stores_nothing_of_it(start: Start) -> None:
    running = start(repush_consumption="reject")
    running.push(101, [row(ON_HOUR, 10)])

    answer = running.push(101, [row("2026-01-01T01:00:00Z", 5), row(ON_HOUR, 10)])

    assert answer.status_code == 409
    assert running.simulator.stored_hours(101) == {HOUR: 10}
    assert running.simulator.pushes_per_hour(101) == {HOUR: 1}
    assert running.simulator.arrivals_per_hour(101)[HOUR] == 2


def test_partial_acceptance_keeps_the_hours_that_were_free(start: Start) -> None:
    running = start(repush_consumption="reject", push_atomicity="partial")
    running.push(101, [row(ON_HOUR, 10)])

    answer = running.push(101, [row("2026-01-01T01:00:00Z", 5), row(ON_HOUR, 7)])

    assert answer.status_code == 409
    assert list(running.simulator.stored_hours(101).values()) == [10, 5]
    assert running.simulator.requests[-1].rows == 1


def test_partial_acceptance_keeps_the_good_rows(start: Start) -> None:
    running = start(push_atomicity="partial")

    answer = running.push(101, [row(ON_HOUR, 10), {"timestamp": ON_HOUR, "value": None}])

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["[1].value"]
    assert running.simulator.stored_hours(101) == {HOUR: 10}


def test_one_bad_row_refuses_the_message(start: Start) -> None:
    running = start()

    answer = running.push(101, [row(ON_HOUR, 10), row("2026-01-01T01:00:00", 1)])

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["[1].timestamp"]
    assert running.simulator.stored_hours(101) == {}
    assert not running.simulator.requests[-1].is_committed


def test_messages_of_an_hour_are_counted_not_its_rows(start: Start) -> None:
    running = start(repush_consumption="keep_first")

    running.push(101, QUARTERS)
    running.push(101, [row(ON_HOUR, 1)])

    assert running.simulator.pushes_per_hour(101) == {HOUR: 2}
    assert running.simulator.arrivals_per_hour(101) == {HOUR: 2}
    assert [record.is_committed for record in running.simulator.requests] == [True, False]


def test_amounts_add_up_like_decimals(start: Start) -> None:
    running = start()

    running.push(101, [row(ON_HOUR, 0.1), row(HALF, 0.2)])

    assert running.simulator.stored_hours(101) == {HOUR: 0.3}


@pytest.mark.parametrize(
    ("model", "code", "expected"),
    [("timestamp_upsert", 200, 7.0), ("reject", 409, 5.0), ("keep_first", 200, 5.0)],
)
def test_second_reading_of_an_instant(start: Start, model: str, code: int, expected: float) -> None:
    running = start(repush_cumulative=model)
    running.push_readings(102, [row(ON_HOUR, 100), row("2026-01-01T01:00:00Z", 105)])

    answer = running.push_readings(102, [row("2026-01-01T01:00:00Z", 107)])

    assert answer.status_code == code
    assert running.simulator.stored_hours(102) == {HOUR: expected}
