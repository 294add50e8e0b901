"""A simulated EnerKey behind a real socket, and a pushing client whose clock is the server's."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.environment import Settings, load_settings
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Fault,
    Faults,
    Meter,
    Switches,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.push import Push
from energy_pipeline.sinks.enerkey.sender import Sender
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.sinks.enerkey.survey import PushRules, Survey
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONSUMPTION, CUMULATIVE, HEAT = 101, 102, 103
Result = TypeVar("Result")


class ServerClock(ManualClock):
    """The server's virtual clock as the client's: sleeping moves it on at once."""

    def __init__(self, virtual: VirtualClock) -> None:
        super().__init__(virtual.now())
        self.virtual = virtual

    def now(self) -> datetime:
        return self.virtual.now()

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.virtual.advance(max(0.0, seconds))
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.virtual.advance(seconds)

    def set(self, instant: datetime) -> None:
        self.virtual.set(instant)


class Installation:
    """A simulator, a state database and a client between them."""

    def __init__(
        self, simulator: EnerKeySimulator, base_url: str, folder: Path, settings: Mapping[str, str]
    ) -> None:
        self.simulator = simulator
        self.clock = ServerClock(simulator.clock)
        environ = {
            "ENERKEY_BASE_URL": base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
            **settings,
        }
        self.settings: Settings = load_settings(environ, None)
        self.state = StateDatabase(f"sqlite:///{folder}/state.db")

    def session(self) -> AbstractAsyncContextManager[EnerKeySession]:
        return open_enerkey(self.settings, self.state, self.clock, rng=Random(1))

    def ask(self, question: Callable[[EnerKeySession], Coroutine[Any, Any, Result]]) -> Result:
        async def asked() -> Result:
            async with self.session() as session:
                return await question(session)

        return asyncio.run(asked())

    def ledger(self, kind: Kind = "consumption") -> Ledger:
        return Ledger(self.state, self.settings.enerkey_base_url, kind)

    def entries(self, meter_id: int = CONSUMPTION, kind: Kind = "consumption") -> dict:
        return self.ledger(kind).entries(meter_id, Span(START - 1000 * HOUR, NOON))

    def push(
        self,
        wanted: Mapping[datetime, float],
        meter_id: int = CONSUMPTION,
        kind: Kind = "consumption",
        *,
        is_released: bool = False,
    ) -> MeterWork:
        """Push one meter's values and return what became of its work."""
        work = MeterWork(meter_id, "kWh", wanted, self.entries(meter_id, kind), is_released)
        self.push_all([work], kind)
        return work

    def push_all(self, works: Sequence[MeterWork], kind: Kind = "consumption") -> None:
        ledger = self.ledger(kind)
        log = MessageLog(self.state, ledger)
        settings = self.settings
        rules = PushRules(
            settings.enerkey_repush, settings.enerkey_quiet_seconds, settings.enerkey_max_push_days
        )

        async def pushed(session: EnerKeySession) -> None:
            sender = Sender(session.client, log, self.clock, Random(1))
            survey = Survey(session.client, ledger, log, rules, self.clock)
            await Push(survey, ledger, log, sender, self.clock).run(works)

        self.ask(pushed)

    def operations(self) -> list[str | None]:
        return [record.operation for record in self.simulator.requests]


Install = Callable[..., Installation]


@pytest.fixture(scope="session")
def enerkey_server() -> Iterator[tuple[str, list[ASGIApp]]]:
    """Base URL of a server, and the list whose last application answers."""
    apps: list[ASGIApp] = []

    async def current(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await apps[-1](scope, receive, send)

    with serve(current) as running:
        yield running.base_url, apps


@pytest.fixture
def install(enerkey_server: tuple[str, list[ASGIApp]], tmp_path: Path) -> Iterator[Install]:
    """Set up an installation: 101 takes consumption, 102 readings, 103 consumption in MWh."""
    base_url, apps = enerkey_server
    made: list[Installation] = []

    def begin(
        *faults: Fault,
        seed: int = 0,
        now: datetime = NOON,
        settings: Mapping[str, str] | None = None,
        meters: Sequence[Meter] = (),
        **switches: Any,
    ) -> Installation:
        there = [
            Meter(CONSUMPTION, 11, "Electricity, main"),
            Meter(CUMULATIVE, 11, "Ventilation", reading_type="cumulative", parent_id=CONSUMPTION),
            Meter(HEAT, 12, "Electricity", unit="MWh"),
            *meters,
        ]
        simulator = EnerKeySimulator(
            profile(there),
            VirtualClock(now, fixed=True),
            Switches(**switches),
            Faults(faults, seed=seed),
        )
        apps.append(simulator.app)
        folder = tmp_path / f"installation-{len(made)}"
        folder.mkdir()
        made.append(Installation(simulator, base_url, folder, settings or {}))
        return made[-1]

    yield begin
    for installation in made:
        installation.state.close()


def day_of(values: Sequence[float], start: datetime = START) -> dict[datetime, float]:
    return {start + n * HOUR: value for n, value in enumerate(values)}
