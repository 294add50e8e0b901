"""Which intervals a telemetry request gets."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import epoch, house, simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    DAY_S,
    QUARTERLY,
    TELEMETRY,
    ask,
    battery_house,
    ends,
    refused,
    rows,
)

MICRO = "/systems/67/telemetry/production_micro"
METER = "/systems/67/telemetry/production_meter"
SIM = simulator(battery_house(), switches=Switches(nights="zero"))
FUTURE = (422, "Invalid request because of 'Requested date is in the future'")
OUTSIDE = "Requested date range is invalid for this system"


@pytest.mark.parametrize(
    ("granularity", "micros", "quarters"),
    [("5mins", 1, 0), ("15mins", 3, 1), ("day", 288, 96), ("week", 2016, 672), (None, 288, 96)],
)
@pytest.mark.parametrize("path", TELEMETRY)
def test_granularity_is_the_length_of_the_window(path, granularity, micros, quarters):
    start = epoch(2024, 6, 2, 21)
    answer = ask(SIM, f"/systems/67/{path}", start_at=start, granularity=granularity)
    step, count = (900, quarters) if path in QUARTERLY else (300, micros)
    assert ends(answer) == [start + step * n for n in range(1, count + 1)]
    assert answer.json()["granularity"] == granularity or granularity is None


@given(st.sampled_from(sorted(TELEMETRY)), st.integers(epoch(2024, 6, 2), epoch(2024, 6, 10)))
def test_a_window_is_rounded_down_open_at_its_start_and_closed_at_its_end(path, start):
    answer = ask(SIM, f"/systems/67/{path}", start_at=start, granularity="15mins")
    step = 900 if path in QUARTERLY else 300
    end = min(start + 900, epoch(2024, 6, 10, 12, 7))
    marks = range(start // step * step + step, end // step * step + 1, step)
    assert ends(answer) == list(marks)
    assert answer.json()["start_at"] == start


def test_the_first_interval_of_a_published_request():
    start = 1718530896
    now = datetime.fromtimestamp(start + 3 * DAY_S, UTC)
    sim = simulator(house(last=date(2024, 6, 20)), now=now)
    body = ask(sim, MICRO, start_at=start, granularity="day").json()
    assert (body["start_at"], body["intervals"][0]["end_at"]) == (start, 1718531100)


def test_a_date_is_the_local_day_and_is_answered_with_dates():
    body = ask(SIM, METER, start_date="2024-06-09").json()
    assert (body["start_date"], body["end_date"]) == (
        "2024-06-09T00:00:00+03:00",
        "2024-06-10T00:00:00+03:00",
    )
    assert "start_at" not in body
    assert [i["end_at"] for i in body["intervals"]] == [
        epoch(2024, 6, 8, 21) + 900 * n for n in range(1, 97)
    ]
    week = ask(SIM, METER, start_date="2024-06-02", granularity="week").json()
    assert (len(week["intervals"]), week["end_date"]) == (672, "2024-06-09T00:00:00+03:00")
    short = ask(SIM, METER, start_date="2024-06-02", granularity="15mins").json()
    assert short["end_date"] == "2024-06-02T00:15:00+03:00"


@pytest.mark.parametrize(
    ("day", "quarters", "by_instant"), [("2024-03-31", 92, 96), ("2024-10-27", 100, 96)]
)
def test_a_date_has_as_many_quarters_as_its_clock_says(day, quarters, by_instant):
    first = date.fromisoformat(day) - timedelta(days=3)
    system = house(first=first, last=first + timedelta(days=9))
    noon = datetime.combine(first + timedelta(days=6), datetime.min.time(), UTC)
    sim = simulator(system, now=noon)
    assert len(rows(ask(sim, METER, start_date=day))) == quarters
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Helsinki"))
    answer = ask(sim, METER, start_at=int(midnight.timestamp()))
    assert len(rows(answer)) == by_instant
    sim.clock.advance(3 * DAY_S)
    assert len(rows(ask(sim, METER, start_date=str(first), granularity="week"))) == 576 + quarters


@pytest.mark.parametrize("params", [{}, {"granularity": "week"}, {"granularity": "5mins"}])
def test_without_a_start_it_is_today_whatever_the_granularity(params):
    body = ask(SIM, METER, **params).json()
    midnight = epoch(2024, 6, 9, 21)
    assert (body["start_at"], body["granularity"]) == (midnight, "day")
    assert body["intervals"][0]["end_at"] == midnight + 900
    newest = body["intervals"][-1]["end_at"]
    assert epoch(2024, 6, 10, 11, 30) <= newest <= epoch(2024, 6, 10, 12)
    assert body["end_at"] == newest


def test_the_end_of_a_running_day_of_micros_is_the_last_energy():
    body = ask(SIM, MICRO).json()
    assert body["end_at"] == body["meta"]["last_energy_at"]
    assert body["end_at"] < epoch(2024, 6, 10, 12, 7)
    past = ask(SIM, MICRO, start_at=epoch(2024, 6, 8)).json()
    assert past["end_at"] == epoch(2024, 6, 9)


def test_before_sunrise_the_end_is_not_before_the_start():
    now = datetime(2024, 6, 9, 22, 7, tzinfo=UTC)
    sim = simulator(house(measured_by="micro"), now=now)
    body = ask(sim, MICRO).json()
    assert body["intervals"] == []
    assert body["end_at"] == body["start_at"] == epoch(2024, 6, 9, 21)
    assert body["total_devices"] == 16


@pytest.mark.parametrize("path", TELEMETRY)
def test_a_start_after_everything_known_is_empty_or_refused_as_before_april_2023(path):
    sim = simulator(battery_house(), now=datetime(2024, 6, 9, 21, 4, tzinfo=UTC))
    url, start = f"/systems/67/{path}", epoch(2024, 6, 9, 21)
    assert ask(sim, url, start_at=start).json()["intervals"] == []
    stream, _ = TELEMETRY[path]
    known = sim.fleet.systems[67].series[stream]
    sim.switches = Switches(after_last_interval="422")
    status, details = refused(ask(sim, url, start_at=start))
    assert status == 422
    head = f"Invalid request because of '{OUTSIDE}. {{:start_at=>{start}, :end_at=>"
    assert details.startswith(head)
    assert details.endswith("}'")
    if stream != "production_micro":
        assert f":first_interval=>{known.first_end_at}, :last_interval=>" in details
    assert ask(sim, url, start_at=start - DAY_S).status_code == 200


@pytest.mark.parametrize("path", TELEMETRY)
def test_the_future_is_refused_at_both_ends(path):
    now, url = int(SIM.clock.now().timestamp()), f"/systems/67/{path}"
    assert refused(ask(SIM, url, start_at=now + 1)) == FUTURE
    assert refused(ask(SIM, url, start_date="2024-06-11")) == FUTURE
    assert refused(ask(SIM, url, start_at=now - DAY_S, end_at=now + 1)) == FUTURE
    assert ask(SIM, url, start_at=now).status_code == 200


@pytest.mark.parametrize("path", TELEMETRY)
def test_more_than_two_years_ago_is_refused(path):
    sim = simulator(battery_house(first=date(2022, 6, 1), last=date(2024, 6, 11)))
    oldest, url = int(sim.clock.now().timestamp()) - 730 * DAY_S, f"/systems/67/{path}"
    assert rows(ask(sim, url, start_at=oldest))
    status, details = refused(ask(sim, url, start_at=oldest - 1))
    assert (status, OUTSIDE in details) == (422, True)
    sim.switches = Switches(telemetry_history_days=None)
    assert rows(ask(sim, url, start_at=oldest - 1))


@pytest.mark.parametrize("path", TELEMETRY)
def test_a_start_before_the_first_report_is_the_midnight_of_the_first_reported_day(path):
    answer = ask(SIM, f"/systems/67/{path}", start_at=epoch(2024, 5, 1))
    step, first = 900 if path in QUARTERLY else 300, epoch(2024, 5, 31, 21)
    found = ends(answer)
    assert (found[0], found[-1]) == (first + step, first + DAY_S)
    assert answer.json()["start_at"] == first


def test_an_end_can_be_named_and_only_shortens_the_window():
    start = epoch(2024, 6, 8, 3)
    quarter = ask(SIM, METER, start_at=start, end_at=start + 1799)
    assert ends(quarter) == [start + 900]
    longer = ask(SIM, METER, start_at=start, end_at=start + DAY_S + 7200)
    assert ends(longer)[-1] == start + DAY_S
    by_date = ask(SIM, METER, start_date="2024-06-07", end_date="2024-06-08", granularity="week")
    assert len(rows(by_date)) == 96
    assert refused(ask(SIM, METER, start_at=start, end_at=start - 900))[0] == 422


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("start_date", "2019-08-33"),
        ("start_at", "yesterday"),
        ("start_at", "-5"),
        ("end_at", "12.5"),
        ("start_at", str(2**40)),
    ],
)
def test_a_time_that_cannot_be_read_is_the_services_own_mistake(name, text):
    details = "Problem parsing time. Is time passed correctly in the following fields"
    assert refused(ask(SIM, METER, **{name: text})) == (500, f'{details} {{:{name}=>"{text}"}}')


def test_an_unknown_granularity_is_refused():
    assert refused(ask(SIM, METER, start_at=epoch(2024, 6, 8), granularity="month"))[0] == 422
