"""A workbench on a store in a folder, and the store's contents as fetches would have left them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
from pydantic import SecretStr

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import EnlightenAccess, Registry, Site, Upload
from energy_pipeline.dataset import Dataset, partition_days
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION, ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import FileLocks
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.workbench import Progress, Workbench, no_progress
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.transform.tables import Interval, interval_table

START = date(2024, 6, 1)


def a_site(
    id: str = "a",
    *,
    timezone: str = "UTC",
    start: date = START,
    production: str = "meter",
    api: str = "v2",
    uploads: Iterable[Upload] = (),
    streams: Mapping[str, str] | None = None,
) -> Site:
    """A site that Enlighten feeds."""
    access = EnlightenAccess(
        api=api, system_id=7, user_id=SecretStr("4d6a51330a"), production=production
    )
    return Site(
        id=id,
        name=id,
        timezone=timezone,
        start=start,
        enlighten=access,
        uploads=tuple(uploads),
        streams=streams or {},
    )


def cumulative_upload(
    stream: str = "production", meter_id: int = 1, opening_reading: float = 0.0, unit: str = "kWh"
) -> Upload:
    return Upload(
        stream=stream,
        meter_id=meter_id,
        reading="cumulative",
        unit=unit,
        opening_reading=opening_reading,
    )


def open_bench(
    folder: Path,
    sites: Iterable[Site],
    now: datetime,
    *,
    settings: Settings | None = None,
    progress: Progress = no_progress,
) -> Workbench:
    """A workbench whose store, state and locks are in `folder`; its clock can be moved."""
    locks = FileLocks(folder / "locks")
    return Workbench(
        settings=settings or Settings(),
        registry=(registry := Registry(sites=tuple(sites))),
        fleet=registry,
        store=ParquetStore(str(folder / "data"), locks),
        state=StateDatabase(f"sqlite:///{folder / 'state.db'}"),
        locks=locks,
        clock=ManualClock(now),
        progress=progress,
    )


def clock_of(bench: Workbench) -> ManualClock:
    assert isinstance(bench.clock, ManualClock)
    return bench.clock


def fetched(
    bench: Workbench,
    intervals: Iterable[Interval],
    days: Days,
    *,
    dataset: Dataset = ENLIGHTEN_CONSUMPTION,
    sites: Iterable[str] = ("a",),
    last_report_at: datetime | None = None,
) -> None:
    """Put the intervals of `days` into the store, as one fetch of them all, a second later."""
    clock_of(bench).advance(1)
    table = interval_table(intervals)
    of_day = partition_days(table, dataset).to_pylist()
    reported_at = last_report_at or bench.clock.now()
    for day in days:
        rows = table.filter(pa.array([each == day for each in of_day], pa.bool_()))
        entries = [
            Coverage(site=site, written_at=bench.clock.now(), last_report_at=reported_at)
            for site in sites
        ]
        bench.store.replace(dataset, day, rows, entries)


def totals_fetched(bench: Workbench, totals: pa.Table, sites: Iterable[str] = ("a",)) -> None:
    bench.store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, list(sites), totals)


def instant(day: date, hour: float = 0.0) -> datetime:
    """Return an instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + hour * DAY / 24


def after(days: int) -> date:
    """Return the day so many days after START."""
    return START + days * DAY


def days_from(first: int, last: int | None = None) -> Days:
    """Return days counted from START."""
    return Days(after(first), after(first if last is None else last))
