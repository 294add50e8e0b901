"""Absent time that is proven to be zero: micro-measured production leaves its nights out.

An absent interval says nothing by itself. It counts as covered with 0 Wh only in a local day that
is over, after whose end the system reported, and whose total by the vendor's own count equals the
sum of the intervals. During an outage the vendor's total equals the partial sum, so that a total
from before the next report proves nothing.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from energy_pipeline.transform.instants import Microseconds
from energy_pipeline.transform.intervals import Intervals
from energy_pipeline.transform.local_days import LocalDays

_Gaps = NDArray[np.int64]
_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def proven_days(days: LocalDays, now: datetime) -> NDArray[np.bool_]:
    """Return which of the local days have all three conditions, so that absent is zero in them."""
    return days.is_over(now) & days.is_reported & days.is_stated & days.agrees()


def with_proven_zeros(intervals: Intervals, days: LocalDays, now: datetime) -> Intervals:
    """Add an interval of 0 Wh for all time of proven local days that no interval covers."""
    proven = proven_days(days, now)
    gaps: list[_Gaps] = []
    for index in range(len(intervals.sites)):
        mine = slice(*np.searchsorted(days.site, (index, index + 1)))
        kept = proven[mine]
        gaps.append(_gaps(intervals, index, days.start_us[mine][kept], days.end_us[mine][kept]))
    added = np.array([len(part) for part in gaps], np.int64)
    if not added.any():
        return intervals
    place, start_us, end_us = np.concatenate(gaps).T
    zeros, settled = np.zeros(place.size), np.ones(place.size, np.bool_)
    return replace(
        intervals,
        bounds=intervals.bounds + np.concatenate(([0], np.cumsum(added))),
        start_us=np.insert(intervals.start_us, place, start_us),
        end_us=np.insert(intervals.end_us, place, end_us),
        known_until_us=np.insert(intervals.known_until_us, place, end_us),
        energy_wh=np.insert(intervals.energy_wh, place, zeros),
        settled=np.insert(intervals.settled, place, settled),
    )


def _gaps(
    intervals: Intervals, index: int, proven_start_us: Microseconds, proven_end_us: Microseconds
) -> _Gaps:
    """Return the time of proven days that no interval of a site covers.

    Columns: the row before which the gap lies, its begin, its end.
    """
    begin, end = intervals.bounds[index : index + 2]
    next_start_us = np.minimum.accumulate(intervals.start_us[begin:end][::-1])[::-1]
    after_us = np.append(_EARLIEST, intervals.end_us[begin:end])
    until_us = np.append(next_start_us, _LATEST)
    first = np.searchsorted(proven_end_us, after_us, side="right")
    behind = np.searchsorted(proven_start_us, until_us, side="left")
    count = np.where(until_us > after_us, np.maximum(0, behind - first), 0)
    gap = np.repeat(np.arange(count.size), count)
    day = first[gap] + np.arange(gap.size) - np.repeat(np.cumsum(count) - count, count)
    start_us = np.maximum(after_us[gap], proven_start_us[day])
    end_us = np.minimum(until_us[gap], proven_end_us[day])
    return np.column_stack((begin + gap, start_us, end_us))
