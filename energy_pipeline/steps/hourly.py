"""Asset `hourly_energy`: from the stored intervals to the stored hours.

Read, hand to `transform.hourly`, write with coverage. Days beside the range that are already held
are brought up to date as well: a local day and a straddling interval cross midnight.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_words import (
    ENLIGHTEN,
    INTERVAL_COLUMNS,
    INTERVALS,
    is_from_enlighten,
    leaves_nights_out,
    read_totals,
    vendors_word,
)
from energy_pipeline.steps.hourly_report import HourlyCounts, HourlyReport
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.cumulative import day_registers
from energy_pipeline.transform.finality import HOUR_S
from energy_pipeline.transform.hourly import hourly_energy
from energy_pipeline.transform.series import rows_by_series
from energy_pipeline.transform.series_days import hours_of_day
from energy_pipeline.workbench import Workbench

_LOCK = "step/hourly_energy"


def compute_hourly(bench: Workbench, days: Days) -> HourlyReport:
    """Compute and store the hours of `days` for the workbench's sites.

    A stream that Enlighten feeds is computed from what the store holds of it. Production and
    streams with an upload are accounted for even when nothing is held, others only when there is
    something. Once all days are computed, the order in which they were does not show.

    Raises:
        StoreError: a stored file is damaged, an interval has no length, or storage fails.
    """
    counts = HourlyCounts(days)
    whole = days.padded(1)
    done, total = 0, len(whole) * len(bench.registry.sites)
    for sites in site_blocks(bench.registry.sites):
        totals = read_totals(bench.store, sites, whole)
        for block in day_blocks(whole, len(sites)):
            started = [site for site in sites if site.start <= block.last]
            with bench.locks.hold(_LOCK):  # nobody writes hours of intervals as they were before
                _compute_block(bench, started, block, totals, counts)
            done += len(block) * len(sites)
            bench.progress("site-days of hours", done, total)
    return counts.report()


def _compute_block(
    bench: Workbench, sites: Sequence[Site], block: Days, totals: pa.Table, counts: HourlyCounts
) -> None:
    """Compute a block; of days outside the range only what is held already is written."""
    known = bench.store.coverage(HOURLY_ENERGY, block, [site.id for site in sites])
    if not any(day in counts.days or held for day, held in known.items()):
        return
    hours = pa.concat_tables([_hours(bench, stream, sites, block, totals) for stream in INTERVALS])
    for day in block:
        rows = hours_of_day(hours, day)
        found = _coverage(rows, bench.clock.now())
        keys = _accounted_for(sites, day, found.keys(), known[day].keys(), counts.days)
        entries = [found.get(key) or _nothing(key, bench.clock.now()) for key in sorted(keys)]
        kept = rows if keys >= found.keys() else _of_series(rows, keys)
        bench.store.replace(HOURLY_ENERGY, day, kept, entries)
        if day in counts.days:
            counts.add(entries)
        elif any(not entry.says_the_same_as(known[day][entry.key]) for entry in entries):
            counts.refreshed.add(day)


def _hours(
    bench: Workbench, stream: Stream, sites: Sequence[Site], block: Days, totals: pa.Table
) -> pa.Table:
    """Return the hours of one stream from Enlighten's intervals."""
    fed = [site for site in sites if is_from_enlighten(site, stream)]
    if not fed:
        return HOURLY_ENERGY.empty()
    held = block.padded(1)
    intervals = bench.store.read(
        INTERVALS[stream], held, [site.id for site in fed], INTERVAL_COLUMNS
    )
    micro = [site for site in fed if leaves_nights_out(site, stream)]
    return hourly_energy(
        intervals,
        stream=stream,
        source=ENLIGHTEN,
        word=vendors_word(bench.store, stream, micro, block, totals),
        span=block.span,
        now=bench.clock.now(),
        settle_hours=bench.settings.energy_settle_hours,
    )


def _coverage(rows: pa.Table, now: datetime) -> dict[Key, Coverage]:
    """Return what is known of each series that has hours on a day."""
    counted = (
        rows.group_by(["site", "stream"])
        .aggregate([("covered_s", "sum"), ("final", "sum"), ("hour", "count")])
        .to_pylist()
    )
    registers = {(site, stream): state for (site, stream, _), state in day_registers(rows).items()}
    entries = (
        Coverage(
            site=each["site"],
            stream=each["stream"],
            written_at=now,
            rows=each["hour_count"],
            covered_s=each["covered_s_sum"],
            final_s=each["final_sum"] * HOUR_S,
            energy_wh=registers[each["site"], each["stream"]].sum_wh,
            peak_wh=registers[each["site"], each["stream"]].peak_wh,
            answer="computed",
        )
        for each in counted
    )
    return {entry.key: entry for entry in entries}


def _nothing(key: Key, now: datetime) -> Coverage:
    return Coverage(site=key[0], stream=key[1], written_at=now, answer="computed")


def _accounted_for(
    sites: Sequence[Site],
    day: date,
    found: Collection[Key],
    held: Collection[Key],
    asked: Days,
) -> set[Key]:
    """Return the series of which the day's partition says something after this run."""
    fed = {
        (site.id, stream): stream == "production" or _is_uploaded(site, stream)
        for site in sites
        for stream in INTERVALS
        if site.start <= day and is_from_enlighten(site, stream)
    }
    if day not in asked:
        return {key for key in fed if key in held}
    return {key for key, expected in fed.items() if expected or key in found or key in held}


def _is_uploaded(site: Site, stream: Stream) -> bool:
    return any(upload.stream == stream for upload in site.uploads)


def _of_series(rows: pa.Table, keys: Collection[Key]) -> pa.Table:
    kept = [part for series, part in rows_by_series(rows) if series in keys]
    return pa.concat_tables([rows[:0], *kept])
