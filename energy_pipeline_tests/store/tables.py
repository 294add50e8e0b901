"""Rows and coverage for tests of the store."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa

from energy_pipeline.calendar import utc_midnight
from energy_pipeline.schema import CUMULATIVE_READINGS, ENLIGHTEN_PRODUCTION, HOURLY_ENERGY
from energy_pipeline.store.coverage import Coverage

DAY = date(2024, 3, 31)
NEXT_DAY = date(2024, 4, 1)
WRITTEN_AT = datetime(2024, 4, 2, 6, 0, tzinfo=UTC)


def hours(
    site: str,
    energy_wh: Iterable[float],
    *,
    day: date = DAY,
    stream: str = "production",
    first_hour: int = 0,
) -> pa.Table:
    """Rows of `hourly_energy`, one per value, from `first_hour` of the day on."""
    values = np.fromiter(energy_wh, float)
    first_us = (int(utc_midnight(day).timestamp()) + 3600 * first_hour) * 1_000_000
    starts_us = first_us + 3_600_000_000 * np.arange(len(values))
    return pa.Table.from_arrays(
        [
            pa.repeat(site, len(values)),
            pa.repeat(stream, len(values)),
            pa.array(starts_us).cast(pa.timestamp("us", "UTC")),
            pa.array(values),
            pa.array(np.full(len(values), 3600, np.int32)),
            pa.repeat("enlighten", len(values)),
            pa.repeat(True, len(values)),
        ],
        schema=HOURLY_ENERGY.schema,
    )


def readings(site: str, read_at: Iterable[datetime]) -> pa.Table:
    """Rows of `cumulative_readings` at these instants."""
    instants = list(read_at)
    return pa.Table.from_pydict(
        {
            "site": [site] * len(instants),
            "stream": ["production"] * len(instants),
            "read_at": instants,
            "reading_wh": [float(n) for n in range(len(instants))],
            "final": [True] * len(instants),
        },
        schema=CUMULATIVE_READINGS.schema,
    )


def known(site: str, stream: str = "production", **members: object) -> Coverage:
    """Coverage of a site-day, written at `WRITTEN_AT` unless told otherwise."""
    return Coverage(**{"site": site, "stream": stream, "written_at": WRITTEN_AT, **members})  # pyright: ignore


def fleet_intervals(
    sites: int, interval_s: int, day: date = DAY, energy_wh: float = 1.0
) -> pa.Table:
    """A whole day of `enlighten_production` of a fleet `site-0000`, `site-0001`, …"""
    per_site = 86_400 // interval_s
    rows = sites * per_site
    midnight_s = int(utc_midnight(day).timestamp())
    ends_us = (midnight_s + interval_s * np.arange(1, per_site + 1)) * 1_000_000
    devices = pa.array(np.full(rows, 20, np.int32))
    return pa.Table.from_arrays(
        [
            pa.array(np.repeat([f"site-{n:04d}" for n in range(sites)], per_site)),
            pa.array(np.repeat(np.arange(sites), per_site)),
            pa.array(np.tile(ends_us, sites)).cast(pa.timestamp("us", "UTC")),
            pa.array(np.full(rows, interval_s, np.int32)),
            pa.array(np.full(rows, energy_wh)),
            pa.array(np.full(rows, energy_wh * 12)),
            devices,
            devices,
            pa.array(np.full(rows, midnight_s * 1_000_000)).cast(pa.timestamp("us", "UTC")),
        ],
        schema=ENLIGHTEN_PRODUCTION.schema,
    )


def fleet_coverage(sites: int) -> list[Coverage]:
    """Coverage that fits `fleet_intervals`."""
    return [known(f"site-{n:04d}", "", covered_s=86_400) for n in range(sites)]
