"""Timestamps on the wire, hours and calendar months.

Inside the simulator an instant is a whole number of seconds since 1970 UTC, and an hour is the
instant at which it starts. Only this module knows how they look on the wire.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from energy_pipeline.simulators.enerkey.switches import TimestampGrammar

HOUR_S = 3600
DAY_S = 86_400

_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_WIDEST_OFFSET = timedelta(hours=14)
_YEARS = range(1970, 2200)


class WireInstant(NamedTuple):
    """A timestamp that came over the wire."""

    at_s: int
    zone: tzinfo
    """Its own fixed offset; the zone of the facility or UTC for a naive one."""
    suffix: str
    """`Z`, `+02:00`, …, as it was written."""


def hour_of(at_s: int) -> int:
    """Return the start of the hour that contains the instant."""
    return at_s - at_s % HOUR_S


def to_datetime(at_s: int) -> datetime:
    """Return the instant as an aware UTC datetime."""
    return datetime.fromtimestamp(at_s, UTC)


def to_seconds(instant: datetime) -> int:
    """Return an aware datetime as whole seconds since 1970 UTC.

    Raises:
        ValueError: the datetime is naive.
    """
    if instant.tzinfo is None:
        raise ValueError(f"found {instant}; allowed: a datetime with an offset")
    return int(instant.timestamp())


def parse_instant(text: str, grammar: TimestampGrammar, local: tzinfo) -> WireInstant:
    """Read a timestamp of a request.

    Args:
        text: as it stands in the query (decoded) or in the JSON body.
        grammar: which forms are taken.
        local: zone of a naive timestamp under `naive_as_local`.

    Raises:
        ValueError: with the sentence that the service answers.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"The value '{text}' is not valid.")
    written, fraction, suffix = match.groups()
    if fraction and grammar != "fractions_ok":
        raise ValueError("The timestamp must not have fractions of a second.")
    if suffix is None and not grammar.startswith("naive_as_"):
        raise ValueError("The timestamp must carry Z or a UTC offset.")
    try:
        instant = datetime.fromisoformat(written + (suffix or ""))
    except ValueError:
        raise ValueError(f"The value '{text}' is not valid.") from None
    if instant.year not in _YEARS:
        raise ValueError(f"The value '{text}' is not valid.")
    if suffix is None:
        instant = instant.replace(tzinfo=UTC if grammar == "naive_as_utc" else local)
    elif suffix != "Z" and abs(instant.utcoffset() or timedelta(0)) > _WIDEST_OFFSET:
        raise ValueError(f"The value '{text}' is not valid.")
    return WireInstant(int(instant.timestamp()), instant.tzinfo or local, suffix or "Z")


def writer(zone: tzinfo, suffix: str | None) -> Callable[[int], str]:
    """Return a function that writes instants for one answer.

    Args:
        zone: the offset or zone in which they are written.
        suffix: ending of every timestamp; None means that each carries its own offset.
    """
    written: dict[int, str] = {}

    def write(at_s: int) -> str:
        text = written.get(at_s)
        if text is None:
            local = datetime.fromtimestamp(at_s, zone)
            text = local.isoformat() if suffix is None else local.isoformat()[:19] + suffix
            written[at_s] = text
        return text

    return write


def months(zone: tzinfo, from_s: int, to_s: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the calendar months of `zone` whose first instant is in [from, to)."""
    local = datetime.fromtimestamp(from_s, zone)
    year, month = local.year, local.month
    start_s = _month_start(zone, year, month)
    while start_s < to_s:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        end_s = _month_start(zone, year, month)
        if start_s >= from_s:
            yield start_s, end_s
        start_s = end_s


def fixed_offset(zone: tzinfo, at_s: int) -> timezone:
    """Return the offset that `zone` has at an instant."""
    return timezone(datetime.fromtimestamp(at_s, zone).utcoffset() or timedelta(0))


def _month_start(zone: tzinfo, year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=zone).timestamp())
