"""`energy-pipeline simulate`: the simulated services in the foreground.

One house at Enlighten, another one with a gateway, and the meters for both at EnerKey; nothing is
kept when they stop. What is printed is the environment and the site file with which the pipeline
meets them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from energy_pipeline.calendar import DAY
from energy_pipeline.cli import gateway_house
from energy_pipeline.cli.demo_world import METERS, SYSTEM_ID
from energy_pipeline.cli.terminal import results
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    profile,
)
from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_APPLICATION,
    DEMO_EMAIL,
    DEMO_PASSWORD,
)
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    System,
)
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.replay import replayed_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.envoy import serve_gateway
from energy_pipeline.simulators.envoy.gateway import ServedGateway
from energy_pipeline.simulators.server import RunningServer, serve_forever

_HISTORY_DAYS = 730
_AHEAD_DAYS = 30  # the modelled house lives on while the services are up

_ENVIRONMENT = """\
ENLIGHTEN_API=v2
ENLIGHTEN_BASE_URL={enlighten}
ENLIGHTEN_API_KEY={enlighten_key}
# For dialect v4, `energy-pipeline enlighten authorize --api v4`: the owner signs in as
# {owner_email} with the password {owner_password}
ENLIGHTEN_CLIENT_ID={client_id}
ENLIGHTEN_CLIENT_SECRET={client_secret}
ENERKEY_BASE_URL={enerkey}
ENERKEY_API_KEY_A={enerkey_key}
ENERKEY_TENANT_KEY_A={tenant_key}
ENERKEY_PARTNER_KEY_A={partner_key}
"""
_SITES = """\
sites:
  - id: simulated-house
    name: Simulated house
    timezone: {timezone}
    start: {start}
    enlighten: {{system_id: {system_id}, user_id: "{user_id}"}}
    uploads:
      - {{stream: production, meter_id: 101, reading: consumption, unit: kWh}}
      - {{stream: consumption, meter_id: 102, reading: consumption, unit: kWh}}
      - {{stream: production, meter_id: 103, reading: cumulative, unit: kWh}}
"""


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


def run_simulate(data: Path | None, timezone: str, ports: Ports) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        data: an interval export of Enlighten to replay; None models a house.
        timezone: IANA zone of both houses.
        ports: where the services are to be found.

    Raises:
        EnergyPipelineError: `data` is not such an export, or a port is taken.
    """
    system = _modelled(timezone) if data is None else _replayed(data, timezone)
    # A replayed cloud stands shortly after its last recording, when everything has arrived.
    clock = VirtualClock(None if data is None else _last_instant(system) + 2 * DAY)
    cloud = EnlightenSimulator(Fleet.of([system]), clock, Switches(history_days=None))
    meters = (*METERS, *gateway_house.METERS)
    enerkey = EnerKeySimulator(
        profile(meters, time_zone=timezone, customer="C-1001"), VirtualClock()
    )
    envoy = gateway_house.new_gateway(timezone, datetime.now(UTC).date())
    login = gateway_house.token_services(envoy)
    apps = [(cloud.app, ports.enlighten), (enerkey.app, ports.enerkey), (login.app, ports.login)]
    try:
        with TemporaryDirectory() as folder, serve_gateway(envoy, Path(folder), ports.envoy) as box:
            serve_forever(apps, lambda servers: _print_how_to_reach(servers, box, system))
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


def _print_how_to_reach(
    servers: list[RunningServer], gateway: ServedGateway, system: System
) -> None:
    enlighten, enerkey, login = (server.base_url for server in servers)
    environment = _ENVIRONMENT.format(
        enlighten=enlighten,
        enlighten_key=DEMO_API_KEY,
        client_id=DEMO_APPLICATION.client_id,
        client_secret=DEMO_APPLICATION.client_secret,
        owner_email=DEMO_EMAIL,
        owner_password=DEMO_PASSWORD,
        enerkey=enerkey,
        enerkey_key=SIMULATED_KEY_A,
        tenant_key=SIMULATED_TENANT_KEY_A,
        partner_key=SIMULATED_PARTNER_KEY,
    )
    owner = gateway_house.environment(login)
    environment += "".join(f"{name}={value}\n" for name, value in owner.items())
    sites = _SITES.format(
        timezone=system.timezone,
        start=_first_instant(system).date(),
        system_id=system.system_id,
        user_id=DEMO_USER_ID,
    )
    sites += gateway_house.entry(
        "simulated-gateway",
        "Simulated house with a gateway",
        system.timezone,
        datetime.now(UTC).date(),
        gateway.host,
    )
    lines = [
        f"Simulated Enlighten: {enlighten}",
        f"Simulated EnerKey:   {enerkey}",
        f"Simulated gateway:   {gateway.base_url}, serial {gateway_house.SERIAL}",
        f"Its token services:  {login}",
        "",
        "For .env:",
        environment,
        "For sites.yaml:",
        sites,
        "Ctrl+C stops them.",
    ]
    results().print("\n".join(lines), markup=False, soft_wrap=True)
