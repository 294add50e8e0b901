"""Whether gateways' hours hold what the counters counted, judged from a few samples alone.

How hours are made is in `counters/`. Here a counter is only looked up around a stretch of hours:
what it showed before and after each end says the least and the most that can have flowed. Compared
are hours that are final, and those that are missing although they must be there.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.calendar import Span
from energy_pipeline.transform.counters.balance import BATTERY, PARTS
from energy_pipeline.transform.counters.hours import GATEWAY
from energy_pipeline.transform.counters.links import ROUNDING_WH
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline.transform.counters.runs import believed
from energy_pipeline.transform.counters.samples import Counter, CounterKind, Samples, counters_of
from energy_pipeline.transform.counters.streams import limits_of
from energy_pipeline.transform.instants import (
    HOUR_US,
    S_US,
    Microseconds,
    column_us,
    from_us,
    numbered_day,
    to_us,
)
from energy_pipeline.transform.series import Series, rows_by_series

Finding = dict[str, Any]
SiteDay = tuple[str, date]

_US = timedelta(microseconds=1)
_DENSE_US = 1_200 * S_US
"""Samples that are no farther apart leave no hour between them out."""
_HOURS_PER_DAY = 24
_TOLERANCE_WH = 2 * ROUNDING_WH
_BALANCE_WH = 1e-3


@dataclass(frozen=True, slots=True)
class _Epoch:
    """What one counter counted from a first sample on, without a reset or a jump."""

    counter: Counter
    at_us: Microseconds
    counted_wh: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Hours:
    """Hours of a series, one after the other; one without a row has no energy."""

    energy_wh: NDArray[np.float64]
    is_settled: NDArray[np.bool_]
    is_missing: NDArray[np.bool_]


def lost_counts(
    readings: pa.Table,
    hourly: pa.Table,
    *,
    kind_of: Callable[[str], CounterKind],
    rules: Mapping[str, GatewayRules],
    fed: Collection[Series],
    computed: Collection[SiteDay],
    span: Span,
) -> list[Finding]:
    """Return where hours hold less or more than the counter of their stream has counted.

    Hours that two counters know are left out, and so is what is taken from elsewhere.

    Args:
        readings: rows of `envoy_readings` of `span` and of the rules' `reach` on both sides of it.
        hourly: rows of `hourly_energy` of `span`.
        kind_of: how a counter of that name counts.
        rules: of each site that has readings.
        fed: series that gateways feed.
        computed: sites and UTC days whose hours were made when all of their polls were there.
        span: whole UTC hours.

    Returns:
        Members site, stream, counter, start, end, hourly_wh, least_wh, most_wh of each stretch.
    """
    stored = dict(rows_by_series(hourly))
    by_site: defaultdict[str, list[_Epoch]] = defaultdict(list)
    for counter, samples in counters_of(readings, kind_of):
        if counter.kind != "boundary":
            by_site[counter.site] += _epochs(counter, samples, rules[counter.site])
    found: list[Finding] = []
    for site, epochs in sorted(by_site.items()):
        for epoch in epochs:
            series = (site, epoch.counter.stream)
            if series in fed:
                rows = stored.get(series, hourly[:0])
                found += _differing(epoch, _rivals(epoch, epochs), rows, computed, span)
        if not any(epoch.counter.stream == "consumption" for epoch in epochs):
            found += _unbalanced(site, stored)
    return found


def _epochs(counter: Counter, samples: Samples, rules: GatewayRules) -> Iterator[_Epoch]:
    limits = limits_of(counter.kind, rules)
    known = believed(samples, limits, counter.kind, rules.silence // _US)
    counted_wh = limits.energy_wh(known.energy_wh[:-1], known.energy_wh[1:], np.diff(known.at_us))
    begins = np.flatnonzero(np.isnan(counted_wh)) + 1
    for first, last in pairwise([0, *begins.tolist(), known.at_us.size]):
        sums_wh = np.cumsum(counted_wh[first : last - 1]) if last > first else np.empty(0)
        yield _Epoch(counter, known.at_us[first:last], np.append(0.0, sums_wh))


def _rivals(epoch: _Epoch, epochs: Sequence[_Epoch]) -> list[_Epoch]:
    """Return the epochs of other counters from which the stream's hours may come."""
    mine = epoch.counter
    streams = {mine.stream} | ({"grid_import"} if mine.stream == "consumption" else set[str]())
    return [
        each
        for each in epochs
        if each.counter != mine and each.counter.stream in streams and each.at_us.size
    ]


