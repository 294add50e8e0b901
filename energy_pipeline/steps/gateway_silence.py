"""Which gateways have shown nothing: on days that are over, and lately while a day runs.

A gateway that shows its counter where it stood, as all night without meters, has shown something.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.workbench import Workbench

LATE_AFTER = timedelta(minutes=20)
"""The restart of every night takes some minutes; three polls in a row that miss are no restart."""
_LATE_POLLS = 3

_Known = Mapping[date, Mapping[Key, Coverage]]


def silent_gateways(bench: Workbench, days: Days) -> list[Finding]:
    """Return the gateways that showed no counter on a day, or not for a while on the running one.

    Members: site, days_without (days that are over), last_poll (the last one with a counter on the
    days or the day before them, moving or not; None without).
    """
    known = bench.store.coverage(ENVOY_READINGS, Days(days.first - DAY, days.last))
    now, found = bench.clock.now(), list[Finding]()
    late_after = max(LATE_AFTER, timedelta(minutes=_LATE_POLLS * bench.settings.envoy_poll_minutes))
    for site in bench.registry.sites:
        if site.envoy is None or site.start > min(days.last, now.date()):
            continue
        without = len(list(_days_without(site, known, days, now.date())))
        last_poll = _last_poll(site, known)
        is_late = now.date() in days and (last_poll is None or now - last_poll > late_after)
        if without or is_late:
            found.append({"site": site.id, "days_without": without, "last_poll": last_poll})
    return found


def _days_without(site: Site, known: _Known, days: Days, today: date) -> Iterator[date]:
    for day in days:
        held = any(of == site.id for of, _ in known[day])
        if site.start <= day < today and not held:
            yield day


def _last_poll(site: Site, known: _Known) -> datetime | None:
    entries = (entry for day in known.values() for entry in day.values() if entry.site == site.id)
    return max((entry.asked_until for entry in entries if entry.asked_until), default=None)
