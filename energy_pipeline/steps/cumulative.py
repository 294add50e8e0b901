"""Asset `cumulative_readings`: from the stored hours to the stored register readings.

The register at the begin of a day follows from the opening reading and the footers of
`hourly_energy` of all days before, never from yesterday's readings. Days that are held already and
no longer follow from the hours are written again, wherever they lie: after a late revision of an
old day the whole chain is one again, and the order in which days are computed does not show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import pyarrow as pa

from energy_pipeline.calendar import DAY, Days, utc_midnight
from energy_pipeline.configuration.sites import Site
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.registers import NEVER, OpenHours, Registers
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.cumulative import RegisterState, cumulative_readings
from energy_pipeline.transform.finality import HOUR_S, first_hour_not_given_up
from energy_pipeline.transform.series_days import hours_of_day
from energy_pipeline.workbench import Workbench

_LOCK = "step/cumulative_readings"
_HOURLY_COLUMNS = ("site", "stream", "hour", "energy_wh", "final")


@dataclass(frozen=True)
class CumulativeReport:
    """What became of a range of days.

    Args:
        days: the range.
        rows: readings of the range, opening readings among them.
        readings_final: those that only a revision of final hours can change any more.
        open_from: for each site and stream with an hour that is neither final nor given up, up to
            the last day that is held: the start of the first such hour.
        refreshed: days outside the range that were held and have changed.
    """

    days: Days
    rows: int
    readings_final: int
    open_from: dict[Key, datetime]
    refreshed: tuple[date, ...]


def compute_cumulative(bench: Workbench, days: Days) -> CumulativeReport:
    """Compute and store the readings of `days`, and refresh held days that no longer follow.

    An hour that is neither final nor given up keeps the readings after it from being final; so
    does a day since the site's start of which no hours are stored.

    Raises:
        StoreError: a stored file is damaged, or storage fails.
    """
    counts = _Counts()
    last = max([days.last, *bench.store.held_days(CUMULATIVE_READINGS)[-1:]])
    with bench.locks.hold(_LOCK):
        for sites in site_blocks(bench.registry.sites):
            chain = _Chain(bench, sites, days, counts)
            since = min(site.start for site in sites)
            whole = Days(since, max(since, last))
            for block in day_blocks(whole, len(sites)):
                chain.pass_block(block)
                bench.progress("days of registers", (block.last - since).days + 1, len(whole))
    refreshed = tuple(sorted(counts.refreshed))
    return CumulativeReport(days, counts.rows, counts.final, counts.open_from, refreshed)


@dataclass
class _Counts:
    """What the chains have written."""

    rows: int = 0
    final: int = 0
    open_from: dict[Key, datetime] = field(default_factory=dict[Key, datetime])
    refreshed: set[date] = field(default_factory=set[date])


@dataclass(frozen=True)
class _Day:
    """A UTC day of several series: register states at its begin, coverage of hours and readings."""

    day: date
    before: Mapping[Key, RegisterState]
    hourly: Mapping[Key, Coverage]
    held: Mapping[Key, Coverage]


class _Chain:
    """The readings of some sites from their first day on; blocks of days pass in order."""

    def __init__(
        self, bench: Workbench, sites: Sequence[Site], asked: Days, counts: _Counts
    ) -> None:
        self._store, self._asked, self._counts = bench.store, asked, counts
        self._now = bench.clock.now()
        self._sites = [site.id for site in sites]
        self._registers = Registers(sites)
        self._given_up_until = first_hour_not_given_up(
            self._now, bench.settings.energy_give_up_days
        )
        self._open_hours = OpenHours(sites, self._registers.uploaded, self._given_up_until)

    def pass_block(self, block: Days) -> None:
        """Write what is asked or no longer follows; hours are read of days that may need it."""
        hourly = self._store.coverage(HOURLY_ENERGY, block, self._sites)
        held = self._store.coverage(CUMULATIVE_READINGS, block, self._sites)
        days = [
            _Day(day, self._registers.pass_day(day, hourly[day]), hourly[day], held[day])
            for day in block
        ]
        for each in days:
            if not self._may_be_open(each.day):
                self._open_hours.pass_footers(each.day, each.before.keys(), each.hourly.keys())
        looked_at = [each for each in days if self._needs_a_look(each)]
        if not looked_at:
            return
        read = Days(looked_at[0].day, looked_at[-1].day)
        hours = self._store.read(HOURLY_ENERGY, read, self._sites, _HOURLY_COLUMNS)
        for each in looked_at:
            self._write(each, hours_of_day(hours, each.day))
        self._counts.open_from.update(self._open_hours.first)

    def _needs_a_look(self, each: _Day) -> bool:
        """Whether the day is asked, may hold open hours, or holds readings that do not follow."""
        if each.day in self._asked or self._may_be_open(each.day):
            return True
        return any(
            entry != self._expected(key, each, entry.written_at)
            for key, entry in each.held.items()
            if key in each.before
        )

    def _may_be_open(self, day: date) -> bool:
        return utc_midnight(day + DAY) > self._given_up_until

    def _coverage(self, key: Key, each: _Day, written_at: datetime) -> Coverage:
        state = each.before[key]
        return self._registers.coverage(key, each.day, state, each.hourly.get(key), written_at)

    def _expected(self, key: Key, each: _Day, written_at: datetime) -> Coverage:
        """Return the coverage of a day that is given up: all final, or nothing after a hole."""
        entry = self._coverage(key, each, written_at)
        is_open = self._open_hours.first.get(key, NEVER) < utc_midnight(each.day)
        return replace(entry, final_s=0) if is_open else entry

    def _write(self, each: _Day, hours: pa.Table) -> None:
        if self._may_be_open(each.day):
            self._open_hours.pass_footers(each.day, each.before.keys(), each.hourly.keys())
            self._open_hours.pass_hours(each.day, each.before.keys(), hours)
        open_from = {key: self._open_hours.first.get(key, NEVER) for key in each.before}
        written = {key: state for key, state in each.before.items() if self._is_kept(key, each)}
        readings = cumulative_readings(
            hours,
            before={(*key, each.day): state for key, state in written.items()},
            openings={key: self._registers.opening(key) for key in written},
            open_from=open_from,
        )
        final = _final_readings(readings)
        entries = [
            replace(entry, final_s=entry.final_s - HOUR_S * (entry.rows - final.get(entry.key, 0)))
            for entry in (self._coverage(key, each, self._now) for key in written)
        ]
        self._store.replace(CUMULATIVE_READINGS, each.day, readings, entries)
        self._count(each, entries, sum(final.values()))

    def _is_kept(self, key: Key, each: _Day) -> bool:
        """Whether the day's partition says something of a series after this run."""
        if key in each.held:
            return True
        return each.day in self._asked and (key in each.hourly or key in self._registers.uploaded)

    def _count(self, each: _Day, entries: Sequence[Coverage], final: int) -> None:
        if each.day in self._asked:
            self._counts.rows += sum(entry.rows for entry in entries)
            self._counts.final += final
        elif any(not entry.says_the_same_as(each.held[entry.key]) for entry in entries):
            self._counts.refreshed.add(each.day)


def _final_readings(readings: pa.Table) -> dict[Key, int]:
    """Return how many readings of each series are final."""
    counted = readings.group_by(["site", "stream"]).aggregate([("final", "sum")]).to_pylist()
    return {(each["site"], each["stream"]): each["final_sum"] for each in counted}
