"""What EnerKey's answers hold: quantities, facilities, meters, hourly values.

Field names are read without regard to letter case. What has another shape than promised is an error
that names the place; nothing is guessed. Requests are made in `client`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sinks.enerkey import wire

HourlyValues = dict[int, dict[datetime, float]]
"""By meter and start of hour (UTC). A meter that was not answered is absent; so is an hour without
data, which is neither zero nor a meter that is not answered."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A type of consumption with its unit."""

    id: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Facility:
    """A building or site."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter; what the answer does not say is None."""

    id: int
    facility_id: int
    name: str | None
    quantity_id: int | None
    unit: str | None
    reading_type: str | None
    parent_meter_id: int | None
    external_id: str | None = None


class AnswerReader:
    """Reads one answer; errors name the request.

    Args:
        answer: of a successful read.
        request: method and path without query.
    """

    def __init__(self, answer: httpx.Response, request: str) -> None:
        self._content = answer.content
        self._request = request

    def quantities(self) -> list[Quantity]:
        """Return the quantities.

        Raises:
            SchemaSurprise: the answer is not a list of quantities.
        """
        return [
            Quantity(
                self._id(item, wire.ID, at),
                self._text(item, wire.NAME, at),
                self._text(item, wire.UNIT, at),
            )
            for at, item in self._items(self._document(), "")
        ]

    def facilities(self) -> list[Facility]:
        """Return the facilities.

        Raises:
            SchemaSurprise: the answer is not a list of facilities.
        """
        return [
            Facility(self._id(item, wire.ID, at), self._text(item, wire.NAME, at))
            for at, item in self._items(self._document(), "")
        ]

    def meters(self) -> list[Meter]:
        """Return the meters and, after each, its submeters; a flat list is taken too.

        Raises:
            SchemaSurprise: the answer is not a list of meters.
        """
        return list(self._meters(self._document(), "", None))

    def hourly_values(self) -> HourlyValues:
        """Return the values.

        Raises:
            SchemaSurprise: the answer is not a list of values by meter, or has an hour twice.
        """
        found: HourlyValues = {}
        for at, item in self._items(self._document(), ""):
            meter_id = self._id(item, wire.METER_ID, at)
            if meter_id in found:
                raise self._surprise(f"{at}.{wire.METER_ID}", meter_id, "each meter once")
            found[meter_id] = self._hours(item, at)
        return found

    def _meters(self, items: object, where: str, parent: int | None) -> Iterator[Meter]:
        for at, item in self._items(items, where):
            meter_id = self._id(item, wire.ID, at)
            flat_parent = self._optional_id(item, wire.PARENT_METER_ID, at)
            yield Meter(
                meter_id,
                self._id(item, wire.FACILITY_ID, at),
                self._optional_text(item, wire.NAME, at),
                self._optional_id(item, wire.QUANTITY_ID, at),
                self._optional_text(item, wire.UNIT, at),
                self._optional_text(item, wire.READING_TYPE, at),
                parent if parent is not None else flat_parent,
                self._optional_text(item, wire.EXTERNAL_METER_ID, at),
            )
            below = field_of(item, wire.SUB_METERS)
            if below is not None:
                yield from self._meters(below, f"{at}.{wire.SUB_METERS}", meter_id)

    def _hours(self, item: Mapping[str, Any], where: str) -> dict[datetime, float]:
        hours: dict[datetime, float] = {}
        values = field_of(item, wire.VALUES)
        for at, row in self._items(values, f"{where}.{wire.VALUES}"):
            hour = self._hour(row, at)
            if hour in hours:
                raise self._surprise(f"{at}.{wire.TIMESTAMP}", f"{hour:%Y-%m-%dT%H:%MZ}", "once")
            value = field_of(row, wire.VALUE)
            if value is None:
                continue  # the other way of saying that there is no data
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._surprise(f"{at}.{wire.VALUE}", value, "a number or null")
            hours[hour] = float(value)
        return hours

    def _hour(self, row: Mapping[str, Any], where: str) -> datetime:
        text = self._text(row, wire.TIMESTAMP, where)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            allowed = "an instant with Z or an offset"
            raise self._surprise(f"{where}.{wire.TIMESTAMP}", text, allowed)
        hour = instant.astimezone(UTC) - wire.HOUR_LABEL
        if hour.minute or hour.second or hour.microsecond:
            raise self._surprise(f"{where}.{wire.TIMESTAMP}", text, "a full hour")
        return hour

    def _document(self) -> object:
        try:
            return orjson.loads(self._content)
        except orjson.JSONDecodeError:
            text = self._content[:80].decode("utf-8", "replace")
            raise self._surprise("answer", text, "JSON") from None

    def _items(self, found: object, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not isinstance(found, list):
            raise self._surprise(where or "answer", found, "a list")
        for number, item in enumerate(found):
            at = f"{where}[{number}]"
            if not isinstance(item, dict):
                raise self._surprise(at, item, "an object")
            yield at, item

    def _id(self, item: Mapping[str, Any], name: str, where: str) -> int:
        found = self._optional_id(item, name, where)
        if found is None:
            raise self._surprise(f"{where}.{name}", None, "a whole number")
        return found

    def _optional_id(self, item: Mapping[str, Any], name: str, where: str) -> int | None:
        found = field_of(item, name)
        if found is None or (isinstance(found, int) and not isinstance(found, bool)):
            return found
        if isinstance(found, str) and found.isdecimal():
            return int(found)
        raise self._surprise(f"{where}.{name}", found, "a whole number")

    def _text(self, item: Mapping[str, Any], name: str, where: str) -> str:
        found = self._optional_text(item, name, where)
        if found is None:
            raise self._surprise(f"{where}.{name}", None, "a text")
        return found

    def _optional_text(self, item: Mapping[str, Any], name: str, where: str) -> str | None:
        found = field_of(item, name)
        if found is None or isinstance(found, str):
            return found
        raise self._surprise(f"{where}.{name}", found, "a text")

    def _surprise(self, where: str, found: object, allowed: str) -> SchemaSurprise:
        shown = f"{found!r}"[:80]
        message = f"{where}: found {shown}; allowed: {allowed}"
        return SchemaSurprise(message, request=self._request)


def field_of(item: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a member of an answer, whatever the letter case of its name; None without it."""
    if name in item:
        return item[name]
    wanted = name.lower()
    return next((value for key, value in item.items() if key.lower() == wanted), None)
