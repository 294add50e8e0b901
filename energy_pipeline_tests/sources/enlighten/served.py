"""A simulated cloud on loopback, asked through the connections of both dialects."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import orjson
from pydantic import SecretStr

from energy_pipeline.http.client import open_client
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    System,
)
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.v2 import connection as v2
from energy_pipeline.sources.enlighten.v4 import connection as v4
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.limits import Limit
from energy_pipeline.state.quota import Quota
from energy_pipeline_tests.clocks import ManualClock

Found = TypeVar("Found")
NOON = datetime(2024, 6, 10, 12, 7, tzinfo=UTC)
PLAN = (Limit(100_000, "minute"),)


def house(system_id: int = 67, last: date = date(2024, 6, 12), **members: object) -> System:
    """A house with micros, both meters and a battery."""
    battery = {"battery": Battery(capacity_wh=5000, power_w=2500)}
    whole = House(system_id=system_id, **(battery | members))  # type: ignore[arg-type]
    return modelled_system(whole, date(2024, 6, 1), last)


class _Tokens:
    """The token that the owner's consent gave."""

    def __init__(self, sim: EnlightenSimulator) -> None:
        self._token = SecretStr(str(sim.new_tokens()["access_token"]))

    async def token(self) -> SecretStr:
        return self._token

    async def renewed(self, refused: SecretStr) -> SecretStr:
        raise AssertionError(f"{refused} was refused")


@dataclass
class Served:
    """The cloud, and questions to it in both dialects."""

    sim: EnlightenSimulator
    base_url: str
    folder: Path

    def ask_v2(self, question: Callable[[Ask], Awaitable[Found]]) -> Found:
        def connected(http: httpx.AsyncClient, quota: Quota, clock: ManualClock) -> Ask:
            connection = v2.Connection(http, quota, SecretStr(DEMO_API_KEY), clock)
            return connection.as_user(SecretStr(DEMO_USER_ID))

        return asyncio.run(self._asked(connected, question))

    def ask_v4(self, question: Callable[[Ask], Awaitable[Found]]) -> Found:
        return self.connect_v4(lambda connection: question(connection.get_or_refusal))

    def connect_v4(self, question: Callable[[v4.Connection], Awaitable[Found]]) -> Found:
        def connected(http: httpx.AsyncClient, quota: Quota, clock: ManualClock) -> v4.Connection:
            return v4.Connection(http, quota, SecretStr(DEMO_API_KEY), _Tokens(self.sim), clock)

        return asyncio.run(self._asked(connected, question))

    async def _asked(self, connected, question):
        state = StateDatabase(f"sqlite:///{self.folder}/state.db")
        clock = ManualClock(self.sim.clock.now())
        quota = Quota(state, "Enlighten", "account", PLAN, clock)
        try:
            async with open_client(self.base_url) as http:
                return await question(connected(http, quota, clock))
        finally:
            state.close()


@contextmanager
def served(
    folder: Path,
    *systems: System,
    now: datetime = NOON,
    switches: Switches | None = None,
    faults: Faults | None = None,
) -> Generator[Served]:
    fleet = Fleet({system.system_id: system for system in systems or (house(),)})
    clock = VirtualClock(now, fixed=True)
    plan = switches or Switches()
    sim = EnlightenSimulator(fleet, clock, plan, faults or Faults(late_share=0))
    with serve(sim.app) as server:
        yield Served(sim, server.base_url, folder)


class Said:
    """Answers every question with one body, or one after the other, and keeps the questions."""

    def __init__(self, *bodies: object) -> None:
        self._bodies = list(bodies)
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, path, params=None) -> httpx.Response | Refusal:
        self.asked.append((path, dict(params or {})))
        body = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        if isinstance(body, Refusal):
            return body
        return httpx.Response(200, content=orjson.dumps(body))


NOTHING = Refusal("no content", is_ahead=False)
"""What an answer without content is read as."""
