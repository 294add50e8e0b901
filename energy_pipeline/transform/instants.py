"""Instants as whole microseconds since 1970 in UTC, the form in which NumPy works on them.

Days and hours for people are in `calendar.py`; Arrow columns and Python values are turned into
microseconds, and back, only here.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Microseconds = NDArray[np.int64]

S_US = 1_000_000
HOUR_US = 3_600 * S_US
DAY_US = 24 * HOUR_US

NEVER_US = np.iinfo(np.int64).min
"""Earlier than every instant."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = pa.timestamp("us", "UTC")


def to_us(instant: datetime) -> int:
    """Return the microseconds of an aware instant."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_us(microseconds: int) -> datetime:
    """Return the instant, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=int(microseconds))


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return (day - _EPOCH.date()).days


def numbered_day(number: int) -> date:
    """Return the day that lies `number` days after 1970-01-01."""
    return _EPOCH.date() + timedelta(days=int(number))


def column_us(column: pa.ChunkedArray) -> Microseconds:
    """Return an instant column; a null is `NEVER_US`."""
    plain = column.cast(_INSTANT).cast(pa.int64())
    return (plain.fill_null(pa.scalar(NEVER_US)) if plain.null_count else plain).to_numpy()


def instant_column(microseconds: Microseconds) -> pa.Array:
    """Return microseconds as an Arrow column of instants in UTC."""
    return pa.array(microseconds).view(_INSTANT)
