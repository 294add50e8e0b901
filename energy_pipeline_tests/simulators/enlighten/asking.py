"""Requests to a simulator without a socket, and the small worlds that the tests ask about."""

import asyncio
from datetime import UTC, date, datetime

import httpx

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    System,
)
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches

KEYS = {"key": DEMO_API_KEY, "user_id": DEMO_USER_ID}
PUNCTUAL = Faults(late_share=0)
NOON = datetime(2024, 6, 10, 12, 7, tzinfo=UTC)


def epoch(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


def house(
    system_id=67, first=date(2024, 6, 1), last=date(2024, 6, 12), name=None, **members
) -> System:
    return modelled_system(House(system_id=system_id, **members), first, last, name)


def simulator(*systems, now=NOON, switches=None, faults=PUNCTUAL, **fleet) -> EnlightenSimulator:
    known = {system.system_id: system for system in systems or (house(),)}
    clock = VirtualClock(now, fixed=True)
    return EnlightenSimulator(Fleet(known, **fleet), clock, switches or Switches(), faults)


def ask(sim: EnlightenSimulator, path: str, method="GET", **params) -> httpx.Response:
    """Send one request with good keys; a parameter that is None is left out."""
    return asyncio.run(ask_async(sim, path, method, **params))


async def ask_async(sim: EnlightenSimulator, path: str, method="GET", **params) -> httpx.Response:
    query = {name: value for name, value in (KEYS | params).items() if value is not None}
    transport = httpx.ASGITransport(sim.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sim/api/v2") as client:
        return await client.request(method, path, params=query)


def send(sim: EnlightenSimulator, method: str, url: str, **members) -> httpx.Response:
    """Send one request to any address of the cloud, as `httpx` takes it."""

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(sim.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            return await client.request(method, url, **members)

    return asyncio.run(sent())


def ends(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [interval["end_at"] for interval in answer.json()["intervals"]]


def energy(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return sum(i.get("enwh", i.get("wh_del")) for i in answer.json()["intervals"])
