"""What is to be in EnerKey: final values of the store, in the meter's unit, with their entries.

A register is never left with a hole that the store could fill, since its energy would be spread
over the wrong hours: the readings between those in EnerKey and the range belong to what is wanted.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from energy_pipeline.calendar import DAY, HOUR, Days, Span, utc_midnight
from energy_pipeline.configuration.sites import Site, Upload
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.sinks.enerkey.hours import Kind, LedgerHour
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.steps.upload_doubts import Doubts, doubtful_days
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.transform.series import Series, rows_by_series
from energy_pipeline.units import EnergyUnit, wh_to_unit
from energy_pipeline.workbench import Workbench

_INSTANT = timedelta(microseconds=1)
_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a kind of upload come from: dataset, column of instants, column of Wh."""

    dataset: Dataset
    at: str
    wh: str

    def final_values(
        self, store: ParquetStore, days: Days, sites: Sequence[str]
    ) -> dict[Series, pa.Table]:
        """Return the final rows (columns `at`, `wh`) by site and stream."""
        columns = ["site", "stream", self.at, self.wh, "final"]
        rows = store.read(self.dataset, days, sites, columns)
        final = rows.filter(rows["final"]).rename_columns(["site", "stream", "at", "wh", "final"])
        return {series: found.select(["at", "wh"]) for series, found in rows_by_series(final)}


SOURCES: dict[Kind, Source] = {
    "consumption": Source(HOURLY_ENERGY, "hour", "energy_wh"),
    "cumulative": Source(CUMULATIVE_READINGS, "read_at", "reading_wh"),
}

Target = tuple[Site, Upload]


def targets_of(bench: Workbench, kind: Kind, days: Days) -> list[Target]:
    """Return the uploads of a kind whose site has begun by the end of the range."""
    return [
        (site, each)
        for site in bench.registry.sites
        for each in site.uploads
        if each.reading == kind and site.start <= days.last
    ]


def plan_works(
    bench: Workbench,
    ledger: Ledger,
    targets: Sequence[Target],
    days: Days,
    released: Collection[int] = (),
) -> tuple[list[MeterWork], Doubts]:
    """Return the work of some meters over a range of days, and the days that are in doubt.

    Args:
        bench: where the values are.
        ledger: where the entries are; its kind is the kind of the targets.
        targets: sites with one of their uploads.
        days: the range.
        released: meters that a person has looked at.
    """
    source = SOURCES[ledger.kind]
    sites = list({site.id: site for site, _ in targets}.values())
    usual = Days(days.first - DAY, days.last)  # the reading before the range is of the day before
    rows = source.final_values(bench.store, usual, [site.id for site in sites])
    doubts = doubtful_days(bench, sites, usual)
    works: list[MeterWork] = []
    for site, upload in targets:
        entries, reach = _entries(ledger, site, upload, days)
        key = (site.id, upload.stream)
        first, last = (max((at - _INSTANT).date(), site.start) for at in (reach.start, reach.end))
        wide = Days(first, last)
        own_rows, own_doubts = rows, doubts
        if wide.first < usual.first or usual.last < wide.last or usual.first < site.start:
            own_rows = source.final_values(bench.store, wide, [site.id])
            own_doubts = doubtful_days(bench, [site], wide)
        values = _values(own_rows.get(key), upload.unit)
        wanted = _wanted(ledger.kind, values, entries, reach, days)
        sure = without_doubts(ledger.kind, wanted, entries, own_doubts.get(key, []))
        is_released = upload.meter_id in released
        problem = _unit_problem(ledger, upload, reach)
        if not is_released:
            problem = problem or _gap_problem(ledger, site, upload)
        works.append(MeterWork(upload.meter_id, upload.unit, sure, entries, is_released, problem))
    return works, doubts


def instants(kind: Kind, site: Site, days: Days, now: datetime) -> Iterator[datetime]:
    """Yield every instant of the range that has an outcome: hours since the site's start and over.

    A reading is at the end of its hour; the opening reading is the first of all.
    """
    shift = HOUR if kind == "cumulative" else timedelta(0)
    if kind == "cumulative" and site.start in days and utc_midnight(site.start) <= now:
        yield utc_midnight(site.start)
    for day in days.clipped_to(site.start) or ():
        for n in range(24):
            start = utc_midnight(day) + n * HOUR
            if start + HOUR <= now:
                yield start + shift


