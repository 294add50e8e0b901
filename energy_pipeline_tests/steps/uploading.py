"""A workbench whose EnerKey is simulated behind a real socket, and whose hours a test writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from energy_pipeline.calendar import DAY, HOUR, Days, utc_midnight
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import Site, Upload
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Fault,
    Faults,
    Meter,
    Profile,
    Switches,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.steps.upload_rows import UPLOADS
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.steps.benches import START, a_site, clock_of, open_bench

MIDNIGHT = utc_midnight(START)
NOW = MIDNIGHT + 30 * DAY
CONSUMPTION, CUMULATIVE, HEAT = 101, 102, 103
METERS = (
    Meter(CONSUMPTION, 11, "Solar"),
    Meter(CUMULATIVE, 11, "Solar, register", reading_type="cumulative"),
    Meter(HEAT, 12, "Solar", unit="MWh"),
)


def to(meter_id: int = CONSUMPTION, **members: Any) -> Upload:
    members = {"stream": "production", "reading": "consumption", "unit": "kWh", **members}
    return Upload(meter_id=meter_id, **members)


def register(meter_id: int = CUMULATIVE, **members: Any) -> Upload:
    return to(meter_id, reading="cumulative", **members)


@contextmanager
def town(
    folder: Path,
    sites: Sequence[Site] = (),
    *,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    now: datetime = NOW,
    settings: Mapping[str, str] | None = None,
    given: Profile | None = None,
    **switches: Any,
) -> Iterator[tuple[Workbench, EnerKeySimulator]]:
    """Open a workbench and the EnerKey that it talks to; both have one clock."""
    simulator = EnerKeySimulator(
        given or profile(METERS),
        VirtualClock(now, fixed=True),
        Switches(**switches),
        Faults(faults, seed=seed),
    )
    with serve(simulator.app) as server:
        environ = {
            "ENERKEY_BASE_URL": server.base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
            **(settings or {}),
        }
        known = load_settings(environ, None)
        bench = open_bench(folder, sites or [a_site(uploads=[to()])], now, settings=known)
        try:
            yield replace(bench, clock=ServerClock(simulator.clock)), simulator
        finally:
            bench.state.close()


def hours_computed(
    bench: Workbench,
    values_wh: Mapping[datetime, float],
    *,
    site: str = "a",
    stream: str = "production",
    open_hours: Mapping[datetime, int] | None = None,
) -> None:
    """Put hours into the store, final but for those of `open_hours` (with the seconds covered)."""
    clock_of(bench).advance(1)
    partly = open_hours or {}
    days = sorted({hour.date() for hour in values_wh})
    for day in days:
        rows = [
            {
                "site": site,
                "stream": stream,
                "hour": hour,
                "energy_wh": wh,
                "covered_s": partly.get(hour, 3600),
                "source": "enlighten",
                "final": hour not in partly,
            }
            for hour, wh in values_wh.items()
            if hour.date() == day
        ]
        table = pa.Table.from_pylist(rows, schema=HOURLY_ENERGY.schema)
        entry = Coverage(site=site, stream=stream, written_at=bench.clock.now())
        bench.store.replace(HOURLY_ENERGY, day, table, [entry])


def readings_computed(
    bench: Workbench,
    readings_wh: Mapping[datetime, float],
    final_until: datetime = NOW,
    start: date = START,
) -> None:
    """Put the readings of site `a` into the store; the first of all is the opening reading."""
    clock_of(bench).advance(1)
    by_day: dict[Any, list[dict[str, Any]]] = {}
    for at, wh in readings_wh.items():
        row = {"site": "a", "stream": "production", "read_at": at, "reading_wh": wh}
        day = max(start, (at - HOUR).date())
        by_day.setdefault(day, []).append({**row, "final": at <= final_until})
    for day, rows in by_day.items():
        table = pa.Table.from_pylist(rows, schema=CUMULATIVE_READINGS.schema)
        entry = Coverage(site="a", stream="production", written_at=bench.clock.now())
        bench.store.replace(CUMULATIVE_READINGS, day, table, [entry])


def production(days: int, first: int = 0) -> dict[datetime, float]:
    """Wh by hour, different in every hour."""
    return {MIDNIGHT + n * HOUR: 100.0 + n for n in range(first * 24, (first + days) * 24)}


def rows_of(bench: Workbench, days: Days, kind: Kind = "consumption") -> list[dict[str, Any]]:
    return bench.store.read(UPLOADS[kind], days).to_pylist()


def in_kwh(values_wh: Mapping[datetime, float]) -> dict[datetime, float]:
    return {at: wh / 1000 for at, wh in values_wh.items()}
