"""`energy-pipeline demo`: the main job on simulated services, and what came of it.

The job is the one that runs every day, through Dagster, on the demo's own instance. Before it the
gateway is polled: through a day of its clock (`fast_polls.py`), then once as every five minutes.
The world they run in is in `demo_world.py`, the figures by month are in `report/months.py`.
"""

import contextlib
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import httpx
import pandas as pd
from rich.console import Console
from rich.table import Table

from energy_pipeline.calendar import Days
from energy_pipeline.cli.demo_provisioning import CUSTOMERS, show_provisioning
from energy_pipeline.cli.demo_world import (
    FOLDER,
    GATEWAY_SITE_ID,
    SITE_ID,
    World,
    new_world,
    served,
    without_the_users,
)
from energy_pipeline.cli.fast_polls import hours_against_truth, poll_until_now
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.report.months import Way, energy_by_month
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import EnvoySimulator

WAYS = (
    Way(SITE_ID, "production", 101),
    Way(SITE_ID, "consumption", 102),
    Way(SITE_ID, "production", 103, "cumulative"),
)
GATEWAY_WAYS = (
    Way(GATEWAY_SITE_ID, "production", 201),
    Way(GATEWAY_SITE_ID, "consumption", 202),
)
_TAKES = {"consumption": "meter", "cumulative": "register"}
_SPENT = {
    "requests to Enlighten": "hits_spent",
    "requests to EnerKey": "requests_spent",
    "messages pushed": "messages_sent",
}
_HOURS_PER_READ = 8760  # what EnerKey answers at once
_OF_THE_LOCATION = {".dagster/repository": "__repository__@energy_pipeline"}
"""By this the page finds the runs of a job. Dagster does not write it on a run in this process,
which has no code location; the one meant is that of workspace.yaml."""


def run_demo(data: Path | None, timezone: str) -> bool:
    """Run the main job in a new world and print what came of it; True when all of it agrees."""
    console = Console()
    try:
        world = new_world(data, timezone)
    except ValueError as error:
        raise EnergyPipelineError(str(error)) from None
    house = f"the recordings of {data}" if data else "a modelled house"
    console.print(f"Simulated Enlighten, Envoy and EnerKey on loopback; {house}.")
    is_modelled = world.data is None
    envoy = world.gateway(_standing(world) if is_modelled else None)
    with served(world, envoy) as environment, living_in(world, environment):
        if is_modelled:
            console.print(f"Polling the gateway from {world.last} 00:00 UTC until now ...")
            console.print(f"{poll_until_now(envoy, GATEWAY_SITE_ID)} polls.")
        polled = poll_gateway(world.polled_from)
        console.print(f"Running the job daily_energy over {world.days} UTC ...")
        spent = run_daily_energy(world.days)
        months = {way: _months(way, world, environment) for way in WAYS}
        truths = _truths(world, envoy, environment) if is_modelled else {}
        for way, table in months.items():
            console.print(_printed(way, table))
        console.print("Spent: " + ", ".join(f"{n} {what}" for what, n in spent.items()) + ".")
        if truths:
            console.print(_printed_truths(world.last, truths))
        console.print(_counters(polled))
        kept = show_provisioning(environment)
    console.print(_what_next(), highlight=False)
    agree = [bool(table["agree"].all() and table["pushed"].any()) for table in months.values()]
    agree += [bool(row["agree"]) for row in truths.values()]
    return all(agree) and not polled.empty and kept == len(CUSTOMERS)


def _standing(world: World) -> VirtualClock:
    """Return the clock of a gateway that is about to live through a day in seconds."""
    return VirtualClock(Days(world.polled_from, world.polled_from).span.start, fixed=True)


@contextmanager
def living_in(world: World, environment: Mapping[str, str]) -> Generator[None]:
    """Work in the demo's folder with these variables, none of the user's, while the block lasts."""
    before = dict(os.environ)
    inherited = without_the_users(os.environ)
    os.environ.clear()
    os.environ.update(inherited | dict(environment))
    try:
        with contextlib.chdir(world.folder):
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
        tags = range_tags(days) | _OF_THE_LOCATION
        result = job.execute_in_process(instance=instance, tags=tags, run_config=quiet)
    return {what: _sum_of(result, figure) for what, figure in _SPENT.items()}


def poll_gateway(first: date) -> pd.DataFrame:
    """Poll the gateway once and return what it showed today; no rows when nothing.

    The run is over the days from `first` on: of those that are over, the page shows what is held.
    """
    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    job = definitions().resolve_job_def("poll_envoy")
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    today = datetime.now(UTC).date()
    with dg.DagsterInstance.get() as instance:
        tags = range_tags(Days(first, today)) | _OF_THE_LOCATION
        job.execute_in_process(instance=instance, tags=tags, run_config=quiet)
    rows = pd.read_parquet(Path("data", "envoy_readings", f"date={today}"))
    metered = rows.dropna(subset=["power_w"]).sort_values("polled_at")
    return metered.drop_duplicates("stream", keep="last")


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
    return energy_by_month(world.folder / "data", way, world.days, read_back)


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
    table = Table(title=f"{GATEWAY_SITE_ID}: what its gateway has counted so far")
    table.add_column("stream")
    table.add_column("kWh", justify="right")
    table.add_column("W now", justify="right")
    for stream, energy_wh, power_w in zip(
        readings["stream"], readings["energy_wh"], readings["power_w"], strict=True
    ):
        table.add_row(stream, f"{energy_wh / 1000:,.3f}", f"{power_w:,.0f}")
    return table


def _truths(
    world: World, envoy: EnvoySimulator, environment: Mapping[str, str]
) -> dict[Way, Mapping[str, float]]:
    day = Days(world.last, world.last)
    read_back = {way: _read_back_kwh(way.meter_id, day, environment) for way in GATEWAY_WAYS}
    return {
        way: hours_against_truth(world.folder / "data", way, world.last, envoy, kwh)
        for way, kwh in read_back.items()
    }


def _printed_truths(day: date, truths: Mapping[Way, Mapping[str, float]]) -> Table:
    table = Table(title=f"{GATEWAY_SITE_ID}, polled: kWh of {day} UTC beside the truth")
    table.add_column("stream")
    for name in ("truth", "hourly", "read back", "hours off by Wh", "hours held", "agree"):
        table.add_column(name, justify="right")
    for way, row in truths.items():
        kwh = (f"{row[name]:,.3f}" for name in ("truth", "hourly", "read_back"))
        most, held = f"{row['farthest_wh']:.3f}", f"{row['held_hours']:.0f}"
        table.add_row(way.stream, *kwh, most, held, "yes" if row["agree"] else "NO")
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
