"""Rows of events from what was held and what Enlighten says now."""

from datetime import UTC, datetime, timedelta
from typing import Any

from energy_pipeline.sources.enlighten.v4.events import Alarm, Event
from energy_pipeline.steps.site_events import (
    ALARM,
    EVENT,
    STATUS,
    Seen,
    alarm_rows,
    closed_rows,
    event_rows,
    status_rows,
    unmentioned,
)

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEN = Seen("a", 67, NOON, {28: "Gateway not reporting"})
EPOCH = int(NOON.timestamp()) - 7200


def event(**members: Any) -> Event:
    whole = {
        "event_type_id": 28,
        "serial_number": "1219",
        "status": "Open",
        "event_start_time": EPOCH,
        "event_end_time": None,
    }
    return Event.model_validate(whole | members)


def alarm(**members: Any) -> Alarm:
    events = [{"serial_number": "b"}, {"serial_number": "a"}, {"serial_number": None}]
    whole = {"event_type_id": 28, "severity": 2, "alarm_start_time": EPOCH, "events": events}
    return Alarm.model_validate(whole | members)


def test_an_event_is_named_by_begin_type_and_device() -> None:
    (row,) = event_rows(SEEN, [event()])
    assert row["id"] == "2024-06-10T10:00:00Z 28 1219"
    assert (row["kind"], row["status"], row["ended_at"]) == (EVENT, "open", None)
    assert (row["event_name"], row["serial"]) == ("Gateway not reporting", "1219")
    assert (row["site"], row["system_id"], row["fetched_at"]) == ("a", 67, NOON)


def test_the_same_event_keeps_its_name_when_it_ends() -> None:
    over = event(status="Closed", event_end_time=EPOCH + 60)
    (before,), (after,) = event_rows(SEEN, [event()]), event_rows(SEEN, [over])
    assert before["id"] == after["id"]
    assert after["status"] == "closed"


def test_an_event_without_a_word_is_open_until_it_ends() -> None:
    ended = event(status=None, event_end_time=EPOCH + 60)
    assert [row["status"] for row in event_rows(SEEN, [event(status=None), ended])] == [
        "open",
        "closed",
    ]


def test_an_event_without_a_begin_has_a_name_all_the_same() -> None:
    (row,) = event_rows(SEEN, [event(event_start_time=None, serial_number=None, event_type_id=9)])
    assert (row["id"], row["event_name"], row["started_at"]) == ("unknown 9", None, None)


def test_an_alarm_names_its_devices_and_severity() -> None:
    (row,) = alarm_rows(SEEN, [alarm(id="67.8.1")])
    assert (row["kind"], row["status"], row["severity"]) == (ALARM, "open", 2)
    assert (row["serial"], row["id"]) == ("a, b", "2024-06-10T10:00:00Z 28")
    (same,) = alarm_rows(SEEN, [alarm(id="1090044317")])
    assert same["id"] == row["id"]


def test_a_status_is_kept_from_when_it_was_first_seen_until_another_one_is() -> None:
    later = Seen("a", 67, NOON + HOUR, {})
    last = Seen("a", 67, NOON + 2 * HOUR, {})
    (first,) = status_rows(SEEN, [], "normal")
    (same,) = status_rows(later, [first], "normal")
    ended, new = status_rows(last, [same], "comm")
    assert (same["id"], same["started_at"], same["fetched_at"]) == (first["id"], NOON, NOON + HOUR)
    assert (ended["id"], ended["status"], ended["ended_at"]) == (
        first["id"],
        "normal",
        NOON + 2 * HOUR,
    )
    assert (new["kind"], new["status"], new["started_at"]) == (STATUS, "comm", NOON + 2 * HOUR)
    assert status_rows(last, [ended, new], "comm") == [new]
    assert status_rows(last, [first], None) == []


def test_what_is_not_named_any_more_is_closed() -> None:
    rows = [*event_rows(SEEN, [event()]), *alarm_rows(SEEN, [alarm()])]
    over = event(status="Closed", event_end_time=EPOCH + 60)
    ended = event_rows(SEEN, [over])
    assert unmentioned(rows, EVENT, ended) == []
    gone = unmentioned(rows, ALARM, [])
    (closed,) = closed_rows(SEEN, gone, ended)
    assert (closed["kind"], closed["status"]) == (ALARM, "closed")
    assert closed["ended_at"] == over.ended_at
    (without_end,) = closed_rows(SEEN, unmentioned(rows, EVENT, []), [])
    assert (without_end["status"], without_end["ended_at"]) == ("closed", None)
    assert unmentioned([closed, without_end], EVENT, []) == []
