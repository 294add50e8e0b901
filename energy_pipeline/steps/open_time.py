"""Which time of a block of days is still to be asked for, from what the store holds of it.

A day that the store knows nothing of is open as a whole; of one that it knows but not for good,
what no settled interval covers. A day that was settled early is opened again when the vendor's own
total, stated later, says something else: that is how a revision shows without a request.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days, Span, inside, local_day_span, utc_midnight
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import ENLIGHTEN_SYSTEMS
from energy_pipeline.sources.enlighten.dialect import series_of
from energy_pipeline.steps.enlighten_words import (
    INTERVAL_COLUMNS,
    INTERVALS,
    leaves_nights_out,
    vendors_word,
)
from energy_pipeline.steps.settled import (
    DAY_S,
    GROWS_NO_MORE,
    is_settled,
    on_own_grid,
    unsettled_time,
)
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.transform.agreement import compare_totals
from energy_pipeline.workbench import Workbench

_Spans = Mapping[str, list[Span]]
_Entries = Mapping[str, dict[date, Coverage]]


@dataclass(frozen=True)
class _Known:
    """Site-days of a block by what is to be done with them; by site, then day.

    Args:
        unknown: never asked.
        unsettled: asked, but not for good.
        early: settled so early that the vendor may still have revised it.
    """

    unknown: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))
    unsettled: dict[str, dict[date, Coverage]] = field(default_factory=lambda: defaultdict(dict))
    early: dict[str, dict[date, Coverage]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True)
class StoredBlock:
    """What the store holds of a bounded number of days and sites.

    Args:
        bench: store and clock.
        stream: what is fetched.
        sites: sites of which Enlighten feeds the stream.
        days: UTC days; of each site, those before its start are passed over.
        totals: rows of `enlighten_daily_energy` around these days.
    """

    bench: Workbench
    stream: Stream
    sites: Sequence[Site]
    days: Days
    totals: pa.Table

    def open_time(self, newest_reports: dict[str, datetime]) -> dict[str, list[Span]]:
        """Return, by site, the time that is to be asked for.

        Days of which it turns out that all is final are marked so in the store.

        Args:
            newest_reports: the last report of each site's system that is known; those that the
                store knows from these days are added.
        """
        known = self._known(newest_reports)
        spans: defaultdict[str, list[Span]] = defaultdict(list)
        for id, days in known.unknown.items():
            spans[id] += [Days(day, day).span for day in days]
        looked = [site.id for site in self.sites if site.id in {*known.unsettled, *known.early}]
        if looked:
            intervals = self.bench.store.read(
                INTERVALS[self.stream], self.days.padded(1), looked, INTERVAL_COLUMNS
            )
            for id, span in self._unsettled(known.unsettled, intervals):
                spans[id].append(span)
            for id, span in self._revised(known.early, intervals):
                spans[id].append(span)
        return spans

    def _known(self, newest: dict[str, datetime]) -> _Known:
        """Sort the site-days by what the footers say."""
        ids = [site.id for site in self.sites]
        entries = self.bench.store.coverage(INTERVALS[self.stream], self.days, ids)
        give_up = timedelta(days=self.bench.settings.energy_give_up_days)
        for entry in chain.from_iterable(each.values() for each in entries.values()):
            if entry.last_report_at is not None:
                reported = newest.get(entry.site, entry.last_report_at)
                newest[entry.site] = max(reported, entry.last_report_at)
        known = _Known()
        for site in self.sites:
            for day in self.days.clipped_to(site.start) or ():
                entry = entries[day].get((site.id, ""))
                if entry is None:
                    known.unknown[site.id].append(day)
                elif not is_settled(entry, day, give_up, newest.get(site.id)):
                    known.unsettled[site.id][day] = entry
                elif self._is_early(entry, day, give_up):
                    known.early[site.id][day] = entry
        return known

    def _is_early(self, entry: Coverage, day: date, give_up: timedelta) -> bool:
        ends_at, asked = utc_midnight(day) + DAY, entry.asked_until
        is_young = self.bench.clock.now() < ends_at + give_up
        return is_young and asked is not None and asked < ends_at + GROWS_NO_MORE

    def _unsettled(self, days: _Entries, intervals: pa.Table) -> Iterator[tuple[str, Span]]:
        """Yield time of unsettled days that no settled interval covers; mark days without any."""
        sites = [site for site in self.sites if site.id in days]
        if not sites:
            return
        micro = [site for site in sites if leaves_nights_out(site, self.stream)]
        word = vendors_word(self.bench.store, self.stream, micro, self.days, self.totals)
        spans = {site.id: self.days.span for site in sites}
        now = self.bench.clock.now()
        grids = {
            site.id: series_of(site.enlighten, self.stream).interval_s
            for site in sites
            if site.enlighten is not None
        }
        own = on_own_grid(intervals, grids)
        uncovered = unsettled_time(own, self.stream, word, spans, now)
        final: defaultdict[date, list[Coverage]] = defaultdict(list)
        for id, entries in days.items():
            for day, entry in entries.items():
                parts = inside(uncovered[id], Days(day, day).span)
                yield from ((id, part) for part in parts)
                if not parts:
                    final[day].append(entry)
        for day, entries in final.items():
            self._mark_final(day, entries)

    def _mark_final(self, day: date, entries: Sequence[Coverage]) -> None:
        """Write down that all of a day is final, unless somebody has written it meanwhile."""
        dataset, store = INTERVALS[self.stream], self.bench.store
        with self.bench.locks.hold(fetch_lock(dataset.name, day)):
            known = store.coverage(dataset, Days(day, day))[day]
            same = [entry for entry in entries if known.get(entry.key) == entry]
            rows = store.read(dataset, Days(day, day), [entry.site for entry in same])
            now = self.bench.clock.now()
            marked = [replace(entry, final_s=DAY_S, written_at=now) for entry in same]
            store.replace(dataset, day, rows, marked)

    def _revised(self, days: _Entries, intervals: pa.Table) -> Iterator[tuple[str, Span]]:
        """Yield time of early days of which a total that was stated later says something else."""
        sites = [site for site in self.sites if site.id in days]
        if not sites:
            return
        word = vendors_word(self.bench.store, self.stream, sites, self.days, self.totals)
        compared = compare_totals(
            intervals, self.stream, word, self.days.span, self.bench.clock.now()
        )
        disagreeing = compared.filter(pc.equal(compared["verdict"], pa.scalar("disagrees")))
        keys = ["site", "stream", "day"]
        stated = disagreeing.join(self.totals.select([*keys, "fetched_at"]), keys)
        zones = {site.id: site.zone for site in sites}
        for total in stated.select(["site", "day", "fetched_at"]).to_pylist():
            local_day = local_day_span(total["day"], zones[total["site"]])
            for day, entry in days[total["site"]].items():
                is_older = entry.asked_until and entry.asked_until < total["fetched_at"]
                for part in inside([local_day], Days(day, day).span) if is_older else ():
                    yield total["site"], part


def listed_reports(bench: Workbench) -> dict[str, datetime]:
    """Return the last report of each site's system when the list of systems was fetched."""
    systems = bench.store.read_snapshot(ENLIGHTEN_SYSTEMS)
    known = systems.filter(
        pc.and_(pc.is_valid(systems["site"]), pc.is_valid(systems["last_report_at"]))
    )
    return {row["site"]: row["last_report_at"] for row in known.to_pylist()}


def fetch_lock(dataset: str, day: date) -> str:
    """Return the name under which rows of a day are read and written again."""
    return f"fetch/{dataset}/{day}"
