"""What a perfect client ends up with: the intervals and day totals after everything has arrived."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from energy_pipeline.simulators.enlighten.cloud import EVERYTHING_ARRIVED, Cloud, Intervals
from energy_pipeline.simulators.enlighten.dataset import Stream, System
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.localdays import DAY, local_date, midnights

INTERVALS_SCHEMA = pa.schema(
    [
        ("system_id", pa.int64()),
        ("stream", pa.string()),
        ("end_at", pa.timestamp("us", "UTC")),
        ("interval_s", pa.int32()),
        ("energy_wh", pa.int64()),
    ]
)
DAYS_SCHEMA = pa.schema(
    [
        ("system_id", pa.int64()),
        ("stream", pa.string()),
        ("local_date", pa.date32()),
        ("energy_wh", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Truth:
    """Final values; holes of outages that are never filled stay holes.

    Attributes:
        intervals: one row per system, stream and interval, in that order; see `INTERVALS_SCHEMA`.
        days: the vendor's total per system, stream and local day of the intervals; `DAYS_SCHEMA`.
    """

    intervals: pa.Table
    days: pa.Table


def truth_of(systems: Iterable[System], faults: Faults, until: datetime) -> Truth:
    """Return the truth of all intervals that end at or before `until` (aware)."""
    cloud, end = Cloud(faults), int(until.timestamp())
    intervals: list[pa.Table] = [INTERVALS_SCHEMA.empty_table()]
    days: list[pa.Table] = [DAYS_SCHEMA.empty_table()]
    for system in sorted(systems, key=lambda each: each.system_id):
        for stream in sorted(system.series):
            found = cloud.intervals(system, stream, 0, end, EVERYTHING_ARRIVED)
            if len(found):
                intervals.append(_interval_rows(system, stream, found))
                days.append(_day_rows(system, stream, found))
    return Truth(pa.concat_tables(intervals), pa.concat_tables(days))


def _interval_rows(system: System, stream: Stream, found: Intervals) -> pa.Table:
    length = np.full(len(found), system.series[stream].interval_s, np.int32)
    end_at = pa.array(found.end_at * 1_000_000, pa.timestamp("us", "UTC"))
    columns = [*_keys(system, stream, len(found)), end_at, pa.array(length)]
    return pa.table([*columns, pa.array(found.energy_wh)], schema=INTERVALS_SCHEMA)


def _day_rows(system: System, stream: Stream, found: Intervals) -> pa.Table:
    ends = found.end_at
    first, last = (local_date(int(end) - 1, system.zone) for end in (ends[0], ends[-1]))
    bounds = np.searchsorted(ends, midnights(first, last, system.zone), side="right")
    totals = np.diff(np.concatenate(([0], np.cumsum(found.energy_wh)))[bounds])
    dates = pa.array([first + n * DAY for n in range(len(totals))], pa.date32())
    keys = _keys(system, stream, len(totals))
    return pa.table([*keys, dates, pa.array(totals)], schema=DAYS_SCHEMA)


def _keys(system: System, stream: Stream, rows: int) -> list[pa.Array]:
    return [pa.array([system.system_id] * rows, pa.int64()), pa.array([stream] * rows)]
