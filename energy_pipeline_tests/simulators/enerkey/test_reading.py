"""Hourly and monthly reads: offsets, labels, months, clock changes, gaps and limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energy_pipeline.simulators.enerkey import Facility, Meter, profile
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start, hours, row, stamp

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)


@pytest.fixture
def day(start: Start) -> Running:
    """Meter 101 with 24 hours of 1 January 2026 UTC, the hour's number as its value."""
    running = start()
    rows = [row(stamp(JANUARY + timedelta(hours=n)), n) for n in range(24)]
    running.push(101, rows)
    return running


def test_answer_has_the_offset_of_from(day: Running) -> None:
    (entry,) = day.hourly(101, "2026-01-01T02:00:00+02:00", "2026-01-01T01:00:00Z").json()

    assert entry == {
        "meterId": 101,
        "quantityId": 1,
        "unit": "kWh",
        "values": [{"timestamp": "2026-01-01T02:00:00+02:00", "value": 0}],
    }


@pytest.mark.parametrize(
    ("offset", "label"),
    [
        ("offset_of_from", "2026-07-01T02:00:00+02:00"),
        ("utc", "2026-07-01T00:00:00Z"),
        ("zone_local", "2026-07-01T03:00:00+03:00"),
    ],
)
def test_offset_in_summer(start: Start, offset: str, label: str) -> None:
    running = start(now=LATER, response_offset=offset)
    running.push(101, [row("2026-07-01T00:00:00Z", 1)])

    values = running.values(101, "2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00+02:00")

    assert list(values) == [label]


def test_range_is_half_open(day: Running) -> None:
    assert list(day.values(101, "2026-01-01T05:00:00Z", "2026-01-01T07:00:00Z").values()) == [5, 6]


def test_closed_range(start: Start) -> None:
    running = start(range_bounds="closed")
    running.push(101, hours(JANUARY, 24))

    assert len(running.values(101, "2026-01-01T05:00:00Z", "2026-01-01T07:00:00Z")) == 3


def test_hour_without_data_is_left_out_and_zero_is_not(start: Start) -> None:
    running = start()
    running.push(101, [row("2026-01-01T00:00:00Z", 0), row("2026-01-01T02:00:00Z", 2)])

    values = running.values(101, "2026-01-01T00:00:00Z", "2026-01-01T04:00:00Z")

    assert values == {"2026-01-01T00:00:00Z": 0, "2026-01-01T02:00:00Z": 2}


def test_missing_as_null(start: Start) -> None:
    running = start(missing_values="null_value")
    running.push(101, [row("2026-01-01T01:00:00Z", 2)])

    values = running.values(101, "2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z")
    months = running.monthly(101, "2025-12-31T22:00:00Z", "2026-02-28T22:00:00Z").json()

    assert list(values.values()) == [None, 2, None]
    assert [each["value"] for each in months[0]["values"]] == [2, None]


def test_label_at_the_end_of_the_hour(start: Start) -> None:
    running = start(hour_label="end")
    running.push(101, [row("2026-01-01T01:00:00Z", 5), row("2026-01-01T00:30:00Z", 1)])
    running.push_readings(102, [row("2026-01-01T00:00:00Z", 5), row("2026-01-01T01:00:00Z", 7)])

    assert running.simulator.stored_hours(101) == {JANUARY: 6}
    assert running.values(101, "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z") == {
        "2026-01-01T01:00:00Z": 6
    }
    assert list(running.values(102, "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z")) == [
        "2026-01-01T01:00:00Z"
    ]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("2026-03-29T00:00:00+02:00", "2026-03-30T00:00:00+03:00", 23),
        ("2026-10-25T00:00:00+03:00", "2026-10-26T00:00:00+02:00", 25),
    ],
)
def test_days_of_the_clock_changes(start: Start, first: str, last: str, count: int) -> None:
    running = start(now=LATER, response_offset="zone_local")
    running.push(101, hours(datetime.fromisoformat(first), count + 1))

    labels = list(running.values(101, first, last))

    assert len(set(labels)) == count
    local_hours = [label[11:13] for label in labels]
    assert local_hours.count("03") == (0 if count == 23 else 2)


