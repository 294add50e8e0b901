"""Members that Enlighten writes in more than one way, each read into one kind of value.

What an answer's shape is says the module that reads it; how a shape is held against an answer says
`bodies.py`.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from energy_pipeline.sources.enlighten.bodies import LAST_SECOND

_FROZEN = -1
_FLAGS = {"true": True, "false": False}
_WH_PER_KJ = 1 / 3.6


def _instant(value: object) -> object:
    """Return the aware instant of epoch seconds or of a text with an offset, in UTC."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and not value.isdecimal():
        return _written_instant(value)
    if isinstance(value, bool | float) or not isinstance(value, int | str):
        raise ValueError("allowed: epoch seconds or a date with time and offset")
    if not 0 <= int(value) < LAST_SECOND:
        raise ValueError("allowed: epoch seconds")
    return datetime.fromtimestamp(int(value), UTC)


def _written_instant(text: str) -> datetime:
    for read in (datetime.fromisoformat, _spaced):
        try:
            found = read(text)
        except ValueError:
            continue
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    raise ValueError("allowed: epoch seconds or a date with time and offset")


def _spaced(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")


def _label(value: object) -> object:
    """Return a number or text as text; an empty one is None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None if value == "" else value


def _flag(value: object) -> object:
    return _FLAGS.get(value, value) if isinstance(value, str) else value


def _figure(value: object) -> object:
    """Return a figure, None for the -1 that stands for one that is no longer given."""
    return None if value == _FROZEN else value


def one_list(value: object) -> object:
    """Return one list: nothing is an empty one, a lone object a list of it, lists are joined."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and all(isinstance(each, list) for each in value):
        return [entry for each in value for entry in each]
    return value


def _watts(value: object) -> object:
    return _measured(value, {"W": 1.0, "kW": 1000.0})


def _watt_hours(value: object) -> object:
    return _measured(value, {"Wh": 1.0, "kWh": 1000.0, "kJ": _WH_PER_KJ})


def _measured(value: object, units: dict[str, float]) -> object:
    """Return a plain number as it is, an object with `value` and `units` in the base unit."""
    if not isinstance(value, dict):
        return value
    members: dict[str, Any] = value
    amount, unit = members.get("value"), members.get("units", next(iter(units)))
    if amount is None:
        return None
    if unit not in units or isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ValueError(f"allowed: a number with units {', '.join(units)}")
    return amount * units[unit]


Instant = Annotated[datetime | None, BeforeValidator(_instant)]
"""Epoch seconds, as a number or digits; ISO 8601 or `2020-09-18 11:17:23 -0400`. Aware, UTC."""

Label = Annotated[str | None, BeforeValidator(_label)]
"""A name or number; the same device has its number as a number here and as a text there."""

Flag = Annotated[bool | None, BeforeValidator(_flag)]
"""True or false, also as a text."""

Figure = Annotated[float | None, BeforeValidator(_figure)]
"""A number that lists have frozen at -1 since July 2023."""

PowerW = Annotated[float | None, BeforeValidator(_watts)]
"""A power in W, plain or as an object with its unit."""

EnergyWh = Annotated[float | None, BeforeValidator(_watt_hours)]
"""An energy in Wh, plain or as an object with its unit."""

OneList = BeforeValidator(one_list)
"""For a list that can be null, a lone object, or a list of lists."""

SERIAL = Field(default=None, validation_alias=AliasChoices("serial_number", "serial_num", "sn"))
"""The serial number of a device, whatever the endpoint calls it."""
