"""Intervals as sorted columns, each instant known once: the ground of every rule of the transform.

Twins are resolved here (the latest answer wins), overlaps are found here, and whether an interval
can still change is decided here. Hours are made in `hourly.py`, local days in `local_days.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.errors import StoreError
from energy_pipeline.transform.instants import S_US, Microseconds, column_us, from_us, to_us

MISSING_DEVICES_WAIT = timedelta(days=3)
"""How long an interval in which devices are missing may still grow."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of one stream, sorted by site and end; no two of a site share their end.

    Args:
        sites: site ids in order.
        bounds: rows of `sites[n]` are `bounds[n]` up to, not including, `bounds[n + 1]`.
        start_us: begin of the interval.
        end_us: end of the interval.
        known_until_us: the interval is the one that speaks for its time from its begin until here;
            its end unless intervals overlap. Not after the begin: others speak for all of it.
        energy_wh: energy of the whole interval.
        settled: whether nothing that is to come can change the interval.
    """

    sites: tuple[str, ...]
    bounds: Rows
    start_us: Microseconds
    end_us: Microseconds
    known_until_us: Microseconds
    energy_wh: NDArray[np.float64]
    settled: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> "Intervals":
        """Return the intervals that are marked in `kept`."""
        if kept.all():
            return self
        counts = np.concatenate(([0], np.cumsum(kept)))
        return replace(
            self,
            bounds=counts[self.bounds],
            start_us=self.start_us[kept],
            end_us=self.end_us[kept],
            known_until_us=self.known_until_us[kept],
            energy_wh=self.energy_wh[kept],
            settled=self.settled[kept],
        )


def intervals_of(table: pa.Table, now: datetime, sites: Iterable[str] = ()) -> Intervals:
    """Take the intervals of a table of `enlighten_production` or `enlighten_consumption`.

    Of twins (same site and end) the one fetched last is taken. An interval is settled when all
    its devices reported, when the answer named no devices, or when it is older than three days.
    Intervals that overlap contradict each other: they are never settled, and the time that they
    share is known once.

    Args:
        table: intervals of any number of sites, in any order.
        now: the present instant.
        sites: further sites, which may have no interval at all.

    Raises:
        StoreError: an interval has no length.
    """
    end_us = column_us(table["end_at"])
    by_site = _by_site(table["site"], sites)
    if by_site is None or _falls(end_us, by_site[1]):
        return intervals_of(_in_order(table), now, sites)
    length_us = table["interval_s"].to_numpy() * np.int64(S_US)
    if length_us.size and length_us.min() <= 0:
        at = int(length_us.argmin())
        raise StoreError(
            f"interval of {table['site'][at]} that ends at {from_us(end_us[at])}: "
            f"found {table['interval_s'][at]} s; allowed: more than 0"
        )
    start_us = end_us - length_us
    found = Intervals(
        *by_site,
        start_us,
        end_us,
        end_us,
        table["energy_wh"].to_numpy(),
        _settled(table, end_us, now),
    )
    return _without_shared_time(found)


def _by_site(
    column: pa.ChunkedArray, further: Iterable[str]
) -> tuple[tuple[str, ...], Rows] | None:
    """Return the sites in order and the bounds of their rows; None when rows are not in order."""
    plain = column.cast(pa.string()).combine_chunks()
    runs = pc.run_end_encode(  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        plain, run_end_type=pa.int64()
    )
    found = runs.values.to_pylist()
    if any(a >= b for a, b in pairwise(found)):
        return None
    ends = dict(zip(found, runs.run_ends.to_pylist(), strict=True))
    names = tuple(sorted({*found, *further}))
    counts = np.maximum.accumulate([0, *(ends.get(name, 0) for name in names)])
    return names, counts.astype(np.int64)


def _falls(end_us: Microseconds, bounds: Rows) -> bool:
    """Whether, inside a site, an interval does not end after the one before."""
    falls = np.flatnonzero(end_us[1:] <= end_us[:-1]) + 1
    return not bool(np.isin(falls, bounds).all())


def _in_order(table: pa.Table) -> pa.Table:
    """Sort by site and end, and keep of twins the one fetched last."""
    keys = ("site", "end_at", "fetched_at", "interval_s", "energy_wh")
    ordered = table.sort_by([(key, "ascending") for key in keys])
    site, end_us = ordered["site"].combine_chunks(), column_us(ordered["end_at"])
    same_site = pc.equal(site[1:], site[:-1]).to_numpy(zero_copy_only=False)
    has_later_twin = np.append(same_site & (end_us[1:] == end_us[:-1]), False)
    return ordered.filter(pa.array(~has_later_twin))


def _settled(table: pa.Table, end_us: Microseconds, now: datetime) -> NDArray[np.bool_]:
    missing = pc.less(table["devices_reporting"], table["devices_total"])
    if not pc.any(missing).as_py():
        return np.ones(table.num_rows, np.bool_)
    old = end_us <= to_us(now - MISSING_DEVICES_WAIT)
    return old | ~missing.fill_null(False).to_numpy()


def _without_shared_time(found: Intervals) -> Intervals:
    """Let the interval that ends last speak for the time that several claim; unsettle them all."""
    first = np.zeros(found.end_us.size, np.bool_)
    first[found.bounds[:-1][found.bounds[:-1] < first.size]] = True
    touches = (found.start_us[1:] < found.end_us[:-1]) & ~first[1:]
    if not touches.any():
        return found
    known_until_us, settled = found.end_us.copy(), found.settled.copy()
    for begin, end in zip(found.bounds[:-1], found.bounds[1:], strict=True):
        rows = slice(begin, end)
        next_start = np.append(
            np.minimum.accumulate(found.start_us[rows][::-1])[::-1][1:], np.iinfo(np.int64).max
        )
        end_before = np.append(np.iinfo(np.int64).min, found.end_us[rows])[:-1]
        known_until_us[rows] = np.minimum(found.end_us[rows], next_start)
        shared = (next_start < found.end_us[rows]) | (end_before > found.start_us[rows])
        settled[rows] &= ~shared
    return replace(found, known_until_us=known_until_us, settled=settled)
