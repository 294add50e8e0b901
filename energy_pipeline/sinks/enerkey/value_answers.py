"""Values as EnerKey answers them: hours, and months of either kind.

Three kinds of nothing stay apart: a meter that is not answered, an hour that is not, a null.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.json_answer import JsonAnswer, field_of

_Label = TypeVar("_Label", date, datetime)

HourlyValues = dict[int, dict[datetime, float]]
"""By meter and start of hour (UTC). A meter that was not answered is absent; so is an hour without
data, which is neither zero nor a meter that is not answered."""


MonthlyValues = dict[int, dict[date, float]]
"""By meter and first day of the calendar month in the facility's zone; absent as in hours."""
_FARTHEST_ZONE = timedelta(hours=14)


class ValuesAnswer(JsonAnswer):
    """Reads an answer with values by meter."""

    def hourly_values(self) -> HourlyValues:
        """Return the values.

        Raises:
            SchemaSurprise: the answer is not a list of values by meter, or has an hour twice.
        """
        return self._by_meter(self._hour)

    def monthly_values(self) -> MonthlyValues:
        """Return the values.

        Raises:
            SchemaSurprise: the answer is not a list of values by meter, or has a month twice.
        """
        return self._by_meter(self._month)

    def _by_meter(
        self, label: Callable[[Mapping[str, Any], str], _Label]
    ) -> dict[int, dict[_Label, float]]:
        found: dict[int, dict[_Label, float]] = {}
        for at, item in self._items(self._document(), ""):
            meter_id = self._id(item, wire.METER_ID, at)
            if meter_id in found:
                raise self._surprise(f"{at}.{wire.METER_ID}", meter_id, "each meter once")
            found[meter_id] = self._values(item, at, label)
        return found

    def _values(
        self,
        item: Mapping[str, Any],
        where: str,
        label: Callable[[Mapping[str, Any], str], _Label],
    ) -> dict[_Label, float]:
        values: dict[_Label, float] = {}
        for at, row in self._items(field_of(item, wire.VALUES), f"{where}.{wire.VALUES}"):
            of = label(row, at)
            if of in values:
                raise self._surprise(f"{at}.{wire.TIMESTAMP}", str(of), "once")
            value = field_of(row, wire.VALUE)
            if value is None:
                continue  # the other way of saying that there is no data
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._surprise(f"{at}.{wire.VALUE}", value, "a number or null")
            values[of] = float(value)
        return values

    def _hour(self, row: Mapping[str, Any], where: str) -> datetime:
        hour = self._labelled(row, where) - wire.HOUR_LABEL
        if hour.minute or hour.second or hour.microsecond:
            raise self._surprise(f"{where}.{wire.TIMESTAMP}", f"{hour}", "a full hour")
        return hour

    def _month(self, row: Mapping[str, Any], where: str) -> date:
        """Return the first day of a month by its first instant, whatever zone it is in."""
        inside = self._labelled(row, where) + _FARTHEST_ZONE
        if inside.day > 2:
            allowed = "the first instant of a month"
            raise self._surprise(f"{where}.{wire.TIMESTAMP}", f"{inside}", allowed)
        return inside.date().replace(day=1)

    def _labelled(self, row: Mapping[str, Any], where: str) -> datetime:
        instant = self._optional_instant(row, wire.TIMESTAMP, where)
        if instant is None:
            raise self._surprise(f"{where}.{wire.TIMESTAMP}", None, "a text")
        return instant
