"""Alarms by id; there is no list, ids come from the alert e-mails. Needs a partner's key."""

from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.connection import Connection, Request
from energy_pipeline.sinks.enerkey.json_answer import JsonAnswer


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that has gone off; what the answer does not say is None.

    Args:
        id: EnerKey's.
        name: what kind of alarm it is.
        facility_id: where.
        meter_id: at which meter.
        quantity_id: of what.
        resolution: hourly or monthly.
        triggered_at: when (UTC).
        value: what set it off, in `unit`.
        threshold: above which it does, in `unit`.
        unit: of both.
        description: EnerKey's words.
    """

    id: int
    name: str | None
    facility_id: int | None
    meter_id: int | None
    quantity_id: int | None
    resolution: str | None
    triggered_at: datetime | None
    value: float | None
    threshold: float | None
    unit: str | None
    description: str | None


async def fetch_alarm(connection: Connection, alarm_id: int) -> Alarm:
    """Return an alarm.

    Raises:
        AccessRefused: the key is no partner's.
        NotFound: there is no such alarm.
        SchemaSurprise: the answer is no alarm.
        ServiceError: EnerKey does not answer or refuses.
        QuotaSpent: no request is left.
    """
    request = Request("GET", wire.ALARM.format(alarm_id=alarm_id))
    return _AlarmAnswer(await connection.read(request), request.name).alarm()


class _AlarmAnswer(JsonAnswer):
    """Reads an answer with one alarm; all members but the id may lack."""

    def alarm(self) -> Alarm:
        item, at = self._object(self._document(), "answer"), "answer"
        return Alarm(
            self._id(item, wire.ID, at),
            self._optional_text(item, wire.NAME, at),
            self._optional_id(item, wire.FACILITY_ID, at),
            self._optional_id(item, wire.METER_ID, at),
            self._optional_id(item, wire.QUANTITY_ID, at),
            self._optional_text(item, wire.RESOLUTION, at),
            self._optional_instant(item, wire.TRIGGERED_AT, at),
            self._optional_number(item, wire.VALUE, at),
            self._optional_number(item, wire.THRESHOLD, at),
            self._optional_text(item, wire.UNIT, at),
            self._optional_text(item, wire.DESCRIPTION, at),
        )
