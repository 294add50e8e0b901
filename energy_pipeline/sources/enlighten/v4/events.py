"""Dialect v4: what happened at a site, what is still going on, and what kinds of that there are.

An alarm bundles events; which of them are kept, and for how long, is decided in `steps/`.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import SERIAL, Flag, Instant, Label, OneList
from energy_pipeline.sources.enlighten.v4 import wire


class Event(Body):
    """Something that happened to a device; `ended_at` is None while it goes on."""

    event_type_id: int
    serial: Label = SERIAL
    status: str | None = None
    started_at: Instant = Field(validation_alias="event_start_time")
    ended_at: Instant = Field(default=None, validation_alias="event_end_time")


class AlarmedDevice(Body):
    """A device that an alarm is about."""

    serial: Label = SERIAL


class Alarm(Body):
    """Events that belong together; `severity` from 1, fatal, to 6, none."""

    id: Label = None
    event_type_id: int
    severity: int | None = None
    cleared: Flag = None
    started_at: Instant = Field(validation_alias="alarm_start_time")
    ended_at: Instant = Field(default=None, validation_alias="alarm_end_time")
    events: Annotated[list[AlarmedDevice], OneList] = Field(default_factory=list[AlarmedDevice])


class EventType(Body):
    """A kind of event in the vendor's words."""

    event_type_id: int
    event_type_key: str | None = None
    event_name: str | None = None
    event_description: str | None = None
    recommended_action: str | None = None


class _Events(Body):
    events: Annotated[list[Event], OneList]


class _Alarms(Body):
    alarms: Annotated[list[Alarm], OneList]


class _EventTypes(Body):
    event_types: Annotated[list[EventType], OneList]


async def events(ask: Ask, system_id: int, start: datetime, end: datetime) -> list[Event]:
    """Return the events of a window of at most `wire.EVENTS_WIDEST`; none when it is too old.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.EVENTS}"
    found = await ask_for(_Events, ask, path, _window(start, end))
    return found.events if found else []


async def open_events(ask: Ask, system_id: int) -> list[Event]:
    """Return every event that is still going on, however old.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    found = await ask_for(_Events, ask, f"{wire.SYSTEMS}/{system_id}/{wire.OPEN_EVENTS}")
    return found.events if found else []


async def alarms(
    ask: Ask, system_id: int, start: datetime, end: datetime, *, cleared: bool = False
) -> list[Alarm]:
    """Return the alarms of a window that are active, or those that are over.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.ALARMS}"
    params = _window(start, end) | {wire.CLEARED: "true" if cleared else "false"}
    found = await ask_for(_Alarms, ask, path, params)
    return found.alarms if found else []


async def open_alarms(ask: Ask, system_id: int) -> list[Alarm]:
    """Return every active alarm, however old.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    found = await ask_for(_Alarms, ask, f"{wire.SYSTEMS}/{system_id}/{wire.OPEN_ALARMS}")
    return found.alarms if found else []


async def event_types(ask: Ask) -> list[EventType]:
    """Return every kind of event that there is.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    found = await ask_for(_EventTypes, ask, f"{wire.SYSTEMS}/{wire.EVENT_TYPES}")
    return found.event_types if found else []


def _window(start: datetime, end: datetime) -> dict[str, str]:
    bounds = {wire.START_TIME: start, wire.END_TIME: end}
    return {name: str(int(at.timestamp())) for name, at in bounds.items()}
