"""Messages: one meter, one row per hour, ascending, no longer than EnerKey takes at a time.

Pure. What a row means for the hour's entry in the ledger is in `reconcile`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.units import PUSHED_DECIMALS

_HOUR = timedelta(hours=1)
# "365 days at a time" may mean the age of the data: what is older goes in messages of its own.
_OLD = timedelta(days=365)
_PATHS: dict[Kind, str] = {
    "consumption": wire.PUSH_CONSUMPTIONS,
    "cumulative": wire.PUSH_CUMULATIVE,
}


@dataclass(frozen=True)
class Message:
    """One push.

    Args:
        kind: which of the two endpoints.
        meter_id: EnerKey's meter.
        rows: instant (UTC, full hour) and number of each row, ascending, at least one.
    """

    kind: Kind
    meter_id: int
    rows: tuple[tuple[datetime, float], ...]

    @property
    def path(self) -> str:
        """Path of the request."""
        return _PATHS[self.kind].format(meter_id=self.meter_id)

    @cached_property
    def body(self) -> bytes:
        """JSON; the same rows give the same bytes."""
        label = timedelta(0) if self.kind == "cumulative" else wire.HOUR_LABEL
        rows = (
            f'{{"{wire.TIMESTAMP}":"{at + label:{wire.TIMESTAMP_FORMAT}}",'
            f'"{wire.VALUE}":{decimal_text(number)}}}'
            for at, number in self.rows
        )
        return f"[{','.join(rows)}]".encode()

    @property
    def fingerprint(self) -> str:
        """What tells this message from any other: SHA-256 of path and body."""
        return hashlib.sha256(self.path.encode() + b"\n" + self.body).hexdigest()

    def halves(self) -> tuple["Message", "Message"]:
        """Return two messages with the same rows, for a server that finds one too large.

        Raises:
            ValueError: there is one row only.
        """
        if len(self.rows) < 2:
            raise ValueError("a message of one row cannot be cut")
        middle = len(self.rows) // 2
        return (
            Message(self.kind, self.meter_id, self.rows[:middle]),
            Message(self.kind, self.meter_id, self.rows[middle:]),
        )


def cut(
    kind: Kind,
    meter_id: int,
    rows: Sequence[tuple[datetime, float]],
    *,
    max_days: int,
    now: datetime,
) -> list[Message]:
    """Cut the rows of one meter into the fewest messages, oldest first.

    Args:
        kind: which endpoint.
        meter_id: EnerKey's meter.
        rows: instants (UTC, full hours, each once) with numbers, in any order.
        max_days: elapsed days from the first row to the end of the last one's hour.
        now: decides which rows are older than a year and go in messages of their own.
    """
    ordered = sorted(rows)
    spans = _spans([at for at, _ in ordered], timedelta(days=max_days), now - _OLD)
    return [Message(kind, meter_id, tuple(ordered[start:end])) for start, end in spans]


def decimal_text(value: float) -> str:
    """Return a JSON number with at most six decimals and no exponent."""
    text = f"{value:.{PUSHED_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _spans(
    instants: Sequence[datetime], longest: timedelta, old: datetime
) -> Iterator[tuple[int, int]]:
    start = 0
    for n, at in enumerate(instants):
        first = instants[start]
        if at + _HOUR - first > longest or (first < old <= at):
            yield start, n
            start = n
    if instants:
        yield start, len(instants)
