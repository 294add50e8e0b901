"""The time as the simulated services see it: real, running from a chosen instant, or standing.

Everything that a simulator decides by time (arrival of data, quotas, key dates) asks this clock and
never the machine, so that a test moves days forward in no time.
"""

import threading
import time
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock that can be set and moved while several threads read it.

    Args:
        start: the first instant it shows, aware; None means the machine's present time.
        speed: virtual seconds per real second.
        fixed: it stands still and moves only by `set` and `advance`.
    """

    def __init__(
        self, start: datetime | None = None, *, speed: float = 1.0, fixed: bool = False
    ) -> None:
        self._lock = threading.Lock()
        self._speed = 0.0 if fixed else speed
        self._base = _in_utc(start) if start is not None else datetime.now(UTC)
        self._origin_s = time.monotonic()

    def now(self) -> datetime:
        """Return the present virtual instant, aware, in UTC."""
        with self._lock:
            return self._now()

    def set(self, instant: datetime) -> None:
        """Show `instant` (aware) from this moment on; a running clock runs on from there."""
        moved = _in_utc(instant)
        with self._lock:
            self._restart_at(moved)

    def advance(self, seconds: float) -> datetime:
        """Move by `seconds`, backwards when negative, and return the new instant."""
        with self._lock:
            self._restart_at(self._now() + timedelta(seconds=seconds))
            return self._base

    def _now(self) -> datetime:
        elapsed_s = (time.monotonic() - self._origin_s) * self._speed
        return self._base + timedelta(seconds=elapsed_s)

    def _restart_at(self, instant: datetime) -> None:
        self._base = instant
        self._origin_s = time.monotonic()


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"the clock was given {instant}: an instant needs an offset, e.g. +00:00")
    return instant.astimezone(UTC)
