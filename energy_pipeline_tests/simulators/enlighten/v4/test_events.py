from dataclasses import replace
from datetime import UTC, datetime

import pytest

from energy_pipeline.simulators.enlighten.faults import Outage
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import (
    NOON,
    PUNCTUAL,
    epoch,
    house,
    simulator,
)
from energy_pipeline_tests.simulators.enlighten.v4.asking import DAY_S, ask, refused


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


PAST = Outage(at(2024, 6, 7, 6), at(2024, 6, 7, 18))
PRESENT = Outage(at(2024, 6, 10, 9), at(2024, 6, 11, 9))
NEIGHBOUR = Outage(at(2024, 6, 9, 9), at(2024, 6, 11, 9), system_id=68)
SERIAL = house().gateway_serial


def world(**members):
    outages = (PRESENT, PAST, NEIGHBOUR)
    return simulator(house(67), house(68), faults=replace(PUNCTUAL, outages=outages), **members)


def starts(answer, member="events"):
    assert answer.status_code == 200, answer.text
    key = "event_start_time" if member == "events" else "alarm_start_time"
    return [each[key] for each in answer.json()[member]]


def ask_since(sim, kind, start, **params):
    return ask(sim, f"/systems/67/{kind}", start_time=int(start.timestamp()), **params)


def test_an_outage_is_an_event_that_is_open_until_it_ends():
    sim = world()
    closed, opened = (
        {
            "status": "Closed",
            "event_type_id": 28,
            "event_start_time": epoch(2024, 6, 7, 6),
            "event_end_time": epoch(2024, 6, 7, 18),
            "serial_number": SERIAL,
        },
        {
            "status": "Open",
            "event_type_id": 28,
            "event_start_time": epoch(2024, 6, 10, 9),
            "event_end_time": None,
            "serial_number": SERIAL,
        },
    )
    week = ask_since(sim, "events", at(2024, 6, 4), end_time=epoch(2024, 6, 11))
    assert week.json() == {"system_id": 67, "events": [closed, opened]}
    (only,) = ask(sim, "/systems/67/open_events").json()["events"]
    assert only == {**opened, "status": "open"}
    sim.clock.advance(DAY_S)
    assert ask(sim, "/systems/67/open_events").json()["events"] == []


def test_a_window_is_a_day_unless_it_ends_elsewhere_and_at_most_a_week():
    sim = world()
    past, present = (int(o.start.timestamp()) for o in (PAST, PRESENT))
    assert starts(ask_since(sim, "events", at(2024, 6, 6, 7))) == [past]
    assert starts(ask_since(sim, "events", at(2024, 6, 6, 5))) == []
    assert starts(ask_since(sim, "events", at(2024, 6, 8))) == []
    later = int(NOON.timestamp()) + 5 * DAY_S
    assert starts(ask_since(sim, "events", at(2024, 6, 5), end_time=later)) == [past, present]
    assert starts(ask_since(sim, "events", at(2024, 6, 1), end_time=later)) == [past]
    assert starts(ask_since(sim, "events", at(2024, 6, 7, 12))) == [past]


def test_an_outage_is_not_known_before_it_begins():
    sim = world(now=at(2024, 6, 9))
    assert starts(ask_since(sim, "events", at(2024, 6, 8, 12))) == []
    assert ask(sim, "/systems/67/open_events").json()["events"] == []


def test_alarms_are_active_or_cleared():
    sim = world()
    window = {"end_time": epoch(2024, 6, 11)}
    (active,) = ask_since(sim, "alarms", at(2024, 6, 5), **window).json()["alarms"]
    (over,) = ask_since(sim, "alarms", at(2024, 6, 5), cleared="true", **window).json()["alarms"]
    start = epoch(2024, 6, 10, 9)
    assert active == {
        "id": active["id"],
        "cleared": False,
        "severity": 3,
        "events": [{"serial_number": SERIAL, "start_date": start, "end_date": None}],
        "event_type_id": 28,
        "alarm_start_time": start,
        "alarm_end_time": None,
    }
    assert isinstance(active["id"], str)
    assert active["id"] != over["id"]
    assert (over["cleared"], over["alarm_end_time"]) == (True, epoch(2024, 6, 7, 18))
    assert over["events"][0]["end_date"] == epoch(2024, 6, 7, 18)
    (opened,) = ask(sim, "/systems/67/open_alarms").json()["alarms"]
    assert opened["id"] == f"67.8.{start}000"
    assert set(active) - set(opened) == {"cleared", "alarm_end_time"}


@pytest.mark.parametrize("kind", ["events", "alarms"])
def test_a_window_needs_a_start_that_is_not_too_old(kind):
    sim = world()
    now = int(NOON.timestamp())
    path = f"/systems/67/{kind}"
    assert refused(ask(sim, path)) == (422, "start_time is required")
    assert refused(ask(sim, path, start_time="soon"))[0] == 500
    assert refused(ask(sim, path, start_time=now + 1))[0] == 422
    assert ask(sim, path, start_time=now - 274 * DAY_S).status_code == 200
    assert refused(ask(sim, path, start_time=now - 275 * DAY_S))[0] == 422
    sim.switches = Switches(events_history_days=182)
    assert refused(ask(sim, path, start_time=now - 183 * DAY_S))[0] == 422


def test_kinds_of_events_can_be_looked_up():
    sim = simulator()
    everything = ask(sim, "/systems/event_types").json()
    (kind,) = everything["event_types"]
    assert set(kind) == {
        "event_type_id",
        "event_type_key",
        "stateful",
        "event_name",
        "event_description",
        "recommended_action",
    }
    assert ask(sim, "/systems/event_types", event_type_id=28).json() == everything
    unknown = ask(sim, "/systems/event_types", event_type_id=29)
    assert refused(unknown) == (404, 'Event type not found for {:id=>"29"}')