def day_of(kind: Kind, at: datetime, start: date) -> date:
    """Return the partition to which an instant of an upload belongs."""
    day = (at - _INSTANT).date() if kind == "cumulative" else at.date()
    return max(day, start)


def without_doubts(
    kind: Kind,
    wanted: Mapping[datetime, float],
    entries: Mapping[datetime, LedgerHour],
    doubts: Sequence[tuple[Span, str]],
) -> dict[datetime, float]:
    """Return what is wanted without the hours of doubtful days; a register ends before the first.

    Readings that EnerKey has stay, to be compared.
    """
    if not doubts:
        return dict(wanted)
    shift = HOUR if kind == "cumulative" else timedelta(0)
    doubtful = {at for at in wanted if doubt_of(at - shift, doubts)}
    if kind == "consumption":
        return {at: value for at, value in wanted.items() if at not in doubtful}
    new = [at for at in doubtful if at not in entries or entries[at].known is None]
    end = min(new, default=None)
    return {
        at: value
        for at, value in wanted.items()
        if end is None or at < end or (at in entries and entries[at].known is not None)
    }


def doubt_of(hour: datetime, doubts: Sequence[tuple[Span, str]]) -> str | None:
    """Return why an hour (its start) is in doubt, None when it is not."""
    inside = (reason for span, reason in doubts if span.start < hour + HOUR and hour < span.end)
    return next(inside, None)


def _entries(
    ledger: Ledger, site: Site, upload: Upload, days: Days
) -> tuple[dict[datetime, LedgerHour], Span]:
    """Return the entries that matter, and the instants from first to last that are looked at."""
    unresolved = ledger.unresolved(upload.meter_id)
    start = max(days.span.start, utc_midnight(site.start))
    reach = Span(min([start, *unresolved]), max([start + HOUR, days.span.end, *unresolved]))
    if ledger.kind == "cumulative":
        before, after = ledger.neighbours(upload.meter_id, reach)
        reach = Span(before or reach.start, after or reach.end)
        return ledger.entries(upload.meter_id, reach), reach
    in_range = Span(start, max(start, days.span.end - HOUR))
    return {**unresolved, **ledger.entries(upload.meter_id, in_range)}, reach


def _unit_problem(ledger: Ledger, upload: Upload, reach: Span) -> str:
    other = ledger.other_unit(upload.meter_id, reach, upload.unit)
    if other is None:
        return ""
    return (
        f"its values were sent in {other} and sites.yaml now says {upload.unit}: "
        "nothing tells what EnerKey made of them"
    )


def _gap_problem(ledger: Ledger, site: Site, upload: Upload) -> str:
    """Return why the opening reading cannot be sent: it would not be the meter's first one."""
    if ledger.kind != "cumulative":
        return ""
    start = utc_midnight(site.start)
    before, _ = ledger.neighbours(upload.meter_id, Span(start, start))
    opening = ledger.entries(upload.meter_id, Span(start, start)).get(start)
    is_there = opening is not None and (opening.known is not None or opening.is_unresolved)
    if before is None or is_there:
        return ""
    return (
        f"it has a reading of {before:%Y-%m-%d %H:%M} UTC, and the site begins {site.start}: "
        "EnerKey would spread the difference over the hours between; let start be no later than "
        "that reading, give the site another meter, or release this one"
    )


def _wanted(
    kind: Kind,
    values: Mapping[datetime, float],
    entries: Mapping[datetime, LedgerHour],
    reach: Span,
    days: Days,
) -> dict[datetime, float]:
    if kind == "cumulative":
        return {at: value for at, value in values.items() if reach.start <= at <= reach.end}
    span = days.span
    return {
        at: value for at, value in values.items() if span.start <= at < span.end or at in entries
    }


def _values(rows: pa.Table | None, unit: EnergyUnit) -> dict[datetime, float]:
    if rows is None:
        return {}
    wh = rows["wh"].combine_chunks()
    numbers: list[float] = wh_to_unit(wh, unit).cast(pa.float64()).to_numpy().tolist()
    at_us: list[int] = rows["at"].cast(pa.int64()).to_numpy().tolist()
    return {
        datetime.fromtimestamp(us // _US_PER_S, UTC): number
        for us, number in zip(at_us, numbers, strict=True)
    }
