"""What a profile's key opens for the pipeline: inventory, values and the two pushes.

How requests travel is in `connection`, what answers hold in `answers`; what is pushed, and when
again, is decided by `push`. Images and alarms are in `images`, actions in `actions`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode

from energy_pipeline.calendar import Span, months_later, utc_midnight
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.answers import Facility, InventoryAnswer, Meter, Quantity
from energy_pipeline.sinks.enerkey.connection import Connection, Request
from energy_pipeline.sinks.enerkey.json_answer import JsonAnswer
from energy_pipeline.sinks.enerkey.messages import Message
from energy_pipeline.sinks.enerkey.outcome import Outcome
from energy_pipeline.sinks.enerkey.value_answers import HourlyValues, MonthlyValues, ValuesAnswer

_FARTHEST_ZONE = timedelta(hours=14)
_Answer = TypeVar("_Answer", bound=JsonAnswer)


class EnerKeyClient:
    """One profile at EnerKey.

    Args:
        connection: the way to it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def quantities(self) -> list[Quantity]:
        """Return every quantity; the cheapest call there is.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        return (await self._read(InventoryAnswer, wire.QUANTITIES)).quantities()

    async def facilities(self) -> list[Facility]:
        """Return every facility of the profile.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        return (await self._read(InventoryAnswer, wire.FACILITIES)).facilities()

    async def meters(self, facility_ids: Sequence[int]) -> list[Meter]:
        """Return every meter of the facilities, submeters included.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        found: dict[int, Meter] = {}
        for ids in _groups(facility_ids, wire.FACILITIES_AT_ONCE):
            answer = await self._read(
                InventoryAnswer, wire.METERS, _repeated(wire.FACILITY_IDS, ids)
            )
            found |= {meter.id: meter for meter in answer.meters()}
        return list(found.values())

    async def facility(self, facility_id: int) -> Facility:
        """Return one facility.

        Raises:
            NotFound: the profile has none of that id.
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        return (
            await self._read(InventoryAnswer, wire.FACILITY.format(facility_id=facility_id))
        ).facility()

    async def meter(self, meter_id: int) -> Meter:
        """Return one meter.

        Raises:
            NotFound: the profile has none of that id.
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        return (await self._read(InventoryAnswer, wire.METER.format(meter_id=meter_id))).meter()

    async def monthly_values(
        self, meter_ids: Sequence[int], first: date, last: date, *, is_normalized: bool = False
    ) -> MonthlyValues:
        """Return the monthly values of meters, in as few requests as are safe.

        Args:
            meter_ids: EnerKey's meters.
            first: first day of the first month.
            last: first day of the last month.
            is_normalized: corrected for the weather.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        path = wire.NORMALIZED_VALUES if is_normalized else wire.MONTHLY_VALUES
        found: MonthlyValues = {}
        for ids in _groups(meter_ids, wire.READ_METERS):
            for start, end in _month_windows(first, last):
                query = [*_repeated(wire.METER_IDS, ids), *_ends(start, end)]
                part = (await self._read(ValuesAnswer, path, query)).monthly_values()
                for meter_id, months in part.items():
                    found.setdefault(meter_id, {}).update(months)
        return found

    async def hourly_values(
        self, meter_ids: Sequence[int], span: Span, *, is_read_back: bool = False
    ) -> HourlyValues:
        """Return the hourly values of meters, in as few requests as are safe.

        Args:
            meter_ids: EnerKey's meters.
            span: full hours.
            is_read_back: it finishes what was begun and may use the last requests of the day.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        found: HourlyValues = {}
        for ids in _groups(meter_ids, wire.READ_METERS):
            for start, end in _windows(span):
                part = await self._hourly_values(ids, start, end, is_read_back)
                for meter_id, hours in part.items():
                    found.setdefault(meter_id, {}).update(hours)
        return found

    async def allow_push(self) -> None:
        """Count the request of a push that is about to leave, waiting as long as it takes.

        Raises:
            QuotaSpent: no request is left; nothing may be sent.
            AccessRefused: no key can be used.
        """
        await self._connection.allow_push()

    async def push(self, message: Message) -> Outcome:
        """Send a message once, after `allow_push`, and return its fate; raises nothing for it."""
        request = Request("POST", message.path, body=message.body, may_use_reserve=True)
        return await self._connection.push(request)

    async def _hourly_values(
        self, ids: Sequence[int], start: datetime, end: datetime, is_read_back: bool
    ) -> HourlyValues:
        labels = [at + wire.HOUR_LABEL for at in (start, end)]
        query = [*_repeated(wire.METER_IDS, ids), *_ends(*labels)]
        answer = await self._read(
            ValuesAnswer, wire.HOURLY_VALUES, query, may_use_reserve=is_read_back
        )
        return {
            meter_id: {hour: value for hour, value in hours.items() if start <= hour < end}
            for meter_id, hours in answer.hourly_values().items()
            if meter_id in ids
        }

    async def _read(
        self,
        kind: type[_Answer],
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        may_use_reserve: bool = False,
    ) -> _Answer:
        # Everything outside the unreserved characters is encoded: a raw + would be a blank.
        text = urlencode(query, quote_via=quote, safe="")
        request = Request("GET", path, text, may_use_reserve=may_use_reserve)
        return kind(await self._connection.read(request), request.name)


def _repeated(name: str, ids: Sequence[int]) -> list[tuple[str, str]]:
    return [(name, str(id)) for id in ids]


def _ends(start: datetime, end: datetime) -> list[tuple[str, str]]:
    return [
        (wire.FROM, f"{start:{wire.TIMESTAMP_FORMAT}}"),
        (wire.TO, f"{end:{wire.TIMESTAMP_FORMAT}}"),
    ]


def _groups(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[n : n + size] for n in range(0, len(ids), size))


def _windows(span: Span) -> Iterator[tuple[datetime, datetime]]:
    start, longest = span.start, timedelta(days=wire.READ_DAYS)
    while start < span.end:
        end = min(span.end, start + longest)
        yield start, end
        start = end


def _month_windows(first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield ranges in which the first instants of the months lie, in whatever zone.

    A month begins between 14 hours before and 12 hours after its first midnight in UTC.
    """
    start = first
    while start <= last:
        end = months_later(start, wire.READ_MONTHS)
        stop = min(end, months_later(last, 1))
        yield utc_midnight(start) - _FARTHEST_ZONE, utc_midnight(stop) - _FARTHEST_ZONE
        start = end
