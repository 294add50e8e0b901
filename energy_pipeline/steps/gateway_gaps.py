"""Gaps that are longer than the days around them: where they begin and end, and their energy."""

from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.sites import STREAMS, Site
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.steps.gateway_readings import READING_COLUMNS, gateway_blocks, read_window
from energy_pipeline.steps.gateway_sites import gateway_rules, reach_of, stored_counter_kind
from energy_pipeline.store.coverage import Key
from energy_pipeline.transform.counters.hours import UNBOOKED, hours_of_gateways
from energy_pipeline.workbench import Workbench

_DAYS_AT_ONCE = 32


def unbooked_energy(bench: Workbench, sites: Sequence[Site], days: Days) -> pa.Table:
    """Return time of `days` whose energy belongs to no hour, in the schema of `UNBOOKED`, sorted.

    A gap is told of when the counter is back, and one of its ends is near the days.
    """
    found = [UNBOOKED.empty_table()]
    for group, block in gateway_blocks(sites, days):
        window = block.padded(reach_of(group))
        readings = read_window(bench.store, group, window)
        if not readings.num_rows:
            continue
        begun = _begun_before(bench, group, window)
        hours = hours_of_gateways(
            pa.concat_tables([readings, *_last_before(bench, group, window, begun)]),
            kind_of=stored_counter_kind,
            rules=gateway_rules(group),
            span=block.span,
            now=bench.clock.now(),
            settle_hours=bench.settings.energy_settle_hours,
        )
        found.append(hours.unbooked)
    names = UNBOOKED.names
    whole = pa.concat_tables(found).group_by(names).aggregate([])
    return whole.select(names).sort_by([(name, "ascending") for name in names])


def readings_around(bench: Workbench, sites: Sequence[Site], window: Days) -> pa.Table:
    """Return the last readings before `window` and the first after it, of every stream."""
    keys = {(site.id, stream) for site in sites for stream in STREAMS}
    parts = [
        *_last_before(bench, sites, window, keys),
        *_first_after(bench, window, keys),
    ]
    return pa.concat_tables([ENVOY_READINGS.empty().select(READING_COLUMNS), *parts])


def _begun_before(bench: Workbench, sites: Sequence[Site], window: Days) -> set[Key]:
    """Return the series that have readings in `window`, and none on its first day."""
    known = bench.store.coverage(ENVOY_READINGS, window, [site.id for site in sites])
    held = {day: {key for key, entry in of.items() if entry.rows} for day, of in known.items()}
    return set().union(*held.values()) - held[window.first]


def _last_before(
    bench: Workbench, sites: Sequence[Site], window: Days, keys: set[Key]
) -> Iterator[pa.Table]:
    first = min(site.start for site in sites)
    earlier = [] if first >= window.first else [*Days(first, window.first - DAY)]
    for site, day in _nearest(bench, keys, earlier[::-1]):
        yield bench.store.read(ENVOY_READINGS, Days(day - DAY, day), [site], READING_COLUMNS)


def _first_after(bench: Workbench, window: Days, keys: set[Key]) -> Iterator[pa.Table]:
    today = bench.clock.now().date()
    later = [] if today <= window.last else [*Days(window.last + DAY, today)]
    for site, day in _nearest(bench, keys, later):
        yield bench.store.read(ENVOY_READINGS, Days(day, day + DAY), [site], READING_COLUMNS)


def _nearest(bench: Workbench, keys: set[Key], days: Sequence[date]) -> set[tuple[str, date]]:
    """Return, with its site, the first of the days that has readings of each series."""
    missing, found = set(keys), set[tuple[str, date]]()
    ids = sorted({site for site, _ in keys})
    for at in range(0, len(days), _DAYS_AT_ONCE):
        if not missing:
            break
        some = days[at : at + _DAYS_AT_ONCE]
        known = bench.store.coverage(ENVOY_READINGS, Days(min(some), max(some)), ids)
        for day in some:
            here = {key for key in missing if (entry := known[day].get(key)) and entry.rows}
            found |= {(site, day) for site, _ in here}
            missing -= here
    return found
