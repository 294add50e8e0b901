"""CPU time of the hourly transform against DuckDB: 100 systems, one year of 15 minute rows.

Both start from the same Arrow table in memory and end with an Arrow table of hours sorted by site
and time, in one process. DuckDB sums energy and covered seconds. Ours does that and resolves twins
and overlaps, cuts straddling intervals, counts missing devices and decides what is final.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from energy_pipeline.calendar import Days
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION
from energy_pipeline.transform.hourly import hourly_energy
from energy_pipeline.transform.instants import S_US, instant_column, to_us
from energy_pipeline.transform.local_days import VendorsWord

SYSTEMS = 100
YEAR = Days(date(2023, 1, 1), date(2023, 12, 31))
QUARTER_S = 900
NOW = datetime(2024, 2, 1, tzinfo=UTC)
RUNS = 7
AIM, LIMIT = 0.6, 1.0

NATURAL = """
    SELECT site, time_bucket(INTERVAL 1 HOUR, end_at - to_seconds(interval_s)) AS hour,
           sum(energy_wh) AS energy_wh, sum(interval_s) AS covered_s
    FROM intervals GROUP BY ALL ORDER BY ALL
"""
TUNED = """
    SELECT site, (epoch_us(end_at) - interval_s::BIGINT * 1000000) // 3600000000 AS hour,
           sum(energy_wh) AS energy_wh, sum(interval_s) AS covered_s
    FROM intervals GROUP BY site, hour ORDER BY site, hour
"""


def year_of_quarters() -> pa.Table:
    """Return the rows of a fleet, sorted as the store gives them."""
    per_system = len(YEAR) * 96
    rows = SYSTEMS * per_system
    ends_us = to_us(YEAR.span.start) + np.arange(1, per_system + 1) * QUARTER_S * S_US
    energy_wh = np.random.default_rng(7).integers(0, 900, rows).astype(float)
    ones = pa.array(np.ones(rows, np.int32))
    columns = {
        "site": pa.array(np.repeat([f"site-{n:03}" for n in range(SYSTEMS)], per_system)),
        "system_id": pa.array(np.repeat(np.arange(SYSTEMS), per_system)),
        "end_at": instant_column(np.tile(ends_us, SYSTEMS)),
        "interval_s": pa.array(np.full(rows, QUARTER_S, np.int32)),
        "energy_wh": pa.array(energy_wh),
        "power_w": pa.nulls(rows, pa.float64()),
        "devices_reporting": ones,
        "devices_total": ones,
        "fetched_at": instant_column(np.full(rows, to_us(NOW))),
    }
    arrays = [columns[field.name].cast(field.type) for field in ENLIGHTEN_CONSUMPTION.schema]
    return pa.Table.from_arrays(arrays, schema=ENLIGHTEN_CONSUMPTION.schema)


def ours(intervals: pa.Table) -> pa.Table:
    """Run the pipeline's transform."""
    nothing = pa.table({})
    return hourly_energy(
        intervals,
        stream="consumption",
        source="enlighten",
        word=VendorsWord({}, nothing, nothing),
        span=YEAR.span,
        now=NOW,
        settle_hours=2.0,
    )


def duckdb_query(query: str, threads: int) -> Callable[[pa.Table], pa.Table]:
    """Return a run of `query` on a connection with `threads` threads."""
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET TimeZone = 'UTC'")

    def run(intervals: pa.Table) -> pa.Table:
        connection.register("intervals", intervals)
        return connection.sql(query).to_arrow_table()

    return run


def cpu_s(work: Callable[[pa.Table], pa.Table], intervals: pa.Table) -> float:
    """Return the processor time of all threads for one run."""
    begin = time.process_time()
    work(intervals)
    return time.process_time() - begin


def require_same(one: pa.Table, other: pa.Table) -> None:
    """Refuse to compare runs that do not do the same."""
    for column in ("site", "energy_wh", "covered_s"):
        if one[column].to_pylist() != other[column].to_pylist():
            raise SystemExit(f"the two sides differ in {column}")


def main() -> None:
    """Print medians of alternating runs and our share of each peer's time."""
    intervals = year_of_quarters()
    contenders = {
        "energy_pipeline": ours,
        "DuckDB, integer arithmetic, 1 thread": duckdb_query(TUNED, 1),
        "DuckDB, integer arithmetic, 2 threads": duckdb_query(TUNED, 2),
        "DuckDB, its time functions, 1 thread": duckdb_query(NATURAL, 1),
    }
    require_same(ours(intervals), contenders["DuckDB, its time functions, 1 thread"](intervals))
    runs = [
        {name: cpu_s(work, intervals) for name, work in contenders.items()} for _ in range(RUNS)
    ]
    medians = {name: statistics.median(run[name] for run in runs) for name in contenders}
    print_ratios(medians, intervals.num_rows)


def print_ratios(medians: dict[str, float], rows: int) -> None:
    """Print our share of each peer's time, and whether it keeps to the limit."""
    table = Table(title=f"transform: {SYSTEMS} systems, {rows:,} rows to hours")
    for heading in ("", "CPU, median", "ours : theirs", f"aim {AIM}, at most {LIMIT}"):
        table.add_column(heading, justify="right" if heading else "left")
    own_s, *_ = medians.values()
    for name, median_s in medians.items():
        ratio = own_s / median_s
        verdict = "aim" if ratio <= AIM else "ok" if ratio <= LIMIT else "MISSED"
        compared = (f"{ratio:.2f}", verdict) if median_s != own_s else ("", "")
        table.add_row(name, f"{median_s:.3f} s", *compared)
    Console().print(table)
