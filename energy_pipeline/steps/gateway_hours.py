"""Hours from gateways' readings over a store, the same whatever else is computed with them.

Each day is computed from its own readings and those of a fixed number of days on both sides of it,
never from hours of other days. Only the energy of a long gap, where somebody asked for it, depends
on the samples around the gap, wherever they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import STREAMS, Site
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.gateway_gaps import readings_around
from energy_pipeline.steps.gateway_readings import gateway_blocks, read_window
from energy_pipeline.steps.gateway_sites import (
    gateway_rules,
    is_from_gateway,
    reach_of,
    stored_counter_kind,
)
from energy_pipeline.transform.counters.hours import hours_of_gateways
from energy_pipeline.transform.instants import Microseconds, column_us, to_us
from energy_pipeline.transform.series import rows_by_series
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class _Readings:
    """Readings in the order of the gateways' clocks, any part of which is found quickly."""

    rows: pa.Table
    read_us: Microseconds

    def of(self, days: Days) -> pa.Table:
        """Return those of some UTC days; midnight ends a day."""
        bounds_us = [to_us(days.span.start), to_us(days.span.end)]
        start, end = np.searchsorted(self.read_us, bounds_us, side="right").tolist()
        return self.rows.slice(start, end - start)


def gateway_hours(
    bench: Workbench,
    sites: Sequence[Site],
    days: Days,
    wanted: Collection[date],
    spread: Mapping[date, Collection[str]],
) -> pa.Table:
    """Return what gateways know of the wanted days, as rows of `hourly_energy`.

    Args:
        bench: store, clock and settings.
        sites: the sites; those without a gateway are passed over.
        days: a block of days.
        wanted: the days of it that are computed.
        spread: by day, sites of which the energy of long gaps is spread.
    """
    found = [HOURLY_ENERGY.empty()]
    for group, block in gateway_blocks(sites, days):
        reach = reach_of(group)
        window = block.padded(reach)
        rows = read_window(bench.store, group, window).sort_by("read_at")
        readings = _Readings(rows, column_us(rows["read_at"]))
        asked = [site for site in group if any(site.id in spread[day] for day in block)]
        around = readings_around(bench, asked, window) if asked else rows[:0]
        for day in (day for day in block if day in wanted):
            near = readings.of(Days(day, day).padded(reach))
            if of_day := sorted(spread[day]):
                near = pa.concat_tables(
                    [
                        _of_sites(near, of_day, are_in=False),
                        *(_of_sites(t, of_day) for t in (rows, around)),
                    ]
                )
            found.append(_hours_of_day(bench, group, day, near, of_day))
    return pa.concat_tables(found)


def _hours_of_day(
    bench: Workbench, sites: Sequence[Site], day: date, readings: pa.Table, spread: Sequence[str]
) -> pa.Table:
    hours = hours_of_gateways(
        readings,
        kind_of=stored_counter_kind,
        rules=gateway_rules(sites),
        spread=spread,
        span=Days(day, day).span,
        now=bench.clock.now(),
        settle_hours=bench.settings.energy_settle_hours,
    )
    fed = {
        (site.id, stream) for site in sites for stream in STREAMS if is_from_gateway(site, stream)
    }
    kept = [rows for series, rows in rows_by_series(hours.hourly) if series in fed]
    return pa.concat_tables([HOURLY_ENERGY.empty(), *kept])


def _of_sites(readings: pa.Table, sites: Sequence[str], *, are_in: bool = True) -> pa.Table:
    found = pc.is_in(readings["site"], pa.array(sites, pa.string()))
    return readings.filter(found if are_in else pc.invert(found))
