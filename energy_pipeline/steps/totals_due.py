"""Whether a site's day totals are to be asked for: one hit gives its whole life, so seldom.

They are when the store has none, when a day is over of which it has none, and when intervals that
were fetched later say something else. What is written is decided in `daily_energy.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days, local_day_span, utc_midnight
from energy_pipeline.configuration.sites import EnlightenAccess, Site, Stream
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.sources.enlighten.dialect import series_of
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.steps.answer_rows import utc_days
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_words import INTERVAL_COLUMNS, INTERVALS, vendors_word
from energy_pipeline.steps.fetch_plan import fed_sites
from energy_pipeline.steps.open_time import listed_reports
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.transform.agreement import compare_totals
from energy_pipeline.transform.local_days import TOLERANCE_WH
from energy_pipeline.transform.series import Series, rows_by_series
from energy_pipeline.workbench import Workbench

AGAIN_AFTER = timedelta(hours=6)
"""The vendor may be half a day late with yesterday's total; it is not asked more often."""

_UNSTATED_AT_MOST = 4
"""Totals at the end of a list that can have been stated before their day was over."""


@dataclass(frozen=True)
class Wanted:
    """The day totals of a site's series.

    Args:
        site: the site.
        access: how Enlighten knows it.
        series: what is asked for.
    """

    site: Site
    access: EnlightenAccess
    series: IntervalSeries

    @property
    def key(self) -> Series:
        """Site and streams."""
        return self.site.id, " and ".join(self.series.streams)


@dataclass(frozen=True)
class _Held:
    """What the store holds of a series of totals.

    Args:
        asked_at: when it was asked for.
        reported_at: the system's last report then.
        last_day: the last local day whose total was stated after the day's end.
        zero_day: the last local day when its total is 0, which can mean "not counted yet".
    """

    asked_at: datetime
    reported_at: datetime
    last_day: date
    zero_day: date | None


@dataclass
class _Intervals:
    """What the store holds of the intervals of a series.

    Args:
        is_asked: whether any day was ever asked for.
        first_day: the first UTC day with intervals.
        reported_at: the system's last report that is known.
        written_later: UTC days that were written after the totals were asked for.
    """

    is_asked: bool = False
    first_day: date | None = None
    reported_at: datetime | None = None
    written_later: set[date] = field(default_factory=set[date])

    def add(self, day: date, entry: Coverage, totals_asked_at: datetime | None) -> None:
        """Add what is known of a day; days come in order."""
        self.is_asked = True
        if entry.rows and self.first_day is None:
            self.first_day = day
        if entry.last_report_at is not None:
            known = self.reported_at or entry.last_report_at
            self.reported_at = max(known, entry.last_report_at)
        if entry.rows and totals_asked_at is not None and entry.written_at > totals_asked_at:
            self.written_later.add(day)


def due_totals(bench: Workbench, *, force: bool) -> list[Wanted]:
    """Return the series of the workbench's sites that are to be asked for; `force`: all."""
    due: dict[Series, Wanted] = {}  # what comes in one answer is asked for once
    for stream in INTERVALS:
        wanted = [
            Wanted(site, access, series_of(access, stream))
            for site, access in fed_sites(bench, stream)
        ]
        for group in site_blocks(wanted):
            found = group if force else _Group(bench, stream, group).due()
            due |= {each.key: each for each in found}
    return list(due.values())


