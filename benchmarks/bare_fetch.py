"""The least that fetches the same: a bare aiohttp loop, answers to columns, a file per day.

No quota, no retry, no lock, no coverage, no check of any answer, nothing known of a second run.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from energy_pipeline.calendar import utc_midnight
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION

_SCHEMA = ENLIGHTEN_PRODUCTION.schema


def bare_fetch(
    base_url: str, folder: Path, systems: Sequence[int], days: Sequence[date], concurrency: int
) -> None:
    """Fetch a day per request, and write a file per day."""
    asyncio.run(_fetch(base_url, folder, systems, days, concurrency))


async def _fetch(
    base_url: str, folder: Path, systems: Sequence[int], days: Sequence[date], concurrency: int
) -> None:
    gate = asyncio.Semaphore(concurrency)
    by_day: defaultdict[date, list[pa.Table]] = defaultdict(list)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def get(system_id: int, day: date) -> None:
            start_at = int(utc_midnight(day).timestamp())
            params = {"start_at": start_at, "end_at": start_at + 86_400, "key": "k", "user_id": "u"}
            url = f"{base_url}/api/v2/systems/{system_id}/stats"
            async with gate, session.get(url, params=params) as response:
                body = orjson.loads(await response.read())
            by_day[day].append(_rows(system_id, body))
            if len(by_day[day]) == len(systems):
                _write(folder, day, by_day.pop(day))

        await asyncio.gather(*(get(system_id, day) for day in days for system_id in systems))


def _rows(system_id: int, body: dict) -> pa.Table:
    intervals = body["intervals"]
    count = len(intervals)
    columns = {
        "site": [f"site-{system_id}"] * count,
        "system_id": [system_id] * count,
        "end_at": pa.array([i["end_at"] for i in intervals], pa.timestamp("s", "UTC")),
        "interval_s": [300] * count,
        "energy_wh": [i["enwh"] for i in intervals],
        "power_w": [i["powr"] for i in intervals],
        "devices_reporting": [i["devices_reporting"] for i in intervals],
        "devices_total": [body["total_devices"]] * count,
        "fetched_at": [datetime.now(UTC)] * count,
    }
    return pa.table(columns).cast(_SCHEMA)


def _write(folder: Path, day: date, tables: list[pa.Table]) -> None:
    path = folder / f"date={day}"
    path.mkdir(parents=True)
    rows = pa.concat_tables(tables).sort_by([("site", "ascending"), ("end_at", "ascending")])
    pq.write_table(rows, path / "part.parquet", compression="zstd")