@pytest.fixture
def year(start: Start) -> Running:
    """Meter 101 with 1 in every hour of 2026 in Helsinki."""
    running = start(now=LATER)
    running.push(101, hours(datetime(2025, 12, 31, 22, tzinfo=UTC), 8760))
    return running


def monthly(running: Running, start: str, end: str) -> dict[str, float]:
    (entry,) = running.monthly(101, start, end).raise_for_status().json()
    return {each["timestamp"]: each["value"] for each in entry["values"]}


@pytest.mark.parametrize(
    ("begin", "january", "july"),
    [
        ("2025-12-31T22:00:00Z", "2025-12-31T22:00:00Z", "2026-06-30T21:00:00Z"),
        ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00+02:00", "2026-06-30T23:00:00+02:00"),
    ],
)
def test_month_of_the_facility(year: Running, begin: str, january: str, july: str) -> None:
    values = monthly(year, begin, "2026-12-31T22:00:00Z")

    assert len(values) == 12
    assert values[january] == values[july] == 744
    assert sorted(values.values()) == [672] + [720] * 4 + [743] + [744] * 5 + [745]


def test_month_belongs_to_the_range_by_its_first_instant(year: Running) -> None:
    assert list(monthly(year, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")) == [
        "2026-01-31T22:00:00Z"
    ]


@pytest.mark.parametrize(
    ("definition", "label"),
    [("request_offset", "2026-03-01T00:00:00+05:00"), ("utc", "2026-03-01T05:00:00+05:00")],
)
def test_other_months(start: Start, definition: str, label: str) -> None:
    running = start(month_definition=definition)
    running.push(101, hours(datetime(2026, 2, 28, tzinfo=UTC), 96))

    assert list(monthly(running, "2026-03-01T00:00:00+05:00", "2026-04-01T00:00:00+05:00")) == [
        label
    ]


def test_months_of_a_half_hour_zone(start: Start) -> None:
    meters = [Meter(101, 11, "Meter")]
    facility = Facility(11, "Kolkata", "Asia/Kolkata")
    running = start(given=profile(meters, facilities=[facility]))
    running.push(101, hours(datetime(2026, 1, 31, 12, tzinfo=UTC), 24))

    values = monthly(running, "2026-01-30T00:00:00Z", "2026-03-01T00:00:00Z")

    assert values == {"2026-01-31T18:30:00Z": 17}


def test_entries_are_sorted_and_unknown_meters_left_out(day: Running) -> None:
    answer = day.hourly([103, 999, 101, 103], "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")

    assert [(entry["meterId"], len(entry["values"])) for entry in answer.json()] == [
        (101, 1),
        (103, 0),
    ]
    assert [entry["unit"] for entry in answer.json()] == ["kWh", "MWh"]


def test_unknown_meter_refuses_the_list(start: Start) -> None:
    running = start(unknown_ids_in_list="404_all")

    answer = running.hourly([101, 999], "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("style", "query"),
    [("repeated", "meterIds=101&meterIds=103"), ("comma", "meterIds=101,103")],
)
def test_lists_of_ids(start: Start, style: str, query: str) -> None:
    running = start(list_parameters=style)
    times = "from=2026-01-01T00%3A00%3A00Z&to=2026-01-01T01%3A00%3A00Z"

    answer = running.http.get(f"/api/v2/Values/HourlyValues?{query}&{times}")

    assert [entry["meterId"] for entry in answer.json()] == [101, 103]


def test_list_of_ids_in_the_body(start: Start) -> None:
    running = start(list_parameters="post_body")
    times = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"}
    path = "/api/v2/Values/HourlyValues"

    answer = running.http.post(path, params=times, json={"meterIds": [101]})

    assert [entry["meterId"] for entry in answer.json()] == [101]
    assert running.http.get(path, params=times).status_code == 405
    assert running.http.post(path, params=times, json={"meterIds": 101}).status_code == 400


READ_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"meterIds": []}, "meterIds"),
    ({"meterIds": ["x"]}, "meterIds"),
    ({"meterIds": [0]}, "meterIds"),
    ({"meterIds": [2**31]}, "meterIds"),
    ({"meterIds": list(range(1, 102))}, "meterIds"),
    ({"from": []}, "from"),
    ({"from": "2026-01-01"}, "from"),
    ({"from": "2026-01-01T00:00:00"}, "from"),
    ({"from": "2026-01-01T00:30:00Z"}, "from"),
    ({"from": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]}, "from"),
    ({"from": "0001-01-01T00:00:00Z"}, "from"),
    ({"to": "2026-01-01T00:00:00Z"}, "to"),
    ({"to": "2027-01-01T01:00:00Z"}, "to"),
]


