"""Asset `hourly_energy`: from stored intervals and gateways' readings to the stored hours.

Take the hours of both sources, the better one where a stream has both, write with coverage. Days
beside the range that are already held are brought up to date as well: local days, straddling
intervals and gaps between readings cross midnight. Each source's hours are made in
`enlighten_hours.py` and `gateway_hours.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import STREAMS, Site
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_hours import enlighten_hours
from energy_pipeline.steps.enlighten_words import INTERVALS, is_from_enlighten, read_totals
from energy_pipeline.steps.gateway_gaps import unbooked_energy
from energy_pipeline.steps.gateway_hours import gateway_hours
from energy_pipeline.steps.gateway_sites import is_from_gateway, reach_of
from energy_pipeline.steps.hourly_coverage import accounted_for, coverage_of_day, spread_sites
from energy_pipeline.steps.hourly_report import HourlyCounts, HourlyReport
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.series import rows_by_series
from energy_pipeline.transform.series_days import hours_of_day
from energy_pipeline.transform.two_sources import best_hours
from energy_pipeline.workbench import Workbench

_LOCK = "step/hourly_energy"
_INTERVALS_REACH_DAYS = 1

_Held = Mapping[date, Mapping[Key, Coverage]]


def compute_hourly(
    bench: Workbench, days: Days, bridge_long_gaps: Collection[str] = ()
) -> HourlyReport:
    """Compute and store the hours of `days` for the workbench's sites.

    Every stream is computed from what the store holds of its sources. Production and streams with
    an upload are accounted for even when nothing is held, others only when there is something.
    Once all days are computed, the order in which they were does not show.

    Args:
        bench: store, sites and clock.
        days: UTC days.
        bridge_long_gaps: sites of which the energy of gaps that are too long to be bridged is
            spread over their hours nevertheless; these days keep it when they are computed again.

    Raises:
        ConfigurationError: a site of `bridge_long_gaps` is not among the workbench's.
        StoreError: a stored file is damaged, an interval has no length, a counter is unknown, or
            storage fails.
    """
    if bridge_long_gaps:
        bench.registry.only(list(bridge_long_gaps))
    counts = HourlyCounts(days)
    whole = days.padded(max(_INTERVALS_REACH_DAYS, reach_of(bench.registry.sites)))
    done, total = 0, len(whole) * len(bench.registry.sites)
    for sites in site_blocks(bench.registry.sites):
        totals = read_totals(bench.store, sites, whole)
        for block in day_blocks(whole, len(sites)):
            started = [site for site in sites if site.start <= block.last]
            with bench.locks.hold(_LOCK):  # nobody writes hours of inputs as they were before
                _compute_block(bench, started, block, totals, counts, set(bridge_long_gaps))
            done += len(block) * len(sites)
            bench.progress("site-days of hours", done, total)
        counts.add_unbooked(unbooked_energy(bench, sites, days))
    return counts.report()


def _compute_block(
    bench: Workbench,
    sites: Sequence[Site],
    block: Days,
    totals: pa.Table,
    counts: HourlyCounts,
    bridge_long_gaps: set[str],
) -> None:
    """Compute a block; of days outside the range only what is held already is written."""
    known = bench.store.coverage(HOURLY_ENERGY, block, [site.id for site in sites])
    wanted = [day for day, held in known.items() if day in counts.days or held]
    if not wanted:
        return
    asked = {day: bridge_long_gaps if day in counts.days else set[str]() for day in block}
    spread = {day: spread_sites(held) | asked[day] for day, held in known.items()}
    hours = _both(
        enlighten_hours(bench, sites, block, totals),
        gateway_hours(bench, sites, block, wanted, spread),
        sites,
        bench,
    )
    counts.spread |= {(site, day) for day, sites_of_day in spread.items() for site in sites_of_day}
    for day in wanted:
        _write(bench, sites, day, hours_of_day(hours, day), known, spread[day], counts)


def _both(
    enlighten: pa.Table, gateway: pa.Table, sites: Sequence[Site], bench: Workbench
) -> pa.Table:
    if not gateway.num_rows:
        return enlighten
    contested = {
        (site.id, stream)
        for site in sites
        for stream in INTERVALS
        if is_from_enlighten(site, stream) and is_from_gateway(site, stream)
    }
    return best_hours(pa.concat_tables([enlighten, gateway]), contested, bench.clock.now())


def _write(
    bench: Workbench,
    sites: Sequence[Site],
    day: date,
    rows: pa.Table,
    known: _Held,
    spread: set[str],
    counts: HourlyCounts,
) -> None:
    """Write one day and count it."""
    found = {series for series, _ in rows_by_series(rows)}
    keys = accounted_for(sites, day, found, known[day].keys(), counts.days)
    of_gateway = {
        (site.id, stream)
        for site in sites
        for stream in STREAMS
        if site.id in spread and is_from_gateway(site, stream)
    }
    entries = coverage_of_day(rows, keys, of_gateway, bench.clock.now())
    kept = rows if keys >= found else _of_series(rows, keys)
    bench.store.replace(HOURLY_ENERGY, day, kept, entries)
    if day in counts.days:
        counts.add(entries)
    elif any(_is_new(entry, known[day]) for entry in entries):
        counts.refreshed.add(day)


def _is_new(entry: Coverage, held: Mapping[Key, Coverage]) -> bool:
    return entry.key not in held or not entry.says_the_same_as(held[entry.key])


def _of_series(rows: pa.Table, keys: Collection[Key]) -> pa.Table:
    kept = [part for series, part in rows_by_series(rows) if series in keys]
    return pa.concat_tables([rows[:0], *kept])
