"""Asset `enlighten_events`: what happened at the sites, in the vendor's words.

A site's status costs nothing: it is in the list of systems. In dialect v4 two requests more give
what happened since the last time and what goes on; v2 has neither.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pyarrow.compute as pc

from energy_pipeline.schema import ENLIGHTEN_EVENTS, ENLIGHTEN_SYSTEMS
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.v4 import wire
from energy_pipeline.sources.enlighten.v4.events import (
    Event,
    event_types,
    events,
    open_alarms,
    open_events,
)
from energy_pipeline.steps.enlighten_snapshots import (
    Due,
    Row,
    SnapshotReport,
    accessed_sites,
    refresh_snapshot,
)
from energy_pipeline.steps.site_events import (
    ALARM,
    CLOSED,
    EVENT,
    Seen,
    alarm_rows,
    closed_rows,
    event_rows,
    status_rows,
    unmentioned,
)
from energy_pipeline.workbench import Workbench

YOUNG = timedelta(hours=12)
"""What is younger is not asked for again; a daily run finds it older."""

FURTHEST_BACK = timedelta(days=28)
"""Older events are not asked for: a week of them is a request."""

WATCHED_FOR = timedelta(days=2)
"""Whoever looked at events within this time is taken to go on; a daily run may fail once."""

_FIRST_LOOK = timedelta(days=7)
_LATE = timedelta(days=1)  # a gateway that was cut off tells of it when it is back


def fetch_events(bench: Workbench, *, force: bool = False) -> SnapshotReport:
    """Bring status, events and alarms up to date of the workbench's sites that Enlighten knows.

    What is held of a site stays; what goes on no longer is closed.

    Args:
        bench: what to work with.
        force: ask although what is held is young.

    Raises what `refresh_snapshot` raises.
    """
    look = _Look(bench)
    now = bench.clock.now()
    due = [
        Due(site, access)
        for site, access in accessed_sites(bench)
        if force or now - look.looked_at(site.id) >= YOUNG
    ]
    return refresh_snapshot(bench, ENLIGHTEN_EVENTS, due, look.rows, is_everything=False)


class _Look:
    """One look at the sites: what is held of them, and what Enlighten says."""

    def __init__(self, bench: Workbench) -> None:
        self._clock = bench.clock
        self._held: defaultdict[str, list[Row]] = defaultdict(list)
        for row in bench.store.read_snapshot(ENLIGHTEN_EVENTS).to_pylist():
            self._held[row["site"]].append(row)
        self._statuses = _statuses(bench)
        self._names = _Names(row for rows in self._held.values() for row in rows)

    def looked_at(self, site: str) -> datetime:
        """Return when a site was looked at last; long ago when never."""
        long_ago = self._clock.now() - _FIRST_LOOK
        return max((row["fetched_at"] for row in self._held[site]), default=long_ago)

    async def rows(self, ask: Ask, due: Due) -> Sequence[Row]:
        """Return the rows of a site that are new or have changed."""
        site, system_id, held = due.site.id, due.access.system_id, self._held[due.site.id]
        seen = Seen(site, system_id, self._clock.now(), self._names.known)
        statuses = status_rows(seen, held, self._statuses.get(site))
        if due.access.api == "v2":
            return statuses
        happened = [
            event
            for start, end in self._windows(site, seen.at)
            for event in await events(ask, system_id, start, end)
        ]
        alarms = await open_alarms(ask, system_id)
        await self._names.learn(ask, (each.event_type_id for each in [*happened, *alarms]))
        event_list = event_rows(seen, happened)
        if silent := unmentioned(held, EVENT, event_list):
            event_list += await self._later(ask, seen, silent)
        alarm_list = alarm_rows(seen, alarms)
        over = closed_rows(seen, unmentioned(held, ALARM, alarm_list), event_list)
        return [*statuses, *event_list, *alarm_list, *over]

    def _windows(self, site: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield windows from the last look until now, each as wide as one request answers."""
        start = max(self.looked_at(site) - _LATE, now - FURTHEST_BACK)
        if not self._held[site]:
            start = now - _FIRST_LOOK
        while start < now:
            end = min(start + wire.EVENTS_WIDEST, now)
            yield start, end
            start = end

    async def _later(self, ask: Ask, seen: Seen, silent: Sequence[Row]) -> list[Row]:
        """Return what became of events that went on and that no window names."""
        going_on: list[Event] = await open_events(ask, seen.system_id)
        still = event_rows(seen, going_on)
        gone = unmentioned(silent, EVENT, still)
        return [*still, *closed_rows(seen, gone, [])]


class _Names:
    """Names of the types of events: those that are held, and all of them once one is not."""

    def __init__(self, held: Iterable[Row]) -> None:
        self.known: dict[int, str | None] = {
            row["event_type_id"]: row["event_name"]
            for row in held
            if row["event_type_id"] is not None
        }
        self._one_at_a_time = asyncio.Lock()

    async def learn(self, ask: Ask, types: Iterable[int]) -> None:
        """Ask for the names once in a run, when one of these is not known."""
        wanted = set(types)
        async with self._one_at_a_time:
            if wanted <= self.known.keys():
                return
            self.known |= {each.event_type_id: each.event_name for each in await event_types(ask)}
            self.known |= {each: None for each in wanted - self.known.keys()}


def _statuses(bench: Workbench) -> Mapping[str, str]:
    """Return the status of each site as the list of systems gave it."""
    listed = bench.store.read_snapshot(ENLIGHTEN_SYSTEMS).to_pylist()
    return {row["site"]: row["status"] for row in listed if row["site"] and row["status"]}


def is_watched(bench: Workbench) -> bool:
    """Return whether events of any site were fetched lately; no request.

    What runs is not known here, so what ran is taken for it.
    """
    newest = pc.max(bench.store.read_snapshot(ENLIGHTEN_EVENTS)["fetched_at"]).as_py()
    return newest is not None and bench.clock.now() - newest <= WATCHED_FOR


def going_on(bench: Workbench) -> list[Row]:
    """Return what goes on at the workbench's sites: events, alarms, and statuses but `normal`."""
    sites = [site.id for site in bench.registry.sites]
    held = bench.store.read_snapshot(ENLIGHTEN_EVENTS, sites).to_pylist()
    quiet = {CLOSED, "info", "normal"}
    return [row for row in held if row["ended_at"] is None and row["status"] not in quiet]