@dataclass(frozen=True)
class _Group:
    """Some series of one stream."""

    bench: Workbench
    stream: Stream
    wanted: Sequence[Wanted]

    def due(self) -> list[Wanted]:
        """Return the series that are to be asked for."""
        ids = [each.site.id for each in self.wanted]
        totals = self.bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, ids)
        totals = totals.filter(pc.equal(totals["stream"], pa.scalar(self.stream)))
        held = self._held(totals)
        known = self._intervals(held)
        due = {
            each.site.id
            for each in self.wanted
            if self._lacks_a_day(each.site, held.get(each.site.id), known[each.site.id])
        }
        looked = {id: self._doubtful(held[id], known[id]) for id in held if id not in due}
        due |= self._disagreeing({id: days for id, days in looked.items() if days}, totals)
        return [each for each in self.wanted if each.site.id in due]

    def _held(self, totals: pa.Table) -> dict[str, _Held]:
        zones = {each.site.id: each.site.zone for each in self.wanted}
        return {id: _held(rows, zones[id]) for (id, _), rows in rows_by_series(totals)}

    def _intervals(self, held: Mapping[str, _Held]) -> dict[str, _Intervals]:
        """Look through the footers of all days."""
        known = {each.site.id: _Intervals() for each in self.wanted}
        for id, reported in listed_reports(self.bench).items():
            if id in known:
                known[id].reported_at = reported
        dataset = INTERVALS[self.stream]
        stored = self.bench.store.held_days(dataset)
        for block in day_blocks(Days(stored[0], stored[-1]), len(known)) if stored else ():
            for day, entries in self.bench.store.coverage(dataset, block, list(known)).items():
                for entry in entries.values():
                    asked = held.get(entry.site)
                    known[entry.site].add(day, entry, asked.asked_at if asked else None)
        return known

    def _lacks_a_day(self, site: Site, held: _Held | None, known: _Intervals) -> bool:
        """Whether a local day is over, by the system's reports, that has no total."""
        reported, now = known.reported_at, self.bench.clock.now()
        if held is None:
            if not known.is_asked:
                return True
            first = known.first_day
            return bool(first and (reported or now) > local_day_span(first, site.zone).end)
        ends_at = local_day_span(held.last_day + DAY, site.zone).end
        is_time = now - held.asked_at >= AGAIN_AFTER
        if reported is None:
            return is_time and now > ends_at
        return reported > ends_at and (is_time or held.reported_at <= ends_at)

    def _doubtful(self, held: _Held, known: _Intervals) -> set[date]:
        """Return the UTC days whose intervals may say something else than the totals."""
        now, give_up = self.bench.clock.now(), timedelta(self.bench.settings.energy_give_up_days)
        zero_day = held.zero_day
        if zero_day and utc_midnight(zero_day) + DAY + give_up > now >= held.asked_at + AGAIN_AFTER:
            return known.written_later | {zero_day}
        return known.written_later

    def _disagreeing(self, looked: Mapping[str, set[date]], totals: pa.Table) -> set[str]:
        """Return the sites of which the intervals of a day that is looked at disagree."""
        sites = [each.site for each in self.wanted if each.site.id in looked]
        if not sites:
            return set()
        zones = {site.id: site.zone for site in sites}
        store, days = self.bench.store, set[date]().union(*looked.values())
        found: set[str] = set()
        for block in day_blocks(Days(min(days), max(days)), len(sites)):
            some = [site for site in sites if site.id not in found and looked[site.id] & {*block}]
            ids = [site.id for site in some]
            intervals = store.read(INTERVALS[self.stream], block.padded(1), ids, INTERVAL_COLUMNS)
            word = vendors_word(store, self.stream, some, block, totals)
            compared = compare_totals(
                intervals, self.stream, word, block.span, self.bench.clock.now()
            )
            for row in compared.filter(
                pc.not_equal(compared["verdict"], pa.scalar("agrees"))
            ).to_pylist():
                touched = {*utc_days(local_day_span(row["day"], zones[row["site"]]))}
                is_looked_at = bool(touched & looked[row["site"]])
                if is_looked_at and (row["verdict"] == "disagrees" or _is_not_counted(row)):
                    found.add(row["site"])
        return found


def _held(rows: pa.Table, zone: ZoneInfo) -> _Held:
    """Sum up the totals of a series, which are in order."""
    last = rows.slice(max(0, rows.num_rows - _UNSTATED_AT_MOST)).to_pylist()
    newest = last[-1]
    last_day = last[0]["day"] - DAY
    for row in last:
        if (row["last_report_at"] or row["fetched_at"]) > local_day_span(row["day"], zone).end:
            last_day = row["day"]
    asked_at: datetime = pc.max(rows["fetched_at"]).as_py()
    reported_at: datetime | None = pc.max(rows["last_report_at"]).as_py()
    zero_day = newest["day"] if newest["energy_wh"] == 0 else None
    return _Held(asked_at, reported_at or asked_at, last_day, zero_day)


def _is_not_counted(row: Mapping[str, Any]) -> bool:
    """Whether the vendor's total of a day with energy is still 0."""
    return row["total_wh"] == 0 and abs(row["intervals_wh"]) > TOLERANCE_WH
