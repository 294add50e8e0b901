"""Events and alarms in dialect v4."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.sources.enlighten.v4.events import (
    alarms,
    event_types,
    events,
    open_alarms,
    open_events,
)
from energy_pipeline_tests.sources.enlighten.served import NOON, NOTHING, Said, served

HOUR = timedelta(hours=1)
BEGUN = datetime(2024, 6, 1, 12, tzinfo=UTC)
EVENT = {
    "status": "Open",
    "event_type_id": 28,
    "event_start_time": 1717243200,
    "event_end_time": None,
    "serial_number": "1219",
}
ALARM = {
    "id": "67.8.1717243200000",
    "severity": 2,
    "events": [{"serial_number": "1219", "start_date": 1717243200, "end_date": None}],
    "event_type_id": 28,
    "alarm_start_time": 1717243200,
}


def test_an_event_that_goes_on_has_no_end() -> None:
    said = Said({"system_id": 67, "events": [EVENT | {"unheard": {}}]})
    (found,) = asyncio.run(events(said, 67, NOON - HOUR, NOON))
    assert (found.event_type_id, found.serial, found.status) == (28, "1219", "Open")
    assert (found.started_at, found.ended_at) == (BEGUN, None)
    end = int(NOON.timestamp())
    window = {"start_time": str(end - 3600), "end_time": str(end)}
    assert said.asked == [("/api/v4/systems/67/events", window)]


def test_an_event_that_is_over_has_one() -> None:
    closed = EVENT | {"status": "Closed", "event_end_time": 1717246800, "serial_number": None}
    (found,) = asyncio.run(open_events(Said({"events": closed}), 67))  # a lone object
    assert (found.serial, found.ended_at) == (None, BEGUN + HOUR)


def test_an_alarm_tells_its_severity_and_devices() -> None:
    numbered = ALARM | {"id": 1090044317, "cleared": True, "alarm_end_time": 1717246800}
    body = {"alarms": [numbered, ALARM | {"severity": None, "events": None}]}
    first, second = asyncio.run(alarms(Said(body), 67, NOON - HOUR, NOON))
    assert (first.id, first.severity, first.cleared) == ("1090044317", 2, True)
    assert (first.started_at, first.ended_at) == (BEGUN, BEGUN + HOUR)
    assert [each.serial for each in first.events] == ["1219"]
    assert (second.severity, second.cleared, second.events) == (None, None, [])


@pytest.mark.parametrize("cleared", [True, False])
def test_alarms_are_asked_for_as_active_or_cleared(cleared: bool) -> None:
    said = Said({"alarms": []})
    assert asyncio.run(alarms(said, 67, NOON - HOUR, NOON, cleared=cleared)) == []
    assert said.asked[0][1]["cleared"] == str(cleared).lower()


@pytest.mark.parametrize("body", [{"events": [], "alarms": [], "event_types": []}, NOTHING])
def test_nothing_happened(body: Any) -> None:
    assert asyncio.run(events(Said(body), 67, NOON - HOUR, NOON)) == []
    assert asyncio.run(open_events(Said(body), 67)) == []
    assert asyncio.run(open_alarms(Said(body), 67)) == []
    assert asyncio.run(event_types(Said(body))) == []


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = r"^GET /api/v4/systems/67/open_events: events\[0\]\.event_start_time: found 'now'"
    with pytest.raises(SchemaSurprise, match=told):
        asyncio.run(open_events(Said({"events": [EVENT | {"event_start_time": "now"}]}), 67))


def test_an_outage_is_an_event_and_an_alarm_until_it_is_over(tmp_path: Path) -> None:
    outage = Outage(start=NOON - 5 * HOUR, end=NOON + 5 * HOUR)
    with served(tmp_path, faults=Faults(late_share=0, outages=(outage,))) as cloud:
        day = (NOON - 24 * HOUR, NOON)
        (event,) = cloud.ask_v4(lambda ask: events(ask, 67, *day))
        (alarm,) = cloud.ask_v4(lambda ask: open_alarms(ask, 67))
        assert cloud.ask_v4(lambda ask: open_events(ask, 67)) == [
            event.model_copy(update={"status": "open"})
        ]
        assert cloud.ask_v4(lambda ask: alarms(ask, 67, *day, cleared=True)) == []
        (kind,) = cloud.ask_v4(event_types)
        cloud.sim.clock.set(NOON + 6 * HOUR)
        day = (NOON - 24 * HOUR, NOON + 6 * HOUR)
        assert cloud.ask_v4(lambda ask: open_alarms(ask, 67)) == []
        (over,) = cloud.ask_v4(lambda ask: alarms(ask, 67, *day, cleared=True))
    assert (event.started_at, event.ended_at) == (outage.start, None)
    assert (alarm.started_at, alarm.ended_at) == (outage.start, None)
    assert over.ended_at == outage.end
    assert kind.event_type_id == event.event_type_id == alarm.event_type_id
    assert kind.event_name


def test_a_window_that_is_too_old_or_ahead_has_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as cloud:
        for start in (NOON - timedelta(days=300), NOON + HOUR):
            asked = (start, start + HOUR)
            assert cloud.ask_v4(lambda ask, asked=asked: events(ask, 67, *asked)) == []
            assert cloud.ask_v4(lambda ask, asked=asked: alarms(ask, 67, *asked)) == []
