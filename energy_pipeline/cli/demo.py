"""`energy-pipeline demo`: the main job on simulated services, and what came of it, by month.

The job is the one that runs every day, through Dagster, on the demo's own instance; then the
gateway is polled once, as every five minutes. The world they run in is in `demo_world.py`, the
figures are in `report/months.py`.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import httpx
import pandas as pd
from rich.console import Console
from rich.table import Table

from energy_pipeline.calendar import Days
from energy_pipeline.cli.demo_world import (
    FOLDER,
    GATEWAY_SITE_ID,
    SITE_ID,
    World,
    new_world,
    served,
)
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.report.months import Way, energy_by_month

WAYS = (
    Way(SITE_ID, "production", 101),
    Way(SITE_ID, "consumption", 102),
    Way(SITE_ID, "production", 103, "cumulative"),
)
_TAKES = {"consumption": "meter", "cumulative": "register"}
_SPENT = {
    "requests to Enlighten": "hits_spent",
    "requests to EnerKey": "requests_spent",
    "messages pushed": "messages_sent",
}
_HOURS_PER_READ = 8760  # what EnerKey answers at once


def run_demo(data: Path | None, timezone: str) -> bool:
    """Run the main job in a new world and print what came of it; True when all of it agrees."""
    console = Console()
    try:
        world = new_world(data, timezone)
    except ValueError as error:
        raise EnergyPipelineError(str(error)) from None
    house = f"the recordings of {data}" if data else "a modelled house"
    console.print(f"Simulated Enlighten, Envoy and EnerKey on loopback; {house}.")
    console.print(f"Running the job daily_energy over {world.days} UTC ...")
    with served(world) as environment, environment_set(environment):
        spent = run_daily_energy(world.days)
        months = {way: _months(way, world, environment) for way in WAYS}
        polled = poll_gateway()
    for way, table in months.items():
        console.print(_printed(way, table))
    console.print("Spent: " + ", ".join(f"{n} {what}" for what, n in spent.items()) + ".")
    console.print(_counters(polled))
    console.print(_what_next(), highlight=False)
    return all(bool(table["agree"].all()) for table in months.values()) and not polled.empty


@contextmanager
def environment_set(environment: Mapping[str, str]) -> Generator[None]:
    """Set the variables for as long as the block lasts."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_daily_energy(days: Days) -> dict[str, int]:
    """Run the daily job over `days` in this process, so that its progress is shown here.

    Returns:
        What was spent, by a name for people.
    """
    # Dagster's partitions begin at ENERGY_FIRST_DAY, which is the demo's from here on.
    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    job = definitions().resolve_job_def("daily_energy")
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance, tags=range_tags(days), run_config=quiet)
    return {what: _sum_of(result, figure) for what, figure in _SPENT.items()}


def poll_gateway() -> pd.DataFrame:
    """Poll the gateway once and return what it showed; no rows when the poll failed."""
    from energy_pipeline.definitions import definitions

    job = definitions().resolve_job_def("poll_envoy")
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.get() as instance:
        today = str(datetime.now(UTC).date())
        job.execute_in_process(instance=instance, partition_key=today, run_config=quiet)
    return pd.read_parquet(FOLDER / "data" / "envoy_readings")


def _sum_of(result: dg.ExecuteInProcessResult, figure: str) -> int:
    """Sum a figure over the assets; every day of a range has the same."""
    found = {
        each.asset_key: each.metadata[figure].value
        for event in result.get_asset_materialization_events()
        if figure in (each := event.step_materialization_data.materialization).metadata
    }
    return sum(value for value in found.values() if isinstance(value, int))


def _months(way: Way, world: World, environment: Mapping[str, str]) -> pd.DataFrame:
    read_back = _read_back_kwh(way.meter_id, world.days, environment)
    return energy_by_month(FOLDER / "data", way, world.days, read_back)


def _read_back_kwh(meter_id: int, days: Days, environment: Mapping[str, str]) -> "pd.Series[float]":
    """Ask EnerKey itself, without the pipeline's client."""
    url = f"{environment['ENERKEY_BASE_URL']}/api/v2/Values/HourlyValues"
    key = {"Authorization": environment["ENERKEY_API_KEY_A"]}
    values: dict[str, float] = {}
    for block in days.blocks(_HOURS_PER_READ // 24):
        ends = {"from": f"{block.span.start:%FT%TZ}", "to": f"{block.span.end:%FT%TZ}"}
        answer = httpx.get(url, params={"meterIds": meter_id} | ends, headers=key, timeout=60)
        answer.raise_for_status()
        values |= {v["timestamp"]: v["value"] for m in answer.json() for v in m["values"]}
    return pd.Series(values.values(), index=pd.to_datetime(list(values), utc=True), dtype=float)


def _printed(way: Way, months: pd.DataFrame) -> Table:
    meter = f"{_TAKES[way.reading]} {way.meter_id}"
    table = Table(title=f"{way.site}, {way.stream} → EnerKey {meter}, kWh by month")
    table.add_column("month")
    for name in ("fetched", "hourly", "pushed", "read back", "hours held", "agree"):
        table.add_column(name, justify="right")
    for month, row in months.iterrows():
        kwh = (f"{row[name]:,.3f}" for name in ("fetched", "hourly", "pushed", "read_back"))
        table.add_row(str(month), *kwh, f"{row['held_hours']:.0f}", "yes" if row["agree"] else "NO")
    return table


def _counters(readings: pd.DataFrame) -> Table:
    table = Table(title=f"{GATEWAY_SITE_ID}: what its gateway has counted, polled once")
    table.add_column("stream")
    table.add_column("kWh", justify="right")
    table.add_column("W now", justify="right")
    metered = readings.dropna(subset=["power_w"])
    for stream, energy_wh, power_w in zip(
        metered["stream"], metered["energy_wh"], metered["power_w"], strict=True
    ):
        table.add_row(stream, f"{energy_wh / 1000:,.3f}", f"{power_w:,.0f}")
    return table


def _what_next() -> str:
    return (
        "Hours held are not final yet: in the newest days a panel may still report late,\n"
        "and a night counts as zero only when its day's total proves it; a register\n"
        "waits from its first open hour on. Every later run looks at them again.\n"
        "What became of each hour, and why:\n"
        f"  pandas.read_parquet('{FOLDER}/data/enerkey_consumption_upload')\n"
        "\n"
        "A gateway keeps no history: its hours come with the polls that the schedule\n"
        "gateway_polls makes every five minutes once it is on.\n"
        "\n"
        "Next: `make ui` shows the run, its checks and its pictures in the browser.\n"
        "Then copy sites.example.yaml to sites.yaml and .env.example to .env,\n"
        "and put your own site in."
    )
