"""When an hour is final, when it is given up, and from which hour on a series is still open.

That an interval can no longer change is decided in `intervals.py`, that absent time is zero in
`nights.py`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.transform.instants import HOUR_US, Microseconds, column_us, from_us, to_us
from energy_pipeline.transform.series import Series, rows_by_series

HOUR_S = 3_600


def is_final(
    hour_us: Microseconds, settled_s: NDArray[np.int64], now: datetime, settle_hours: float
) -> NDArray[np.bool_]:
    """Whether hours are final: known and settled in full, and ended long enough ago.

    Args:
        hour_us: starts of the hours.
        settled_s: seconds of the hour that are covered by intervals which can no longer change.
        now: the present instant.
        settle_hours: how long after its end an hour can be final.
    """
    ended_before_us = to_us(now - timedelta(hours=settle_hours))
    return (settled_s == HOUR_S) & (hour_us + HOUR_US <= ended_before_us)


def first_hour_not_given_up(now: datetime, give_up_days: float) -> datetime:
    """Return the start of the earliest hour that, open as it may be, is not given up yet."""
    given_up = now - timedelta(days=give_up_days)
    return given_up.replace(minute=0, second=0, microsecond=0)


def first_open_hours(
    hourly: pa.Table, begins: Mapping[Series, datetime], until: datetime
) -> dict[Series, datetime]:
    """Return, per series, the start of its first hour that is not final; absent hours are not.

    Args:
        hourly: rows of `hourly_energy`, among them all final hours from the begins on.
        begins: for each series, the start of the first hour that is looked at.
        until: end of the last hour that is looked at; the answer when all are final.
    """
    final = hourly.filter(hourly["final"]).select(["site", "stream", "hour"])
    hours = {series: column_us(rows["hour"]) for series, rows in rows_by_series(final)}
    nothing = np.empty(0, np.int64)
    return {
        series: _first_gap(hours.get(series, nothing), begin, until)
        for series, begin in begins.items()
    }


def _first_gap(hour_us: Microseconds, begin: datetime, until: datetime) -> datetime:
    wanted_us = np.arange(to_us(begin), to_us(until), HOUR_US)
    open_us = wanted_us[~np.isin(wanted_us, hour_us)]
    return from_us(open_us[0]) if open_us.size else max(begin, until)