def _differing(
    epoch: _Epoch,
    rivals: Sequence[_Epoch],
    rows: pa.Table,
    computed: Collection[SiteDay],
    span: Span,
) -> Iterator[Finding]:
    if not epoch.at_us.size:
        return
    first = max(-(-int(epoch.at_us[0]) // HOUR_US), to_us(span.start) // HOUR_US)
    last = min(int(epoch.at_us[-1]) // HOUR_US, to_us(span.end) // HOUR_US)
    if last <= first:
        return
    edges_us = np.arange(first, last + 1) * HOUR_US
    before = np.searchsorted(epoch.at_us, edges_us, side="right") - 1
    after = np.searchsorted(epoch.at_us, edges_us, side="left")
    hours = _hours(rows, first, last, epoch.counter.site, computed)
    long_steps = np.append(0, np.cumsum(np.diff(epoch.at_us) > _DENSE_US))
    is_dense = long_steps[after[1:]] == long_steps[before[:-1]]
    is_compared = hours.is_settled | (hours.is_missing & is_dense)
    for rival in rivals:
        is_before = epoch.at_us[after[1:]] <= rival.at_us[0]
        is_compared &= is_before | (epoch.at_us[before[:-1]] >= rival.at_us[-1])
    counted_wh = epoch.counted_wh
    for begin, end in _runs(is_compared):
        hourly_wh = float(hours.energy_wh[begin:end].sum())
        least_wh = float(counted_wh[before[end]] - counted_wh[after[begin]])
        most_wh = float(counted_wh[after[end]] - counted_wh[before[begin]])
        if not least_wh - _TOLERANCE_WH <= hourly_wh <= most_wh + _TOLERANCE_WH:
            bounds = (int(edges_us[begin]), int(edges_us[end]))
            yield _finding(epoch.counter, bounds, hourly_wh, least_wh, most_wh)


def _finding(
    counter: Counter, bounds_us: tuple[int, int], hourly_wh: float, least_wh: float, most_wh: float
) -> Finding:
    start, end = (from_us(each) for each in bounds_us)
    return {
        "site": counter.site,
        "stream": counter.stream,
        "counter": counter.name,
        "start": start,
        "end": end,
        "hourly_wh": hourly_wh,
        "least_wh": least_wh,
        "most_wh": most_wh,
    }


def _hours(
    rows: pa.Table, first: int, last: int, site: str, computed: Collection[SiteDay]
) -> _Hours:
    """Return the hours from `first` up to `last`; one without a row has no energy."""
    place = column_us(rows["hour"]) // HOUR_US - first
    is_inside = (place >= 0) & (place < last - first)
    place = place[is_inside]
    energy_wh, is_settled = np.zeros(last - first), np.zeros(last - first, np.bool_)
    energy_wh[place] = rows["energy_wh"].to_numpy()[is_inside]
    is_settled[place] = _is_settled(rows)[is_inside]
    days = np.arange(first, last) // _HOURS_PER_DAY
    held = [day for day in np.unique(days).tolist() if (site, numbered_day(day)) in computed]
    is_missing = np.isin(days, held)
    is_missing[place] = False
    return _Hours(energy_wh, is_settled, is_missing)


def _is_settled(rows: pa.Table) -> NDArray[np.bool_]:
    """Whether an hour is final and a gateway's."""
    is_theirs = pc.starts_with(rows["source"], GATEWAY)
    return pc.and_(rows["final"], is_theirs).to_numpy().astype(np.bool_)


def _runs(wanted: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each stretch of places that are wanted."""
    changes = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False])).astype(np.int8)))
    yield from zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)


def _unbalanced(site: str, stored: Mapping[Series, pa.Table]) -> Iterator[Finding]:
    """Yield hours of consumption that are not what their parts make, where all are a gateway's."""
    parts = {name: stored[site, name] for name in PARTS if (site, name) in stored}
    if not parts.keys() >= PARTS.keys() - set(BATTERY) or (site, "consumption") not in stored:
        return
    tables = {"consumption": stored[site, "consumption"], **parts}
    settled = {name: rows.filter(pa.array(_is_settled(rows))) for name, rows in tables.items()}
    hours_us = {name: column_us(rows["hour"]) for name, rows in settled.items()}
    common_us = reduce(np.intersect1d, hours_us.values())
    energy_wh = {
        name: rows["energy_wh"].to_numpy()[np.isin(hours_us[name], common_us)]
        for name, rows in settled.items()
    }
    balance_wh = np.sum([PARTS[name] * energy_wh[name] for name in parts], axis=0)
    off = np.abs(balance_wh - energy_wh["consumption"]) > _BALANCE_WH
    balance = Counter(site, "consumption", "", "balance of the other streams", "meter")
    for at in np.flatnonzero(off).tolist():
        bounds = (int(common_us[at]), int(common_us[at]) + HOUR_US)
        made_wh = float(balance_wh[at])
        yield _finding(balance, bounds, float(energy_wh["consumption"][at]), made_wh, made_wh)
