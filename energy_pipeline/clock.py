"""What time it is, as an argument.

Ring 1 never asks the machine for the time: a `Clock` comes in, so that every rule about settling,
giving up, quotas and key dates can be tested by moving it.
"""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Source of the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until `now()` has moved on by `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of real time; a negative number waits not at all."""
        await asyncio.sleep(max(0.0, seconds))
