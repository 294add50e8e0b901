"""Local calendar days as instants: where a system's days begin."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.simulators.enlighten.noise import Int64s

DAY = timedelta(days=1)


def local_date(instant: int, zone: ZoneInfo) -> date:
    """Return the calendar day that a clock on the wall shows at `instant` (epoch seconds)."""
    return datetime.fromtimestamp(instant, zone).date()


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the epoch second at which the local day begins."""
    return int(datetime.combine(day, time.min, zone).astimezone(UTC).timestamp())


@lru_cache(maxsize=1024)
def midnights(first: date, last: date, zone: ZoneInfo) -> Int64s:
    """Return the beginnings of the local days `first` to `last`, and the end of `last`."""
    days = (last - first).days + 2
    bounds = np.array([midnight(first + n * DAY, zone) for n in range(days)], np.int64)
    bounds.flags.writeable = False  # the cache hands out the same array
    return bounds
