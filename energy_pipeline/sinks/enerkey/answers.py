"""What there is in a profile, as EnerKey answers it: quantities, facilities, meters.

Values are read in `value_answers`. Requests are made in `client`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.json_answer import JsonAnswer, field_of


@dataclass(frozen=True, slots=True)
class Quantity:
    """A type of consumption with its unit."""

    id: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a facility, e.g. its area; the value is a number, a text or not there."""

    name: str
    value: float | str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Facility:
    """A building or site; what the answer does not say is None."""

    id: int
    name: str
    time_zone: str | None = None
    external_id: str | None = None
    properties: tuple[Property, ...] = ()


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


class InventoryAnswer(JsonAnswer):
    """Reads an answer about what there is in a profile."""

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
        return [self._facility(item, at) for at, item in self._items(self._document(), "")]

    def facility(self) -> Facility:
        """Return the one facility of the answer.

        Raises:
            SchemaSurprise: the answer is not a facility.
        """
        return self._facility(self._object(self._document(), "answer"), "")

    def meters(self) -> list[Meter]:
        """Return the meters and, after each, its submeters; a flat list is taken too.

        Raises:
            SchemaSurprise: the answer is not a list of meters.
        """
        return list(self._meters(self._document(), "", None))

    def meter(self) -> Meter:
        """Return the one meter of the answer, without its submeters.

        Raises:
            SchemaSurprise: the answer is not a meter.
        """
        return next(self._meters([self._document()], "", None))

    def _facility(self, item: Mapping[str, Any], at: str) -> Facility:
        listed = field_of(item, wire.PROPERTIES)
        return Facility(
            self._id(item, wire.ID, at),
            self._text(item, wire.NAME, at),
            self._optional_text(item, wire.TIME_ZONE, at),
            self._optional_text(item, wire.EXTERNAL_FACILITY_ID, at),
            tuple(
                self._property(each, where)
                for where, each in self._items(listed or [], f"{at}.{wire.PROPERTIES}")
            ),
        )

    def _property(self, item: Mapping[str, Any], at: str) -> Property:
        value = field_of(item, wire.VALUE)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return Property(
            self._text(item, wire.NAME, at),
            value if is_number or value is None else str(value),
            self._optional_text(item, wire.UNIT, at),
        )

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
