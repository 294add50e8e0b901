"""Tables of the transform's inputs, from what a test wants to say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from energy_pipeline.calendar import HOUR, Days, Span
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY, ENLIGHTEN_PRODUCTION, HOURLY_ENERGY
from energy_pipeline.transform.hourly import hourly_energy
from energy_pipeline.transform.local_days import SiteCalendar, VendorsWord

DAY_ZERO = datetime(2024, 6, 1, tzinfo=UTC)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Interval:
    """One interval, complete unless it says otherwise."""

    end_at: datetime
    energy_wh: float
    interval_s: int = 900
    site: str = "a"
    fetched_at: datetime = MUCH_LATER
    devices: tuple[int | None, int | None] = (1, 1)

    @property
    def start_at(self) -> datetime:
        return self.end_at - timedelta(seconds=self.interval_s)


def interval_table(intervals: Iterable[Interval]) -> pa.Table:
    """Return rows of `enlighten_production`, in the order given."""
    rows = list(intervals)
    columns = {
        "site": [row.site for row in rows],
        "system_id": [7] * len(rows),
        "end_at": [row.end_at for row in rows],
        "interval_s": [row.interval_s for row in rows],
        "energy_wh": [float(row.energy_wh) for row in rows],
        "power_w": [None] * len(rows),
        "devices_reporting": [row.devices[0] for row in rows],
        "devices_total": [row.devices[1] for row in rows],
        "fetched_at": [row.fetched_at for row in rows],
    }
    return pa.Table.from_pydict(columns, schema=ENLIGHTEN_PRODUCTION.schema)


def row_of_intervals(
    start: datetime, energies_wh: Sequence[float], interval_s: int = 900, site: str = "a"
) -> list[Interval]:
    """Return intervals one after the other from `start`."""
    length = timedelta(seconds=interval_s)
    return [
        Interval(start + (n + 1) * length, energy_wh, interval_s, site)
        for n, energy_wh in enumerate(energies_wh)
    ]


def totals_table(
    totals: Mapping[date, float],
    *,
    site: str = "a",
    stream: str = "production",
    fetched_at: datetime = MUCH_LATER,
    last_report_at: datetime | None = MUCH_LATER,
) -> pa.Table:
    """Return rows of `enlighten_daily_energy`."""
    columns = {
        "site": [site] * len(totals),
        "stream": [stream] * len(totals),
        "day": list(totals),
        "energy_wh": [float(total_wh) for total_wh in totals.values()],
        "fetched_at": [fetched_at] * len(totals),
        "last_report_at": [last_report_at] * len(totals),
    }
    return pa.Table.from_pydict(columns, schema=ENLIGHTEN_DAILY_ENERGY.schema)


def reports_table(reports: Mapping[date, datetime | None], *, site: str = "a") -> pa.Table:
    """Return the system's last report at the fetch of each UTC day."""
    return pa.table(
        {
            "site": pa.array([site] * len(reports), pa.string()),
            "day": pa.array(list(reports), pa.date32()),
            "last_report_at": pa.array(list(reports.values()), pa.timestamp("us", "UTC")),
        }
    )


def vendors_word(
    zone: str = "UTC",
    *,
    totals: pa.Table | None = None,
    reports: pa.Table | None = None,
    first_day: date = date(2000, 1, 1),
    sites: Sequence[str] = ("a",),
) -> VendorsWord:
    """Return a word on micro-measured sites of one zone."""
    return VendorsWord(
        {site: SiteCalendar(ZoneInfo(zone), first_day) for site in sites},
        totals_table({}) if totals is None else totals,
        reports_table({}) if reports is None else reports,
    )


NO_WORD = vendors_word(sites=())


def hours(
    intervals: Iterable[Interval] | pa.Table,
    days: Days,
    *,
    word: VendorsWord = NO_WORD,
    now: datetime = MUCH_LATER,
    settle_hours: float = 2.0,
) -> pa.Table:
    """Return the hours of `days`, from the intervals that a store holds of them and neighbours."""
    table = intervals if isinstance(intervals, pa.Table) else interval_table(intervals)
    return hourly_energy(
        table,
        stream="production",
        source="enlighten",
        word=word,
        span=days.span,
        now=now,
        settle_hours=settle_hours,
    )


def hour_table(
    energies_wh: Mapping[datetime, float],
    *,
    site: str = "a",
    stream: str = "production",
    final: bool = True,
) -> pa.Table:
    """Return rows of `hourly_energy`, wholly covered."""
    columns = {
        "site": [site] * len(energies_wh),
        "stream": [stream] * len(energies_wh),
        "hour": list(energies_wh),
        "energy_wh": [float(energy_wh) for energy_wh in energies_wh.values()],
        "covered_s": [3_600] * len(energies_wh),
        "source": ["enlighten"] * len(energies_wh),
        "final": [final] * len(energies_wh),
    }
    return pa.Table.from_pydict(columns, schema=HOURLY_ENERGY.schema)


def hours_from(start: datetime, energies_wh: Sequence[float]) -> dict[datetime, float]:
    """Return one hour after the other from `start`."""
    return {start + n * HOUR: energy_wh for n, energy_wh in enumerate(energies_wh)}


def in_span(intervals: Iterable[Interval], span: Span) -> list[Interval]:
    """Return the intervals that start in `span`, as a store's days hold them."""
    return [each for each in intervals if span.start <= each.start_at < span.end]
