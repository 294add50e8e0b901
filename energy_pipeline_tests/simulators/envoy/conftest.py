"""Gateways to ask: modelled ones on a clock that stands, served over HTTPS."""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Kind,
    ServedGateway,
    Site,
    TokenAuthority,
    hardware,
    modelled_curve,
    serve_gateway,
)
from energy_pipeline.simulators.envoy.hardware import Hardware

START = datetime(2026, 6, 10, tzinfo=UTC)
NOON = datetime(2026, 6, 11, 11, 33, 21, tzinfo=UTC)

Serve = Callable[[EnvoySimulator], ServedGateway]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON, fixed=True)


@pytest.fixture(scope="session")
def authority() -> TokenAuthority:
    return TokenAuthority()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve gateways until the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda simulator: stack.enter_context(serve_gateway(simulator, tmp_path))


@pytest.fixture
def simulator(clock: VirtualClock, authority: TokenAuthority) -> EnvoySimulator:
    """A three-phase gateway that lists device data."""
    return EnvoySimulator(
        modelled_site(hardware("three_phase", software="D8.2.4345")), clock, authority=authority
    )


@pytest.fixture
def gateway(simulator: EnvoySimulator, serve: Serve) -> ServedGateway:
    return serve(simulator)


@pytest.fixture
def ask(gateway: ServedGateway) -> Iterator[httpx.Client]:
    """A plain client that shows a good token and checks no certificate."""
    with plain_client(gateway, gateway.simulator.token()) as client:
        yield client


def modelled_site(gateway: Hardware, days: float = 3) -> Site:
    curve = modelled_curve(
        START, days, timezone=gateway.timezone, battery_wh=5000 * gateway.batteries
    )
    return Site(gateway, curve)


def usual_site(kind: Kind) -> Site:
    return modelled_site(hardware(kind))


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def plain_client(gateway: ServedGateway, token: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=gateway.base_url, verify=unverified(), headers=headers, timeout=10)
