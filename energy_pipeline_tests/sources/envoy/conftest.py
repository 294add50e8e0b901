"""Gateways on loopback with a state of their own, on a clock that stands."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import EnvoyAccess, Site
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Kind,
    ServedGateway,
    TokenAuthority,
    hardware,
    serve_gateway,
)
from energy_pipeline.sources.envoy.fleet import Fleet
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.simulators.envoy.conftest import NOON, modelled_site

SERIAL = "122000000001"

Serve = Callable[[EnvoySimulator], ServedGateway]


class Bench:
    """State, locks and clock of one machine; builds fleets on them.

    Attributes:
        url: of the state database.
        clock: stands at noon of a summer day.
    """

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.state = StateDatabase(self.url)
        self.locks = Locks.for_state(self.url)
        self.clock = ManualClock(NOON)

    def fleet(self, *gateways: ServedGateway, **access: str) -> Fleet:
        """Return a fleet of gateways with ready tokens; `access` is as in the site file."""
        sites = [
            gateway_site(f"roof-{n}", gateway, token_env="ROOF_TOKEN", **access)
            for n, gateway in enumerate(gateways)
        ]
        tokens = {
            site.id: SecretStr(gateway.simulator.token())
            for site, gateway in zip(sites, gateways, strict=True)
        }
        return Fleet(sites, tokens, Settings(), self.state, self.locks, self.clock, Random(7))


def gateway_site(site: str, gateway: ServedGateway, **access: str) -> Site:
    """Return a site; its gateway may have a serial that no real one has, as some captures do."""
    members = {"host": gateway.host, "serial": gateway.simulator.hardware.serial, **access}
    return Site(
        id=site,
        name="Roof",
        timezone="UTC",
        start="2026-01-01",  # pyright: ignore[reportArgumentType] - as the file has it
        envoy=EnvoyAccess.model_construct(**members),
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.state.close()


@pytest.fixture(scope="session")
def authority() -> TokenAuthority:
    return TokenAuthority()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve gateways until the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda simulator: stack.enter_context(serve_gateway(simulator, tmp_path))


@pytest.fixture
def simulated(authority: TokenAuthority) -> Callable[..., EnvoySimulator]:
    """Make a modelled gateway of a usual kind."""

    def make(kind: Kind = "full_ct", serial: str = SERIAL) -> EnvoySimulator:
        site = modelled_site(hardware(kind, serial=serial))
        return EnvoySimulator(site, VirtualClock(NOON, fixed=True), authority=authority)

    return make


@pytest.fixture
def gateway(simulated: Callable[..., EnvoySimulator], serve: Serve) -> ServedGateway:
    """A gateway with production and net meter."""
    return serve(simulated())
