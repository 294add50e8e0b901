"""The way from `envoy_readings` to `hourly_energy`: every site, every stream, every counter.

What is returned for an hour depends on the readings within `GatewayRules.reach` of it, and on
nothing else that is asked in the same call. Which source an hour is taken from in the end is
decided in `transform/two_sources.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.calendar import Span
from energy_pipeline.schema import HOURLY_ENERGY, INSTANT
from energy_pipeline.transform.counters.gaps import Unbooked
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline.transform.counters.samples import Counter, CounterKind, counters_of
from energy_pipeline.transform.counters.steps import Flags, Steps
from energy_pipeline.transform.counters.streams import Shown, steps_of_site
from energy_pipeline.transform.finality import is_final
from energy_pipeline.transform.hourly import Hours, hours_of
from energy_pipeline.transform.instants import HOUR_US, instant_column, to_us
from energy_pipeline.transform.intervals import Intervals
from energy_pipeline.transform.series import Series

GATEWAY = "envoy"
"""Source of an hour that meters of the gateway counted."""
INVERTERS = "envoy-inverters"
"""Source of an hour in which the gateway's sum of inverters had a part."""
BRIDGED = "+bridged"
"""End of the source of an hour in which the energy of a gap was spread."""

_SOURCES = (GATEWAY, GATEWAY + BRIDGED, INVERTERS, INVERTERS + BRIDGED)

UNBOOKED = pa.schema(
    [
        ("site", pa.string()),
        ("stream", pa.string()),
        ("counter", pa.string()),
        ("start", INSTANT),
        ("end", INSTANT),
        ("energy_wh", pa.float64()),
    ]
)
"""Time whose energy belongs to no hour, by counter: the samples around it, and what was counted
meanwhile; null where a reset or a jump hides it."""


@dataclass(frozen=True, slots=True)
class GatewayHours:
    """What the counters of gateways say of a span.

    Args:
        hourly: rows of `hourly_energy`, sorted.
        unbooked: rows of `UNBOOKED` that overlap the span, sorted.
    """

    hourly: pa.Table
    unbooked: pa.Table


def hours_of_gateways(
    readings: pa.Table,
    *,
    kind_of: Callable[[str], CounterKind],
    rules: Mapping[str, GatewayRules],
    spread: Collection[str] = (),
    span: Span,
    now: datetime,
    settle_hours: float,
) -> GatewayHours:
    """Return the hours of `span` that the counters of the gateways know something of.

    Args:
        readings: rows of `envoy_readings` of `span` and of the rules' `reach` on both sides of it,
            in any order.
        kind_of: how a counter of that name counts.
        rules: of each site that has readings.
        spread: sites of which the energy of long gaps is spread as well; of these, `readings` has
            the samples around the gaps, wherever they are.
        span: whole UTC hours.
        now: the present instant.
        settle_hours: how long after its end an hour can be final.
    """
    by_site: defaultdict[str, list[Shown]] = defaultdict(list)
    for counter, samples in counters_of(readings, kind_of):
        by_site[counter.site].append((counter, samples))
    streams: dict[Series, Steps] = {}
    unbooked: list[tuple[Counter, Unbooked]] = []
    for site, counters in sorted(by_site.items()):
        found = steps_of_site(counters, rules[site], spreads_long=site in spread)
        streams |= {(site, stream): found.streams[stream] for stream in sorted(found.streams)}
        unbooked += found.unbooked
    return GatewayHours(_hourly(streams, span, now, settle_hours), _overlapping(unbooked, span))


def _hourly(
    streams: Mapping[Series, Steps], span: Span, now: datetime, settle_hours: float
) -> pa.Table:
    steps = list(streams.values())
    hours = _sums(steps, [np.ones(each.size, np.bool_) for each in steps], span)
    has_bridge = _has(_sums(steps, [each.is_bridged for each in steps], span), hours)
    has_inverters = _has(_sums(steps, [~each.is_metered for each in steps], span), hours)
    series = pa.array(hours.site, pa.int64())
    names = list(streams)
    columns = {
        "site": pa.array([site for site, _ in names], pa.string()).take(series),
        "stream": pa.array([stream for _, stream in names], pa.string()).take(series),
        "hour": instant_column(hours.hour_us),
        "energy_wh": pa.array(hours.energy_wh),
        "covered_s": pa.array(hours.covered_s.astype(np.int32)),
        "source": pa.array(_SOURCES).take(pa.array(has_bridge + 2 * has_inverters, pa.int64())),
        "final": pa.array(is_final(hours.hour_us, hours.settled_s, now, settle_hours)),
    }
    return pa.Table.from_pydict(columns, schema=HOURLY_ENERGY.schema)


def _sums(steps: Sequence[Steps], wanted: Sequence[Flags], span: Span) -> Hours:
    """Sum the wanted steps of each series up by hour; every step is settled."""
    parts = [each.at(flags) for each, flags in zip(steps, wanted, strict=True)]
    nothing, no_energy = np.empty(0, np.int64), np.empty(0)
    start_us = np.concatenate([nothing, *(part.start_us for part in parts)])
    end_us = np.concatenate([nothing, *(part.end_us for part in parts)])
    covers = np.concatenate([np.empty(0, np.bool_), *(part.covers for part in parts)])
    intervals = Intervals(
        sites=tuple(str(index) for index in range(len(parts))),
        bounds=np.cumsum([0, *(part.size for part in parts)]),
        start_us=start_us,
        end_us=end_us,
        known_until_us=np.where(covers, end_us, start_us),
        energy_wh=np.concatenate([no_energy, *(part.energy_wh for part in parts)]),
        settled=covers,
    )
    return hours_of(intervals, span)


def _has(some: Hours, hours: Hours) -> NDArray[np.int64]:
    """Return 1 for each of the hours that is among some of them, else 0."""
    keys, known = (each.site * (1 << 40) + each.hour_us // HOUR_US for each in (hours, some))
    return np.isin(keys, known).astype(np.int64)


def _overlapping(found: Sequence[tuple[Counter, Unbooked]], span: Span) -> pa.Table:
    tables = [pa.Table.from_pylist([], schema=UNBOOKED)]
    for counter, unbooked in found:
        inside = (unbooked.end_us > to_us(span.start)) & (unbooked.start_us < to_us(span.end))
        rows = int(inside.sum())
        columns = {
            "site": pa.repeat(counter.site, rows),
            "stream": pa.repeat(counter.stream, rows),
            "counter": pa.repeat(counter.name, rows),
            "start": instant_column(unbooked.start_us[inside]),
            "end": instant_column(unbooked.end_us[inside]),
            "energy_wh": pa.array(unbooked.energy_wh[inside], from_pandas=True),
        }
        tables.append(pa.Table.from_pydict(columns, schema=UNBOOKED))
    return pa.concat_tables(tables).sort_by(
        [("site", "ascending"), ("stream", "ascending"), ("start", "ascending")]
    )
