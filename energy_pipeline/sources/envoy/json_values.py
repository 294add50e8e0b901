"""Careful reading of JSON whose members come and go with the firmware.

What is missing, of another type or not finite is None: one odd member costs its own value alone.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from energy_pipeline.sources.envoy.wire import LAST_SECOND

Members = Mapping[str, object]


def objects(value: object) -> list[Members]:
    """Return the objects of a list; of anything else, none."""
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def members(value: object) -> Members:
    """Return an object's members; of anything else, none."""
    return value if isinstance(value, dict) else {}


def named_objects(value: object) -> Iterator[tuple[str, Members]]:
    """Go through the members of an object that are objects themselves."""
    for name, entry in members(value).items():
        if isinstance(entry, dict):
            yield name, entry


def number(entry: Members, name: str) -> float | None:
    """Return a finite number."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def counter(entry: Members, name: str) -> float | None:
    """Return a number that is not negative."""
    value = number(entry, name)
    return value if value is not None and value >= 0 else None


def whole(entry: Members, name: str) -> int | None:
    """Return a whole number."""
    value = number(entry, name)
    return int(value) if value is not None and value.is_integer() else None


def text(entry: Members, name: str) -> str | None:
    """Return a text that is not empty."""
    value = entry.get(name)
    return value if isinstance(value, str) and value else None


def flag(entry: Members, name: str) -> bool | None:
    """Return a truth value."""
    value = entry.get(name)
    return value if isinstance(value, bool) else None


def texts(entry: Members, name: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    value = entry.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def instant(entry: Members, name: str) -> datetime | None:
    """Return an instant given in epoch seconds, as a number or as digits; 0 is none."""
    value = entry.get(name)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value, UTC) if 0 < value < LAST_SECOND else None
