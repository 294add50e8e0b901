"""One real server for all tests; each test puts its own simulator behind it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

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

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Running:
    """A simulator and a client that asks it over TCP."""

    def __init__(self, simulator: EnerKeySimulator, base_url: str) -> None:
        self.simulator = simulator
        self.clock = simulator.clock
        self.http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": SIMULATED_KEY_A},
            timeout=30,
            trust_env=False,
        )

    def push(self, meter_id: int, rows: Any, kind: str = "Consumptions") -> httpx.Response:
        path = f"/api/v2/Values/Push{kind}ForMeter/{meter_id}"
        return self.http.post(path, json=rows)

    def push_readings(self, meter_id: int, rows: Any) -> httpx.Response:
        return self.push(meter_id, rows, "CumulativeReadings")

    def hourly(self, meter_ids: int | Sequence[int], start: str, end: str) -> httpx.Response:
        params = {"meterIds": meter_ids, "from": start, "to": end}
        return self.http.get("/api/v2/Values/HourlyValues", params=params)

    def monthly(self, meter_ids: int | Sequence[int], start: str, end: str) -> httpx.Response:
        params = {"meterIds": meter_ids, "from": start, "to": end}
        return self.http.get("/api/v2/Values/MonthlyValues", params=params)

    def values(self, meter_id: int, start: str, end: str) -> dict[str, float]:
        """What an hourly read gives for one meter, by timestamp."""
        (entry,) = self.hourly(meter_id, start, end).raise_for_status().json()
        return {row["timestamp"]: row["value"] for row in entry["values"]}


Start = Callable[..., Running]


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, list[ASGIApp]]]:
    """Base URL of a server, and the list whose last application answers."""
    apps: list[ASGIApp] = []

    async def current(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await apps[-1](scope, receive, send)

    with serve(current) as running:
        yield running.base_url, apps


@pytest.fixture
def start(server: tuple[str, list[ASGIApp]]) -> Iterator[Start]:
    """Start a simulator: meters 101 and 103 take consumption, 102 takes readings."""
    base_url, apps = server
    started: list[Running] = []

    def begin(
        *faults: Fault,
        now: datetime = NOON,
        seed: int = 0,
        given: Profile | None = None,
        state_file: Path | None = None,
        **switches: Any,
    ) -> Running:
        meters = [
            Meter(101, 11, "Electricity, main"),
            Meter(102, 11, "Ventilation", reading_type="cumulative", parent_id=101),
            Meter(103, 12, "Electricity", unit="MWh"),
        ]
        simulator = EnerKeySimulator(
            given or profile(meters),
            VirtualClock(now, fixed=True),
            Switches(**switches),
            Faults(faults, seed=seed),
            state_file=state_file,
        )
        apps.append(simulator.app)
        started.append(Running(simulator, base_url))
        return started[-1]

    yield begin
    for running in started:
        running.http.close()


def row(timestamp: str, value: float) -> dict[str, Any]:
    return {"timestamp": timestamp, "value": value}


def hours(first: datetime, count: int, value: float = 1.0) -> list[dict[str, Any]]:
    return [row(stamp(first + timedelta(hours=n)), value) for n in range(count)]


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
