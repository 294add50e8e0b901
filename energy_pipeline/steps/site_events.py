"""Rows of `enlighten_events`: from what a site showed before and what Enlighten says now; pure.

What is asked is decided in `events.py`. A row that goes on has no end and a status other than
`closed`; one that Enlighten does not name any more without telling its end is closed without one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from energy_pipeline.sources.enlighten.v4.events import Alarm, Event

Row = Mapping[str, Any]

STATUS, EVENT, ALARM = "status", "event", "alarm"
OPEN, CLOSED = "open", "closed"

_NOTHING_MORE: Row = {"event_type_id": None, "event_name": None, "severity": None, "serial": None}


@dataclass(frozen=True)
class Seen:
    """Where and when something was seen.

    Args:
        site: the site.
        system_id: Enlighten's id of it.
        at: when the answer was received, aware.
        names: names of the types of events.
    """

    site: str
    system_id: int
    at: datetime
    names: Mapping[int, str | None]

    def row(self, kind: str, subject: str, status: str, **members: Any) -> Row:  # noqa: ANN401 - as a row
        """Return a row; `subject` says type and device."""
        begun = members["started_at"]
        begin = f"{begun:%Y-%m-%dT%H:%M:%SZ}" if begun else "unknown"
        return {
            "site": self.site,
            "system_id": self.system_id,
            "kind": kind,
            "id": f"{begin} {subject}".strip(),
            "status": status,
            **_NOTHING_MORE,
            **members,
            "fetched_at": self.at,
        }


def status_rows(seen: Seen, held: Iterable[Row], status: str | None) -> list[Row]:
    """Return the site's present status, and the end of the one before when it has changed."""
    last: Row | None = max(_of_kind(held, STATUS), key=lambda row: row["started_at"], default=None)
    if status is None:
        return []
    new = seen.row(STATUS, "", status, started_at=seen.at, ended_at=None)
    if last is None:
        return [new]
    if last["status"] == status:
        return [{**last, "fetched_at": seen.at}]
    return [{**last, "ended_at": seen.at, "fetched_at": seen.at}, new]


def event_rows(seen: Seen, events: Iterable[Event]) -> list[Row]:
    """Return a row per event."""
    return [
        seen.row(
            EVENT,
            f"{event.event_type_id} {event.serial or ''}",
            _state(event.status, event.ended_at),
            event_type_id=event.event_type_id,
            event_name=seen.names.get(event.event_type_id),
            serial=event.serial,
            started_at=event.started_at,
            ended_at=event.ended_at,
        )
        for event in events
    ]


def alarm_rows(seen: Seen, alarms: Iterable[Alarm]) -> list[Row]:
    """Return a row per alarm; its own id differs from endpoint to endpoint, so it is not used."""
    return [
        seen.row(
            ALARM,
            str(alarm.event_type_id),
            CLOSED if alarm.cleared or alarm.ended_at else OPEN,
            event_type_id=alarm.event_type_id,
            event_name=seen.names.get(alarm.event_type_id),
            severity=alarm.severity,
            serial=", ".join(sorted({each.serial for each in alarm.events if each.serial})) or None,
            started_at=alarm.started_at,
            ended_at=alarm.ended_at,
        )
        for alarm in alarms
    ]


def unmentioned(held: Iterable[Row], kind: str, new: Iterable[Row]) -> list[Row]:
    """Return the rows of a kind that went on and that the new ones do not name."""
    named = {row["id"] for row in new}
    return [row for row in _of_kind(held, kind) if row["status"] == OPEN and row["id"] not in named]


def closed_rows(seen: Seen, gone: Iterable[Row], events: Sequence[Row]) -> list[Row]:
    """Return rows that are over; an alarm takes the end of the event that began with it."""
    ends = {(row["event_type_id"], row["started_at"]): row["ended_at"] for row in events}
    return [
        {
            **row,
            "status": CLOSED,
            "ended_at": ends.get((row["event_type_id"], row["started_at"])),
            "fetched_at": seen.at,
        }
        for row in gone
    ]


def _state(status: str | None, ended_at: datetime | None) -> str:
    """Return the vendor's word in small letters, open or closed without one."""
    return status.lower() if status else (CLOSED if ended_at else OPEN)


def _of_kind(rows: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]
