"""From intervals to `hourly_energy`: energy by overlap, seconds known, and what is final.

The energy of an interval belongs to the hours that it covers, in proportion to the overlap. What
intervals are is in `intervals.py`, absent nights in `nights.py`, when an hour is final in
`finality.py`; reading and writing is a step's work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.calendar import Span
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.transform.finality import is_final
from energy_pipeline.transform.instants import (
    HOUR_US,
    S_US,
    Microseconds,
    instant_column,
    to_us,
)
from energy_pipeline.transform.intervals import Intervals, Rows, intervals_of
from energy_pipeline.transform.local_days import VendorsWord, compare_local_days
from energy_pipeline.transform.nights import with_proven_zeros

_Number = TypeVar("_Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of which something is known, by site and time; one element per site and hour.

    Args:
        site: index of the site in the intervals' `sites`.
        hour_us: start of the hour.
        energy_wh: energy of the hour's share of the intervals.
        covered_s: seconds of the hour that intervals cover, 1...3,600.
        settled_s: seconds of these whose interval can no longer change.
    """

    site: NDArray[np.int64]
    hour_us: Microseconds
    energy_wh: NDArray[np.float64]
    covered_s: NDArray[np.int64]
    settled_s: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Parts of intervals that lie in one hour each, by site and time; bounds as of `Intervals`."""

    bounds: Rows
    hour: NDArray[np.int64]
    energy_wh: NDArray[np.float64]
    covered_us: Microseconds
    settled: NDArray[np.bool_]


def hourly_energy(
    intervals: pa.Table,
    *,
    stream: str,
    source: str,
    word: VendorsWord,
    span: Span,
    now: datetime,
    settle_hours: float,
) -> pa.Table:
    """Return the hours of `span` as rows of `hourly_energy`, sorted.

    The result for an hour does not depend on what else is asked in the same call.

    Args:
        intervals: rows of `enlighten_production` or `enlighten_consumption` of one stream and any
            number of sites, of `span` and of a day on both sides of it (local days are not UTC
            days, and an interval may cross midnight).
        stream: name of the stream.
        source: name of the source.
        word: what the vendor says of the sites whose absent nights can be proven to be zero
            (micro-measured production); without sites, absent is a gap everywhere.
        span: whole UTC hours.
        now: the present instant.
        settle_hours: how long after its end an hour can be final.

    Raises:
        StoreError: an interval has no length.
    """
    known = intervals_of(intervals, now, word.calendars)
    if word.calendars:
        known = with_proven_zeros(known, compare_local_days(known, stream, word, span), now)
    hours = hours_of(known, span)
    rows = hours.hour_us.size
    columns = {
        "site": pa.array(known.sites, pa.string()).take(pa.array(hours.site, pa.int64())),
        "stream": pa.repeat(stream, rows),
        "hour": instant_column(hours.hour_us),
        "energy_wh": pa.array(hours.energy_wh),
        "covered_s": pa.array(hours.covered_s.astype(np.int32)),
        "source": pa.repeat(source, rows),
        "final": pa.array(is_final(hours.hour_us, hours.settled_s, now, settle_hours)),
    }
    return pa.Table.from_pydict(columns, schema=HOURLY_ENERGY.schema)


def hours_of(intervals: Intervals, span: Span) -> Hours:
    """Sum intervals up by site and hour; only hours inside `span`, only those with known time."""
    start_us, end_us = to_us(span.start), to_us(span.end)
    inside = intervals.where((intervals.end_us > start_us) & (intervals.start_us < end_us))
    pieces = _pieces(inside)
    starts = _group_starts(pieces)
    site = np.searchsorted(pieces.bounds, starts, side="right") - 1
    hour_us = pieces.hour[starts] * HOUR_US
    energy_wh = _sums(pieces.energy_wh, starts)
    covered_us = _sums(pieces.covered_us, starts)
    settled_us = covered_us
    if not pieces.settled.all():
        settled_us = _sums(np.where(pieces.settled, pieces.covered_us, 0), starts)
    kept = (hour_us >= start_us) & (hour_us < end_us)
    return Hours(
        site[kept],
        hour_us[kept],
        energy_wh[kept],
        covered_us[kept] // S_US,
        settled_us[kept] // S_US,
    )


def _pieces(intervals: Intervals) -> _Pieces:
    """Cut intervals at the hours."""
    first_hour, last_hour = intervals.start_us // HOUR_US, (intervals.end_us - 1) // HOUR_US
    if (first_hour == last_hour).all():
        covered_us = np.maximum(0, intervals.known_until_us - intervals.start_us)
        whole = (first_hour, intervals.energy_wh, covered_us, intervals.settled)
        return _Pieces(intervals.bounds, *whole)
    count = last_hour - first_hour + 1
    behind = np.cumsum(count)
    row = np.repeat(np.arange(count.size), count)
    hour = first_hour[row] + np.arange(row.size) - (behind - count)[row]
    begin_us = np.maximum(intervals.start_us[row], hour * HOUR_US)
    hour_end_us = (hour + 1) * HOUR_US
    share = np.minimum(intervals.end_us[row], hour_end_us) - begin_us
    length_us = intervals.end_us - intervals.start_us
    pieces = _Pieces(
        np.concatenate(([0], behind))[intervals.bounds],
        hour,
        intervals.energy_wh[row] * (share / length_us[row]),
        np.maximum(0, np.minimum(intervals.known_until_us[row], hour_end_us) - begin_us),
        intervals.settled[row],
    )
    return _in_order(pieces)


def _in_order(pieces: _Pieces) -> _Pieces:
    """Sort by site and hour; pieces are not in order only where intervals overlap."""
    falls = np.flatnonzero(pieces.hour[1:] < pieces.hour[:-1]) + 1
    if np.isin(falls, pieces.bounds).all():
        return pieces
    site = np.repeat(np.arange(pieces.bounds.size - 1), np.diff(pieces.bounds))
    order = np.lexsort((pieces.hour, site))
    return _Pieces(
        pieces.bounds,
        pieces.hour[order],
        pieces.energy_wh[order],
        pieces.covered_us[order],
        pieces.settled[order],
    )


def _group_starts(pieces: _Pieces) -> Rows:
    """Return the first piece of each site and hour."""
    is_first = np.empty(pieces.hour.size, np.bool_)
    np.not_equal(pieces.hour[1:], pieces.hour[:-1], out=is_first[1:])
    is_first[pieces.bounds[:-1][pieces.bounds[:-1] < is_first.size]] = True
    return np.flatnonzero(is_first)


def _sums(values: NDArray[_Number], starts: Rows) -> NDArray[_Number]:
    return np.add.reduceat(values, starts) if starts.size else values[:0]
