"""One stream, two sources: which one an hour is taken from, and how far the two differ.

Meters of the gateway come first where they cover an hour in full, then Enlighten, then the
gateway's sum of inverters; an estimate, for which the energy of a gap was spread, comes last.
"""

from collections.abc import Collection
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.transform.counters.hours import BRIDGED, GATEWAY, INVERTERS
from energy_pipeline.transform.finality import HOUR_S
from energy_pipeline.transform.instants import (
    DAY_US,
    HOUR_US,
    S_US,
    column_us,
    instant_column,
    to_us,
)
from energy_pipeline.transform.intervals import MISSING_DEVICES_WAIT
from energy_pipeline.transform.series import Series

ENLIGHTEN = "enlighten"
"""Source of an hour that Enlighten's intervals make."""

PREFERENCE = (GATEWAY, ENLIGHTEN, INVERTERS, GATEWAY + BRIDGED, INVERTERS + BRIDGED)
"""Sources of hours, the best first; each names what it is taken from."""

_KEYS = ("site", "stream", "hour")
_COMPARED = pa.schema(
    [
        ("site", pa.string()),
        ("stream", pa.string()),
        ("day", pa.date32()),
        ("hours", pa.int64()),
        ("enlighten_wh", pa.float64()),
        ("gateway_wh", pa.float64()),
        ("difference_percent", pa.float64()),
    ]
)


def best_hours(hourly: pa.Table, both: Collection[Series], now: datetime) -> pa.Table:
    """Return one row for each site, stream and hour, sorted.

    The best source that covers the hour in full is taken; where none does, the one that covers
    most of it. An hour of a source behind Enlighten is not final while Enlighten's may still come.

    Args:
        hourly: rows of `hourly_energy` from several sources.
        both: site and stream where both Enlighten and the gateway are sources.
        now: the present instant.
    """
    rank = _rank(hourly)
    missing_s = HOUR_S - hourly["covered_s"].to_numpy().astype(np.int64)
    keys = [_codes(hourly["site"]), _codes(hourly["stream"]), column_us(hourly["hour"])]
    order = np.lexsort((rank, missing_s, *reversed(keys)))
    changes = [np.diff(key[order]) != 0 for key in keys]
    is_first = np.concatenate(([True], np.any(changes, axis=0)))[: order.size]
    chosen = order[is_first]
    best = hourly.take(pa.array(chosen, pa.int64()))
    is_known = pa.array(~_may_improve(best, rank[chosen], both, now))
    at = best.schema.get_field_index("final")
    return best.set_column(at, best.schema.field(at), pc.and_(best["final"], is_known))


def _rank(hourly: pa.Table) -> NDArray[np.int64]:
    place = pc.index_in(hourly["source"], pa.array(PREFERENCE))
    return place.to_numpy().astype(np.int64)


def _codes(names: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return numbers in the order of the names."""
    return pc.rank(names, tiebreaker="dense").to_numpy().astype(np.int64)


def _may_improve(
    best: pa.Table, rank: NDArray[np.int64], both: Collection[Series], now: datetime
) -> NDArray[np.bool_]:
    """Whether Enlighten may still cover an hour that is taken from a source behind it."""
    is_young = column_us(best["hour"]) + HOUR_US > to_us(now - MISSING_DEVICES_WAIT)
    waits = is_young & (rank > PREFERENCE.index(ENLIGHTEN))
    names = zip(best["site"].to_pylist(), best["stream"].to_pylist(), strict=True)
    return waits & np.array([name in both for name in names], np.bool_)


def outside_hours(intervals: pa.Table, hours: pa.Table) -> pa.Table:
    """Return the parts of intervals that lie in none of the hours of their site.

    Args:
        intervals: columns site, end_at, interval_s, energy_wh, in any order.
        hours: columns site, hour.

    Returns:
        The same columns, one row per interval and hour that it covers part of.
    """
    end_us = column_us(intervals["end_at"])
    length_us = intervals["interval_s"].to_numpy() * np.int64(S_US)
    first = (end_us - length_us) // HOUR_US
    count = (end_us - 1) // HOUR_US - first + 1
    row = np.repeat(np.arange(count.size), count)
    hour = first[row] + np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    until_us = np.minimum(end_us[row], (hour + 1) * HOUR_US)
    part_us = until_us - np.maximum((end_us - length_us)[row], hour * HOUR_US)
    site = intervals["site"].take(pa.array(row, pa.int64()))
    columns = {
        "site": site,
        "end_at": instant_column(until_us),
        "interval_s": pa.array((part_us // S_US).astype(np.int32)),
        "energy_wh": intervals["energy_wh"].to_numpy()[row] * (part_us / length_us[row]),
        "hour": instant_column(hour * HOUR_US),
    }
    pieces = pa.Table.from_pydict(columns)
    return pieces.join(
        hours.select(["site", "hour"]), ["site", "hour"], join_type="left anti"
    ).drop_columns("hour")


def compare_sources(enlighten: pa.Table, gateway: pa.Table) -> pa.Table:
    """Compare the energy of the hours that both sources cover in full, by UTC day.

    Args:
        enlighten: rows of `hourly_energy` from Enlighten.
        gateway: rows of `hourly_energy` from the gateways.

    Returns:
        Columns site, stream, day, hours (how many are compared), enlighten_wh, gateway_wh,
        difference_percent (of Enlighten's, positive when the gateway has more; null without
        energy); one row per series and day with an hour to compare, sorted.
    """
    columns = [*_KEYS, "energy_wh"]
    one, other = (
        each.filter(pc.equal(each["covered_s"], pa.scalar(HOUR_S))).select(columns)
        for each in (enlighten, gateway)
    )
    both = one.join(other, list(_KEYS), join_type="inner", right_suffix="_gateway")
    day = pa.array((column_us(both["hour"]) // DAY_US).astype(np.int32)).cast(pa.date32())
    sums = (
        both.append_column("day", day)
        .group_by(["site", "stream", "day"])
        .aggregate([("hour", "count"), ("energy_wh", "sum"), ("energy_wh_gateway", "sum")])
        .sort_by([(name, "ascending") for name in ("site", "stream", "day")])
    )
    enlighten_wh, gateway_wh = sums["energy_wh_sum"], sums["energy_wh_gateway_sum"]
    is_some = pc.not_equal(enlighten_wh, pa.scalar(0.0))
    share = pc.divide(
        pc.subtract(gateway_wh, enlighten_wh),
        pc.if_else(is_some, enlighten_wh, pa.scalar(None, pa.float64())),
    )
    compared = [
        *(sums[name] for name in ("site", "stream", "day", "hour_count")),
        enlighten_wh,
        gateway_wh,
        pc.multiply(share, pa.scalar(100.0)),
    ]
    return pa.Table.from_arrays(compared, schema=_COMPARED)