@pytest.mark.parametrize(("change", "member"), READ_MISTAKES)
def test_what_no_read_may_ask(day: Running, change: dict[str, Any], member: str) -> None:
    params = {
        "meterIds": [101],
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T01:00:00Z",
        **change,
    }

    answer = day.http.get("/api/v2/Values/HourlyValues", params=params)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [member]


def test_widest_ranges(start: Start) -> None:
    running = start()
    year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")

    assert running.hourly(101, *year).status_code == 200
    assert running.monthly(101, "2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z").status_code == 200
    assert running.monthly(101, "2016-01-01T00:00:00Z", "2026-01-02T00:00:00Z").status_code == 400
    assert start(get_range_max="31_days").hourly(101, *year).status_code == 400
    lifted = start(get_range_max="none")
    assert lifted.hourly(101, "2016-01-01T00:00:00Z", year[1]).status_code == 200


@pytest.mark.parametrize("name", ["from", "to"])
def test_raw_plus_is_a_space(day: Running, name: str) -> None:
    encoded = {
        "from": "2026-01-01T02%3A00%3A00%2B02%3A00",
        "to": "2026-01-01T09%3A00%3A00%2B02%3A00",
    }
    encoded[name] = encoded[name].replace("%2B", "+")
    query = "&".join(f"{key}={value}" for key, value in encoded.items())

    answer = day.http.get(f"/api/v2/Values/HourlyValues?meterIds=101&{query}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]


def test_raw_plus_is_refused_anywhere(day: Running) -> None:
    answer = day.http.get("/api/v2/Quantities?note=one+two")

    assert list(answer.json()["errors"]) == ["note"]


def test_unknown_parameters_are_ignored(day: Running) -> None:
    params = {
        "meterIds": 101,
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T01:00:00Z",
        "speed": "fast",
    }

    assert day.http.get("/api/v2/Values/HourlyValues", params=params).status_code == 200


@pytest.mark.parametrize("delay_s", [900, 86400])
def test_pushed_value_is_readable_after_the_delay(start: Start, delay_s: int) -> None:
    running = start(read_back_delay_seconds=delay_s)
    asked = (101, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")
    running.push(101, [row("2026-01-01T00:00:00Z", 5)])
    running.clock.advance(delay_s / 2)
    running.push(101, [row("2026-01-01T00:00:00Z", 2)])

    seen = [running.values(*asked)]
    for _ in range(2):
        running.clock.advance(delay_s / 2)
        seen.append(running.values(*asked))

    assert [list(values.values()) for values in seen] == [[], [5], [7]]
    assert running.simulator.stored_hours(101) == {JANUARY: 7}


def test_readings_are_readable_after_the_delay(start: Start) -> None:
    running = start(read_back_delay_seconds=900)
    asked = (102, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")
    running.push_readings(102, [row("2026-01-01T00:00:00Z", 5), row("2026-01-01T01:00:00Z", 7)])

    assert running.values(*asked) == {}
    running.clock.advance(900)
    assert running.values(*asked) == {"2026-01-01T00:00:00Z": 2}


def test_one_second_before_the_delay_ends_nothing_is_readable(start: Start) -> None:
    running = start(read_back_delay_seconds=900)
    running.push(101, [row("2026-01-01T00:00:00Z", 5)])
    running.clock.advance(899)

    assert running.values(101, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z") == {}
