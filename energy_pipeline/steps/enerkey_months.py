"""Assets `enerkey_facilities`, `enerkey_monthly_values` and `enerkey_specific_consumption`.

What EnerKey shows of its facilities and of their months, and the division that it leaves to others.
The inventory is walked anew in every run, so that new meters are in and removed ones are not.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from energy_pipeline.calendar import months_later
from energy_pipeline.enerkey_schema import (
    ENERKEY_FACILITIES,
    ENERKEY_MONTHLY_VALUES,
    ENERKEY_SPECIFIC_CONSUMPTION,
)
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.sinks.enerkey.answers import Facility
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.sinks.enerkey.value_answers import MonthlyValues
from energy_pipeline.steps.enerkey_meters import kept_meters
from energy_pipeline.transform.specific_consumption import specific_consumption
from energy_pipeline.workbench import Workbench

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What was read.

    Args:
        rows: rows of the dataset now.
        meters: meters that were asked for.
        silent: meters of which EnerKey shows no month.
        requests_spent: requests of this run.
        requests_left: requests left today.
    """

    rows: int
    meters: int = 0
    silent: tuple[int, ...] = ()
    requests_spent: int = 0
    requests_left: int | None = None


def refresh_facilities(bench: Workbench) -> ReadReport:
    """Fetch all facilities with their properties and store them.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """

    async def refreshed() -> ReadReport:
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            facilities = await session.client.facilities()
            table = facilities_table(facilities, bench.clock.now())
            bench.store.write_snapshot(ENERKEY_FACILITIES, table)
            return _report(session, table.num_rows)

    return asyncio.run(refreshed())


def refresh_months(bench: Workbench, months: int) -> ReadReport:
    """Fetch the months that are over, plain and normalized, of every meter, and store them.

    Args:
        bench: settings, store, state, clock.
        months: how many of the last ones.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """

    async def refreshed() -> ReadReport:
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            meters = await kept_meters(bench, session, timedelta(0))
            ids: list[int] = [row["meter_id"] for row in meters.to_pylist()]
            last = months_later(bench.clock.now().date(), -1)
            first = months_later(last, 1 - months)
            client = session.client
            plain = await client.monthly_values(ids, first, last)
            normalized = await client.monthly_values(ids, first, last, is_normalized=True)
            table = months_table(meters, plain, normalized, bench.clock.now())
            bench.store.write_snapshot(ENERKEY_MONTHLY_VALUES, table)
            silent = tuple(id for id in ids if not plain.get(id))
            return _report(session, table.num_rows, len(ids), silent)

    return asyncio.run(refreshed())


def compute_specific(bench: Workbench, property: str) -> int:
    """Divide the stored months by a property of the facility; return the number of rows.

    Raises:
        StoreError: a stored file is damaged.
    """
    table = specific_consumption(
        bench.store.read_snapshot(ENERKEY_MONTHLY_VALUES),
        bench.store.read_snapshot(ENERKEY_METERS),
        bench.store.read_snapshot(ENERKEY_FACILITIES),
        property,
    )
    bench.store.write_snapshot(ENERKEY_SPECIFIC_CONSUMPTION, table)
    return table.num_rows


def facilities_table(facilities: list[Facility], fetched_at: datetime) -> pa.Table:
    """Return rows of `enerkey_facilities`."""
    rows = [row | {"fetched_at": fetched_at} for each in facilities for row in _facility(each)]
    return pa.Table.from_pylist(rows, schema=ENERKEY_FACILITIES.schema)


def months_table(
    meters: pa.Table, plain: MonthlyValues, normalized: MonthlyValues, fetched_at: datetime
) -> pa.Table:
    """Return rows of `enerkey_monthly_values`; a month of which nothing is known has none."""
    rows = [
        row | {"fetched_at": fetched_at}
        for meter in meters.to_pylist()
        for row in _months(
            meter, plain.get(meter["meter_id"], {}), normalized.get(meter["meter_id"], {})
        )
    ]
    return pa.Table.from_pylist(rows, schema=ENERKEY_MONTHLY_VALUES.schema)


def _facility(facility: Facility) -> Iterator[Row]:
    own = {
        "facility_id": facility.id,
        "facility_name": facility.name,
        "timezone": facility.time_zone,
        "external_facility_id": facility.external_id,
    }
    if not facility.properties:
        yield own | {"property": ""}
    for each in {each.name: each for each in facility.properties}.values():
        name = "text" if isinstance(each.value, str) else "value"
        yield own | {"property": each.name, name: each.value, "unit": each.unit}


def _months(
    meter: Row, plain: Mapping[date, float], normalized: Mapping[date, float]
) -> Iterator[Row]:
    for month in sorted(plain.keys() | normalized.keys()):
        yield {
            "facility_id": meter["facility_id"],
            "meter_id": meter["meter_id"],
            "month": month,
            "value": plain.get(month),
            "normalized_value": normalized.get(month),
            "unit": meter["unit"],
        }


def _report(
    session: EnerKeySession, rows: int, meters: int = 0, silent: tuple[int, ...] = ()
) -> ReadReport:
    return ReadReport(rows, meters, silent, session.requests_spent, session.requests_left)
