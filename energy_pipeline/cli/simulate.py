"""`energy-pipeline simulate`: the simulated services in the foreground.

One house at Enlighten, another one with a gateway, and the meters for both at EnerKey; nothing is
kept when they stop. What is printed, with which the pipeline meets them, is in
`simulated_access.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp, Receive, Scope, Send

from energy_pipeline.calendar import DAY
from energy_pipeline.cli import gateway_house
from energy_pipeline.cli.demo_world import METERS, SYSTEM_ID
from energy_pipeline.cli.simulated_access import Addresses, environment, first_commands, sites
from energy_pipeline.cli.terminal import results
from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    EnerKeySimulator,
    profile,
)
from energy_pipeline.simulators.enerkey import Switches as EnerKeySwitches
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import Fleet, System
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.replay import replayed_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.envoy import serve_gateway
from energy_pipeline.simulators.envoy.gateway import ServedGateway
from energy_pipeline.simulators.server import RunningServer, serve_forever

_CONSENT = "/app_user_auth"
_HISTORY_DAYS = 730
_AHEAD_DAYS = 30  # the modelled house lives on while the services are up


@dataclass(frozen=True)
class Ports:
    """The ports of the services; 0 takes a free one.

    Args:
        enlighten: of the cloud.
        enerkey: of EnerKey.
        envoy: of the gateway, which speaks HTTPS.
        login: of the services that give its tokens.
    """

    enlighten: int
    enerkey: int
    envoy: int
    login: int

    def __str__(self) -> str:
        return f"ports {self.enlighten}, {self.enerkey}, {self.envoy} and {self.login}"


def run_simulate(
    data: Path | None, timezone: str, ports: Ports, api: EnlightenApi, enerkey_switches: list[str]
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        data: an interval export of Enlighten to replay; None models a house.
        timezone: IANA zone of both houses.
        ports: where the services are to be found.
        api: dialect of Enlighten that is shown how to be met; the cloud speaks both.
        enerkey_switches: how EnerKey behaves where that is not known for sure, as `name=value`.

    Raises:
        EnergyPipelineError: `data` is not such an export, a switch is none, or a port is taken.
    """
    system = _modelled(timezone) if data is None else _replayed(data, timezone)
    # A replayed cloud stands shortly after its last recording, when everything has arrived.
    clock = VirtualClock(None if data is None else _last_instant(system) + 2 * DAY)
    switches = Switches(history_days=None, telemetry_history_days=None)
    cloud = EnlightenSimulator(Fleet.of([system]), clock, switches)
    meters = (*METERS, *gateway_house.METERS)
    try:
        behaviour = EnerKeySwitches.from_pairs(enerkey_switches)
    except ValueError as error:
        raise EnergyPipelineError(f"--enerkey: {error}") from None
    customers = profile(meters, time_zone=timezone, customer="C-1001")
    enerkey = EnerKeySimulator(customers, VirtualClock(), behaviour)
    envoy = gateway_house.new_gateway(timezone, datetime.now(UTC).date())
    login = gateway_house.token_services(envoy)
    website = _website(login.app, cloud.app)
    apps = [(cloud.app, ports.enlighten), (enerkey.app, ports.enerkey), (website, ports.login)]
    try:
        with TemporaryDirectory() as folder, serve_gateway(envoy, Path(folder), ports.envoy) as box:
            _print_changes(behaviour)
            serve_forever(apps, lambda servers: _print_how_to_reach(servers, box, cloud, api))
    except OSError as error:
        raise EnergyPipelineError(f"{ports}: {error.strerror}; 0 takes a free one") from None


def _modelled(timezone: str) -> System:
    today = datetime.now(UTC).date()
    house = House(system_id=SYSTEM_ID, timezone=timezone, latitude=60.2)
    first, last = today - timedelta(days=_HISTORY_DAYS), today + timedelta(days=_AHEAD_DAYS)
    return modelled_system(house, first, last, "Simulated house")


def _replayed(data: Path, timezone: str) -> System:
    try:
        return replayed_system([data], timezone, system_id=SYSTEM_ID, measured_by="micro")
    except (ValueError, OSError) as error:
        raise EnergyPipelineError(str(error)) from None


def _first_instant(system: System) -> datetime:
    start_at = min(series.start_at for series in system.series.values())
    return datetime.fromtimestamp(start_at, UTC)


def _last_instant(system: System) -> datetime:
    end_at = max(int(series.end_at()[-1]) for series in system.series.values())
    return datetime.fromtimestamp(end_at, UTC)


def _website(login: ASGIApp, cloud: ASGIApp) -> ASGIApp:
    """Return the vendor's web site: gateways' tokens, and the page of consent in dialect v2."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_consent = str(scope.get("path", "")).startswith(_CONSENT)
        await (cloud if is_consent else login)(scope, receive, send)

    return answer


def _print_changes(switches: EnerKeySwitches) -> None:
    changed = ", ".join(f"{name}={value}" for name, value in switches.changed().items())
    if changed:
        results().print(f"EnerKey behaves otherwise than its contract: {changed}", soft_wrap=True)


def _print_how_to_reach(
    servers: list[RunningServer],
    gateway: ServedGateway,
    cloud: EnlightenSimulator,
    api: EnlightenApi,
) -> None:
    enlighten, enerkey, login = (server.base_url for server in servers)
    addresses = Addresses(enlighten, enerkey, login, gateway.host)
    (system,) = cloud.fleet.systems.values()
    start = _first_instant(system).date()
    # Of yesterday, the last intervals may be on their way yet.
    whole = min(cloud.clock.now() - DAY, _last_instant(system)).date() - DAY
    lines = [
        f"Simulated Enlighten: {enlighten}",
        f"Simulated EnerKey:   {enerkey}",
        f"Simulated gateway:   {gateway.base_url}, serial {gateway_house.SERIAL}",
        f"Its token services:  {login}",
        "",
        "For .env:",
        environment(api, addresses),
        "For sites.yaml:",
        sites(api, system, start, gateway.host),
        "Then, in the folder of both:",
        first_commands(api, max(start, whole)),
        "Ctrl+C stops them.",
    ]
    results().print("\n".join(lines), markup=False, soft_wrap=True)
