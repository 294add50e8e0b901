"""Modelled gateways on loopback, and the sites and tokens with which a workbench meets them."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from energy_pipeline.configuration.sites import EnvoyAccess, Site
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Kind,
    ServedGateway,
    TokenAuthority,
    hardware,
    modelled_curve,
    serve_gateway,
)
from energy_pipeline.simulators.envoy import Site as ModelledSite
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import clock_of, instant

TOKEN = "ROOF_TOKEN_{}"
AUTHORITY = TokenAuthority()


@dataclass(frozen=True)
class Roofs:
    """Gateways that are being served, `roof-00`, `roof-01`, … in order."""

    gateways: Sequence[ServedGateway]

    @property
    def simulators(self) -> list[EnvoySimulator]:
        return [gateway.simulator for gateway in self.gateways]

    @property
    def sites(self) -> list[Site]:
        """The sites; each has a variable of its own for its token."""
        return [self.site(n) for n in range(len(self.gateways))]

    @property
    def environ(self) -> dict[str, str]:
        """The variables with tokens."""
        return {TOKEN.format(n): each.token() for n, each in enumerate(self.simulators)}

    def site(self, number: int, **members: object) -> Site:
        gateway = self.gateways[number]
        access = EnvoyAccess(
            host=gateway.host,
            serial=gateway.simulator.hardware.serial,
            token_env=TOKEN.format(number),
        )
        return Site(
            **{
                "id": f"roof-{number:02}",
                "name": "Roof",
                "timezone": "UTC",
                "start": gateway.simulator.clock.now().date(),
                "envoy": access,
                **members,
            }  # pyright: ignore[reportArgumentType]
        )

    def move(self, bench: Workbench, now: datetime) -> None:
        """Let every clock show an instant."""
        clock_of(bench).set(now)
        for simulator in self.simulators:
            simulator.clock.set(now)


@contextmanager
def served_roofs(
    folder: Path, kinds: Sequence[Kind], now: datetime, days: float = 3
) -> Generator[Roofs]:
    """Serve a modelled gateway for each kind, its curve from the begin of the day on."""
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(serve_gateway(_simulator(n, kind, now, days), folder))
            for n, kind in enumerate(kinds)
        ]
        yield Roofs(gateways)


def _simulator(number: int, kind: Kind, now: datetime, days: float) -> EnvoySimulator:
    box = hardware(kind, serial=f"1220000000{number:02}")
    curve = modelled_curve(
        instant(now.date()), days, timezone=box.timezone, battery_wh=5000 * box.batteries
    )
    clock = VirtualClock(now, fixed=True)
    return EnvoySimulator(ModelledSite(box, curve), clock, authority=AUTHORITY)
