"""Sites with gateways, and a store's contents as polls would have left them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from energy_pipeline.configuration.sites import EnvoyAccess, Site, Upload
from energy_pipeline.dataset import partition_days
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.sources.envoy import counters
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import START, a_site, clock_of, instant

SERIAL = "122000000001"
COUNTERS: Mapping[str, str] = {
    "production": counters.delivered(704643328),
    "grid_import": counters.delivered(704643584),
    "grid_export": counters.received(704643584),
    "battery_discharge": counters.delivered(704643840),
    "battery_charge": counters.received(704643840),
}
INVERTERS = counters.WRAPPING_INVERTER_SUM


def a_gateway_site(
    id: str = "a",
    *,
    is_in_cloud: bool = False,
    bridge_hours: float = 6.0,
    streams: Mapping[str, str] | None = None,
    uploads: Iterable[Upload] = (),
) -> Site:
    """A site that a gateway feeds, and Enlighten too where it is in the cloud."""
    access = EnvoyAccess(host="gateway", serial=SERIAL, bridge_hours=bridge_hours)
    site = a_site(id, streams=streams, uploads=uploads)
    return site.model_copy(
        update={"envoy": access, "enlighten": site.enlighten if is_in_cloud else None}
    )


@dataclass(frozen=True)
class Poll:
    """What one counter showed, hours after START."""

    hour: float
    energy_wh: float
    stream: str = "production"
    counter: str = ""
    site: str = "a"


def polls_of(
    hours: Iterable[float], power_w: float, stream: str = "production", **names: str
) -> list[Poll]:
    """Return polls of a counter that runs evenly."""
    return [Poll(hour, 50_000 + power_w * hour, stream, **names) for hour in hours]


def every(minutes: float, first: float, last: float) -> Sequence[float]:
    """Return the hours of polls so many minutes apart, those at both ends among them."""
    count = round((last - first) * 60 / minutes)
    return [first + n * minutes / 60 for n in range(count + 1)]


def polled(bench: Workbench, polls: Iterable[Poll]) -> None:
    """Append polls to what the store has."""
    rows = [
        {
            "site": poll.site,
            "serial": SERIAL,
            "counter": poll.counter or COUNTERS[poll.stream],
            "stream": poll.stream,
            "read_at": instant(START, poll.hour),
            "energy_wh": float(poll.energy_wh),
            "power_w": None,
            "polled_at": instant(START, poll.hour) + timedelta(seconds=1),
        }
        for poll in polls
    ]
    table = pa.Table.from_pylist(rows, schema=ENVOY_READINGS.schema)
    of_day = partition_days(table, ENVOY_READINGS).to_pylist()
    for day in sorted(set(of_day)):
        new = table.filter(pa.array([each == day for each in of_day]))
        keys = {(row["site"], row["stream"]) for row in new.to_pylist()}
        held = bench.store.read(ENVOY_READINGS).filter(
            pa.compute.equal(
                partition_days(bench.store.read(ENVOY_READINGS), ENVOY_READINGS), pa.scalar(day)
            )
        )
        mine = [(row["site"], row["stream"]) in keys for row in held.to_pylist()]
        whole = pa.concat_tables([held.filter(pa.array(mine, pa.bool_())), new])
        entries = [
            Coverage(
                site=site,
                stream=stream,
                written_at=clock_of(bench).now(),
                asked_until=_last_polled(new, site),
            )
            for site, stream in keys
        ]
        bench.store.replace(ENVOY_READINGS, day, whole, entries)


def _last_polled(rows: pa.Table, site: str) -> datetime:
    return max(row["polled_at"] for row in rows.to_pylist() if row["site"] == site)
