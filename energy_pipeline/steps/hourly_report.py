"""What a run of `hourly_energy` has to say, counted while it writes.

Counts are per series, never per day, so that a long range takes no more memory than a short one.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.finality import HOUR_S
from energy_pipeline.transform.series_days import HOURS


@dataclass(frozen=True)
class UnbookedEnergy:
    """Time between two readings of a gateway's counter whose energy belongs to no hour.

    Args:
        site: site id.
        stream: what flowed.
        counter: name of the counter.
        start: the last reading before.
        end: the first reading after.
        energy_wh: what was counted meanwhile; None where a reset or a jump hides it.
    """

    site: str
    stream: str
    counter: str
    start: datetime
    end: datetime
    energy_wh: float | None


@dataclass(frozen=True)
class HourlyReport:
    """What became of a range of days.

    Args:
        days: the range.
        rows: hours written, known in part or in full.
        energy_wh: their energy by stream.
        hours_final: hours that nothing can change any more.
        hours_open: hours of the range that are not final, those without a row among them.
        complete: sites of which every hour of the range is final.
        incomplete: sites of which some are not, with the counts by stream, for a person.
        refreshed: days beside the range that were held and have changed.
        unbooked: energy of long gaps between a gateway's readings, by site, stream and time; a
            gap is not among them when all of it that lies in the range is spread.
    """

    days: Days
    rows: int
    energy_wh: dict[str, float]
    hours_final: int
    hours_open: int
    complete: tuple[str, ...]
    incomplete: dict[str, str]
    refreshed: tuple[date, ...]
    unbooked: tuple[UnbookedEnergy, ...] = ()


@dataclass
class HourlyCounts:
    """Running counts of the range's days; neighbours of the range are only named.

    Args:
        days: the range.
        rows: hours written.
        refreshed: neighbours that have changed.
        unbooked: gaps that are not spread.
        spread: site and day where the energy of long gaps is spread.
    """

    days: Days
    rows: int = 0
    refreshed: set[date] = field(default_factory=set[date])
    unbooked: set[UnbookedEnergy] = field(default_factory=set[UnbookedEnergy])
    spread: set[tuple[str, date]] = field(default_factory=set[tuple[str, date]])
    _energy_wh: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _hours: Counter[Key] = field(default_factory=Counter[Key])
    _final: Counter[Key] = field(default_factory=Counter[Key])

    def add(self, written: Sequence[Coverage]) -> None:
        """Count the series of a day of the range."""
        for entry in written:
            self.rows += entry.rows
            self._energy_wh[entry.stream] += entry.energy_wh
            self._hours[entry.key] += HOURS
            self._final[entry.key] += entry.final_s // HOUR_S

    def add_unbooked(self, found: pa.Table) -> None:
        """Count rows of `UNBOOKED`, but for those that are spread."""
        gaps = (UnbookedEnergy(**row) for row in found.to_pylist())
        self.unbooked.update(gap for gap in gaps if not self._is_spread(gap))

    def _is_spread(self, gap: UnbookedEnergy) -> bool:
        first, last = max(gap.start.date(), self.days.first), min(gap.end.date(), self.days.last)
        return all((gap.site, day) in self.spread for day in Days(first, last))

    def report(self) -> HourlyReport:
        """Sum up."""
        incomplete: dict[str, str] = {}
        for site, stream in sorted(self._hours):
            hours, final = self._hours[site, stream], self._final[site, stream]
            if final < hours:
                reason = f"{stream}: {hours - final} of {hours} hours are not final"
                incomplete[site] = "; ".join(filter(None, (incomplete.get(site), reason)))
        final = self._final.total()
        return HourlyReport(
            self.days,
            self.rows,
            dict(sorted(self._energy_wh.items())),
            final,
            self._hours.total() - final,
            tuple(sorted({site for site, _ in self._hours} - incomplete.keys())),
            incomplete,
            tuple(sorted(self.refreshed)),
            tuple(sorted(self.unbooked, key=lambda each: (each.site, each.stream, each.start))),
        )
