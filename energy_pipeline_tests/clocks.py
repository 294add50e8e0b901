"""A clock that tests move by hand."""

import asyncio
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Shows the instant that a test has set; sleeping moves it on at once.

    Sleepers that begin at the same instant wake at the same instant, as on a real clock: two
    coroutines that sleep 60 s side by side move the clock by 60 s, not by 120 s.

    Args:
        start: first instant shown; aware.
    """

    def __init__(self, start: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> None:
        self._now = start.astimezone(UTC)
        self.slept_s: list[float] = []
        """Every wait that was asked for, in order."""

    def now(self) -> datetime:
        """Return the instant set, in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Record the wait, let the other coroutines run, and show the instant of waking."""
        self.slept_s.append(seconds)
        wakes_at = self._now + timedelta(seconds=max(0.0, seconds))
        await asyncio.sleep(0)
        self._now = max(self._now, wakes_at)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._now += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """Show `instant`, which may lie in the past."""
        self._now = instant.astimezone(UTC)
