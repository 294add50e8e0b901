"""Degree days: by what a month's heating is made comparable with that of other years.

The figures are the simulator's own; what counts is that they differ from month to month and that a
month has none before it is over.
"""

import math
from datetime import UTC, date, datetime

BASE_SHARE = 0.3
"""Share of heating that does not follow the weather: hot water."""

_NORMAL = (640, 600, 540, 360, 160, 20, 5, 30, 150, 320, 450, 580)
"""Degree days of a normal January, February, …"""


def degree_days(year: int, month: int) -> float:
    """Return the degree days of a month as it was."""
    mildness = 0.15 * math.sin(1.7 * year + 0.9 * month)
    return _NORMAL[month - 1] * (1.0 - mildness)


def heating_factor(first: date, now: datetime) -> float | None:
    """Return what a month's heating is multiplied by; None while its degree days are not known.

    Args:
        first: a day of the month.
        now: the present instant.
    """
    year, month = first.year, first.month
    over = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    if now < over:
        return None
    return BASE_SHARE + (1.0 - BASE_SHARE) * _NORMAL[month - 1] / degree_days(year, month)
