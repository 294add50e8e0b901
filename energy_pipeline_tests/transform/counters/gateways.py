"""Readings of gateways, from what a test wants to say, and the hours that come of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.transform.counters.hours import GatewayHours, hours_of_gateways
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline.transform.counters.samples import CounterKind
from energy_pipeline.transform.instants import to_us

DAY_ZERO = datetime(2024, 6, 1, tzinfo=UTC)
DAY = Days(DAY_ZERO.date(), DAY_ZERO.date())
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)
KINDS: Mapping[str, CounterKind] = {"m": "meter", "b": "boundary", "i": "inverters"}


@dataclass(frozen=True)
class Reading:
    """What a counter showed `minute` minutes after the first midnight; seconds ago when polled.

    The first letter of the counter's name says of what kind it is.
    """

    minute: float
    energy_wh: float
    stream: str = "production"
    counter: str = "m"
    clock_s: float = 0.0
    lag_s: float = 1.0
    site: str = "a"
    serial: str = "122"

    @property
    def polled_minute(self) -> float:
        """When it arrived."""
        return round(self.minute * 60 + self.lag_s) / 60


def readings_table(readings: Iterable[Reading]) -> pa.Table:
    """Return rows of `envoy_readings`, in the order given."""
    rows = list(readings)
    true_us = [to_us(DAY_ZERO) + round(row.minute * 60e6) for row in rows]
    columns = {
        "site": [row.site for row in rows],
        "serial": [row.serial for row in rows],
        "counter": [row.counter for row in rows],
        "stream": [row.stream for row in rows],
        "read_at": [at + round(row.clock_s * 1e6) for at, row in zip(true_us, rows, strict=True)],
        "energy_wh": [float(row.energy_wh) for row in rows],
        "power_w": [None] * len(rows),
        "polled_at": [at + round(row.lag_s * 1e6) for at, row in zip(true_us, rows, strict=True)],
    }
    return pa.Table.from_pydict(columns, schema=ENVOY_READINGS.schema)


def kind_of(counter: str) -> CounterKind:
    return KINDS[counter[0]]


def rules(bridge_hours: float = 6.0, max_power_w: float = 40_000.0) -> GatewayRules:
    return GatewayRules(timedelta(hours=bridge_hours), max_power_w, UTC)


def found(
    readings: Iterable[Reading] | pa.Table,
    days: Days = DAY,
    *,
    given: GatewayRules | None = None,
    spread: Iterable[str] = (),
    now: datetime = MUCH_LATER,
) -> GatewayHours:
    """Return what is found of the days, from all the readings given."""
    table = readings if isinstance(readings, pa.Table) else readings_table(readings)
    sites = set(table["site"].to_pylist())
    return hours_of_gateways(
        table,
        kind_of=kind_of,
        rules=dict.fromkeys(sites, given or rules()),
        spread=list(spread),
        span=days.span,
        now=now,
        settle_hours=2.0,
    )


def of_stream(hourly: pa.Table, stream: str = "production") -> list[dict[str, Any]]:
    return [row for row in hourly.to_pylist() if row["stream"] == stream]


def line(
    minutes: Iterable[float], power_w: float = 600.0, opening_wh: float = 1000.0, **names: str
) -> list[Reading]:
    """Return readings of a counter that runs evenly from the first midnight on."""
    return [Reading(m, opening_wh + power_w * m / 60, **names) for m in minutes]
