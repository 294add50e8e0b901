"""From readings to hours: the examples of the contract and every switch that bends them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.simulators.enerkey import Switches
from energy_pipeline.simulators.enerkey.registers import hourly_consumption
from energy_pipeline_tests.simulators.enerkey.conftest import Start, row

T0 = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLE = [
    row("2026-01-01T00:00:00Z", 1000.0),
    row("2026-01-01T01:00:00Z", 1012.5),
    row("2026-01-01T03:00:00Z", 1020.5),
]
HALF_HOUR = [
    row("2026-01-01T00:00:00Z", 1000.0),
    row("2026-01-01T00:30:00Z", 1005.0),
    row("2026-01-01T01:00:00Z", 1012.5),
]
FALLING = [row("2026-01-01T00:00:00Z", 1000.0), row("2026-01-01T01:00:00Z", 990.0)]


def by_number(stored: dict[datetime, float]) -> dict[int, float]:
    return {(at - T0) // timedelta(hours=1): value for at, value in stored.items()}


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ("spread_evenly", {0: 12.5, 1: 4.0, 2: 4.0}),
        ("last_hour", {0: 12.5, 2: 8.0}),
        ("left_empty", {0: 12.5}),
    ],
)
def test_gap(start: Start, gap: str, expected: dict[int, float]) -> None:
    running = start(cumulative_gap=gap)

    answer = running.push_readings(102, EXAMPLE)

    assert answer.json() == {
        "meterId": 102,
        "receivedValues": 3,
        "hours": 3,
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T03:00:00Z",
    }
    assert by_number(running.simulator.stored_hours(102)) == expected


@pytest.mark.parametrize(
    ("same_hour", "expected"), [("sum_of_differences", 12.5), ("last_reading_wins", 7.5)]
)
def test_several_readings_in_an_hour(start: Start, same_hour: str, expected: float) -> None:
    running = start(cumulative_same_hour=same_hour)

    running.push_readings(102, HALF_HOUR)

    assert sum(running.simulator.stored_hours(102).values()) == expected


def test_readings_that_are_summed_become_nonsense(start: Start) -> None:
    running = start(cumulative_same_hour="readings_summed", cumulative_decrease="negative")

    running.push_readings(102, HALF_HOUR)

    assert by_number(running.simulator.stored_hours(102)) == {0: 1012.5 - 2005.0}


def test_first_reading_is_a_baseline(start: Start) -> None:
    running = start()

    answer = running.push_readings(102, EXAMPLE[:1])

    assert answer.json()["hours"] == 0
    assert running.simulator.stored_hours(102) == {}
    assert running.simulator.stored_readings(102) == {T0: 1000.0}


def test_replaced_reading_changes_both_neighbours(start: Start) -> None:
    running = start()
    running.push_readings(102, EXAMPLE)

    running.push_readings(102, [row("2026-01-01T01:00:00Z", 1010.5)])

    assert by_number(running.simulator.stored_hours(102)) == {0: 10.5, 1: 5.0, 2: 5.0}


def test_earlier_reading_that_comes_later(start: Start) -> None:
    running = start()
    running.push_readings(102, EXAMPLE[1:])

    running.push_readings(102, EXAMPLE[:1])

    assert by_number(running.simulator.stored_hours(102)) == {0: 12.5, 1: 4.0, 2: 4.0}


def test_falling_register_is_refused_whole(start: Start) -> None:
    running = start()
    running.push_readings(102, EXAMPLE)

    answer = running.push_readings(
        102, [row("2026-01-01T04:00:00Z", 1030.0), row("2026-01-01T05:00:00Z", 1020.0)]
    )

    assert answer.status_code == 422
    assert len(running.simulator.stored_readings(102)) == 3


def test_partial_acceptance_leaves_the_falling_reading_out(start: Start) -> None:
    running = start(push_atomicity="partial")

    answer = running.push_readings(102, [*FALLING, row("2026-01-01T02:00:00Z", 1003.0)])

    assert answer.status_code == 422
    assert list(running.simulator.stored_readings(102).values()) == [1000.0, 1003.0]


def test_fall_of_another_writer_does_not_refuse_later_readings(start: Start) -> None:
    running = start()
    running.push_readings(102, EXAMPLE)
    running.simulator.write_as_other(102, T0, 5000.0)

    assert running.push_readings(102, [row("2026-01-01T04:00:00Z", 1030.0)]).status_code == 200


def test_fall_of_another_writer_does_not_hide_a_new_one(start: Start) -> None:
    running = start()
    running.push_readings(102, EXAMPLE)
    running.simulator.write_as_other(102, T0, 5000.0)

    assert running.push_readings(102, [row("2026-01-01T04:00:00Z", 1.0)]).status_code == 422


@pytest.mark.parametrize(
    ("decrease", "expected"), [("register_change", {}), ("negative", {0: -10.0})]
)
def test_decrease_that_is_taken(start: Start, decrease: str, expected: dict[int, float]) -> None:
    running = start(cumulative_decrease=decrease)

    assert running.push_readings(102, FALLING).status_code == 200
    assert by_number(running.simulator.stored_hours(102)) == expected


@given(
    readings=st.dictionaries(
        st.integers(0, 200_000), st.integers(0, 10**9), min_size=2, max_size=20
    )
)
def test_hours_add_up_to_the_register(readings: dict[int, int]) -> None:
    switches = Switches(cumulative_decrease="negative")
    hours = hourly_consumption({at: float(value) for at, value in readings.items()}, switches)

    assert sum(hours.values()) == pytest.approx(
        readings[max(readings)] - readings[min(readings)], abs=1e-3
    )
    assert all(hour % 3600 == 0 and hour + 3600 > min(readings) for hour in hours)
