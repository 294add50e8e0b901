"""Every request that the package makes is one of the machine-readable contract."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson
import pytest

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Meter,
    profile,
)
from energy_pipeline.sinks.enerkey.actions import Actions
from energy_pipeline.sinks.enerkey.alarms import fetch_alarm
from energy_pipeline.sinks.enerkey.images import Wish, alarm_image, facility_image
from energy_pipeline.sinks.enerkey.inventory import fetch_meters
from energy_pipeline.sinks.enerkey.messages import cut
from energy_pipeline.sinks.enerkey.provisioning.import_run import ImportRun
from energy_pipeline.sinks.enerkey.provisioning.runs import KeptRuns
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Snapshot
from energy_pipeline.sinks.enerkey.provisioning.tenant import TenantClient
from energy_pipeline.sinks.enerkey.session import EnerKeySession, Scope, open_enerkey
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.simulators.enerkey.test_contract import Contract, contract  # noqa: F401
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.sinks.enerkey.provisioning.files import (
    customer,
    customers,
    facilities,
    facility,
    meter,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {
    "profile-wide": SIMULATED_KEY_A,
    "tenant-wide": SIMULATED_TENANT_KEY_A,
    "partner-only": SIMULATED_PARTNER_KEY,
}
ADDRESS = {"streetAddress": "Esimerkkikatu 1", "city": "Jyväskylä", "email": "owner@example.com"}


class Recorder(httpx.AsyncBaseTransport):
    """Passes requests to the simulator and keeps them."""

    def __init__(self, simulator: EnerKeySimulator) -> None:
        self._inner = httpx.ASGITransport(simulator.app)
        self.seen: list[tuple[httpx.Request, httpx.Response]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self.seen.append((request, response))
        return response


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[list[tuple[httpx.Request, httpx.Response]]]:
    """Every kind of request that the package makes, with its answer."""
    action = {"id": 7, "status": "Planned"}
    there = profile(
        [Meter(1, 11, "Main"), Meter(2, 11, "Register", reading_type="cumulative")],
        actions=[action],
        alarms=[{"id": 9}],
        customer="C-1",
    )
    simulator = EnerKeySimulator(there, VirtualClock(NOW, fixed=True))
    recorder = Recorder(simulator)
    environ = {
        "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
        "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
        "ENERKEY_PARTNER_KEY_A": SIMULATED_PARTNER_KEY,
        "ENERKEY_REQUESTS_PER_SECOND": "1000",
    }
    settings = load_settings(environ, None)
    state = StateDatabase(f"sqlite:///{tmp_path}/state.db")
    clock = ServerClock(simulator.clock)

    async def ask() -> None:
        for scope, work in (("API", _profile), ("PARTNER", _partner), ("TENANT", _tenant)):
            of: Scope = scope
            async with open_enerkey(
                settings, state, clock, scope=of, transport=recorder
            ) as session:
                await work(session, state, clock)

    asyncio.run(ask())
    yield recorder.seen
    state.close()


async def _profile(session: EnerKeySession, _: StateDatabase, clock: ServerClock) -> None:
    client = session.client
    await fetch_meters(client, clock.now())
    await client.facility(11)
    await client.meter(1)
    await client.hourly_values([1, 2], Span(START, START + 24 * HOUR))
    for is_normalized in (False, True):
        first, last = date(2025, 1, 1), date(2026, 5, 1)
        await client.monthly_values([1, 2], first, last, is_normalized=is_normalized)
    for kind, meter_id in (("consumption", 1), ("cumulative", 2)):
        rows = [(START + n * HOUR, 1.5 * n) for n in range(3)]
        for message in cut(kind, meter_id, rows, max_days=31, now=clock.now()):
            await client.allow_push()
            assert (await client.push(message)).verdict == "accepted"
    await facility_image(session.connection, 11, "report", Wish("pdf", ("1A2B3C", "ff8800"), 2026))
    await facility_image(session.connection, 11, "image", Wish())
    await Actions(session.connection).list([11, 12])
    await Actions(session.connection).update(7, {"status": '"Done"'})


async def _partner(session: EnerKeySession, _: StateDatabase, __: ServerClock) -> None:
    await fetch_alarm(session.connection, 9)
    await alarm_image(session.connection, 9, "png")


async def _tenant(session: EnerKeySession, state: StateDatabase, clock: ServerClock) -> None:
    building = facility("F-1", meter("M-1", meter("M-2")), timeZone="Europe/Helsinki")
    properties = [{"name": "area", "value": 100.5, "unit": "m2"}]
    snapshots: list[Snapshot] = [
        customers(customer("C-1", **ADDRESS), customer("C-2")),
        facilities({**building, "properties": properties}),
    ]
    for snapshot in snapshots:
        kept = KeptRuns(state, "here", snapshot.kind)
        end = await ImportRun(TenantClient(session.connection), kept, clock).send(snapshot)
        assert end.status.state == "completed"


def _operation(contract: Contract, request: httpx.Request) -> tuple[str, dict[str, Any]]:  # noqa: F811
    for id, (path, method, operation) in contract.operations.items():
        pattern = re.sub(r"\{\w+\}", r"[1-9][0-9]*", path)
        if method == request.method and re.fullmatch(pattern, request.url.path):
            return id, operation
    raise AssertionError(f"the contract has no {request.method} {request.url.path}")


def _parameters(contract: Contract, operation: dict[str, Any]) -> dict[str, dict[str, Any]]:  # noqa: F811
    found = [contract.resolve(each) for each in operation.get("parameters", ())]
    return {each["name"]: each for each in found}


def _value(text: str, schema: dict[str, Any], contract: Contract) -> Any:  # noqa: F811
    return int(text) if contract.resolve(schema).get("type") == "integer" else text


def test_every_request_is_one_of_the_contract(
    seen: list[tuple[httpx.Request, httpx.Response]],
    contract: Contract,  # noqa: F811
) -> None:
    asked = set()
    for request, response in seen:
        id, operation = _operation(contract, request)
        asked.add(id)
        contract.check(id, response)
        assert request.headers["Authorization"] == KEYS[operation["x-authorization"]]
        _check_query(contract, operation, request)
        _check_body(contract, operation, request)
    assert asked == contract.operations.keys()


def _check_query(contract: Contract, operation: dict[str, Any], request: httpx.Request) -> None:  # noqa: F811
    parameters = _parameters(contract, operation)
    query: dict[str, list[str]] = {}
    for name, text in parse_qsl(request.url.query.decode(), strict_parsing=bool(request.url.query)):
        query.setdefault(name, []).append(text)
    assert query.keys() <= parameters.keys()
    assert {name for name, each in parameters.items() if each.get("required")} <= query.keys()
    assert b"+" not in request.url.query
    for name, texts in query.items():
        schema = contract.resolve(parameters[name]["schema"])
        if schema.get("type") == "array":
            items = [_value(text, schema["items"], contract) for text in texts]
            contract.validate(schema, items)
        else:
            (text,) = texts
            contract.validate(schema, _value(text, schema, contract))


def _check_body(contract: Contract, operation: dict[str, Any], request: httpx.Request) -> None:  # noqa: F811
    if "requestBody" not in operation:
        assert request.content == b""
        return
    assert request.headers["Content-Type"].startswith("application/json")
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    contract.validate(schema, orjson.loads(request.content))
