"""What is known of each site-day of a dataset, beyond its rows.

It is kept as columns of JSON in the footer of the partition's own file, so that it can never
disagree with the rows, and is read without touching them. The file around it is in `files.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

import orjson

from energy_pipeline.errors import StoreError

Key = tuple[str, str]
"""Site and stream; the stream is empty in datasets that have none."""

Answer = Literal["data", "empty", "refused", "computed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is known of one site (and stream) in one UTC day.

    Args:
        site: site id.
        stream: stream; empty in datasets without one.
        written_at: when the present content was written; a replace that changes nothing keeps it.
        rows: rows in the partition; counted by the store, what a caller gives is not looked at.
        covered_s: seconds of the day that the rows cover.
        final_s: seconds of the day that are final; 86,400: nothing is left to be asked.
        energy_wh: energy of the rows; of readings: the sum of all hours since the site's start.
        peak_wh: of hours: their highest sum from the day's begin on, at least 0; of readings: the
            register's position at the end of the day; else 0.
        answer: what the vendor answered, or that the rows are computed.
        detail: for a person; the vendor's reason.
        last_report_at: the system's last report when it was asked.
        asked_until: the last instant that the answer could know of.
    """

    site: str
    written_at: datetime
    stream: str = ""
    rows: int = 0
    covered_s: int = 0
    final_s: int = 0
    energy_wh: float = 0.0
    peak_wh: float = 0.0
    answer: Answer = "data"
    detail: str = ""
    last_report_at: datetime | None = None
    asked_until: datetime | None = None

    @property
    def key(self) -> Key:
        """Site and stream."""
        return self.site, self.stream

    def says_the_same_as(self, other: Coverage) -> bool:
        """Return whether both say the same, whenever they were written."""
        return self == replace(other, written_at=self.written_at)


_NAMES = tuple(field.name for field in fields(Coverage))
_SITE_AT = _NAMES.index("site")
_INSTANTS = ("written_at", "last_report_at", "asked_until")
_NUMBERS = ("rows", "covered_s", "final_s", "energy_wh", "peak_wh")


def by_key(entries: Iterable[Coverage]) -> dict[Key, Coverage]:
    """Return the entries by site and stream.

    Raises:
        StoreError: one site and stream has two entries, or an entry cannot be kept.
    """
    found: dict[Key, Coverage] = {}
    for entry in entries:
        if entry.key in found:
            raise StoreError(f"coverage of {entry.key} is given twice")
        _check(entry)
        found[entry.key] = entry
    return found


def to_json(entries: Iterable[Coverage]) -> bytes:
    """Return the entries as one JSON object of columns; instants are ISO 8601 with offset."""
    rows = list(entries)
    return orjson.dumps({name: [getattr(row, name) for row in rows] for name in _NAMES})


def from_json(content: bytes, sites: Collection[str] | None = None) -> dict[Key, Coverage]:
    """Return what `to_json` has written of `sites` (None: of all), by site and stream.

    Raises:
        ValueError: the content is something else.
    """
    columns: Any = orjson.loads(content)
    if not isinstance(columns, dict) or set(columns) != set(_NAMES):
        raise ValueError("its members are not those of a coverage")
    rows = zip(*(columns[name] for name in _NAMES), strict=True)
    entries = (_entry(row) for row in rows if sites is None or row[_SITE_AT] in sites)
    return {entry.key: entry for entry in entries}


def _entry(row: Iterable[Any]) -> Coverage:
    members = dict(zip(_NAMES, row, strict=True))
    for name in _INSTANTS:
        members[name] = members[name] and datetime.fromisoformat(members[name])
    return Coverage(**members)


def _check(entry: Coverage) -> None:
    for name in _INSTANTS:
        instant: datetime | None = getattr(entry, name)
        if instant is not None and instant.tzinfo is None:
            raise StoreError(f"coverage of {entry.key}: {name} has no time zone: {instant}")
    for name in _NUMBERS:
        if not math.isfinite(getattr(entry, name)):
            raise StoreError(f"coverage of {entry.key}: {name} is not a finite number")
