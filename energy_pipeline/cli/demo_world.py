"""The demo's small world: two houses, simulated services, and the files and environment of a user.

One house is at Enlighten, the other has nothing but a gateway.

Everything lives in one folder, `.demo/`, in which no `.env` of the user is, so that the page opened
afterwards shows the same world: the simulated EnerKey keeps its values and customers in a file
there, and both services keep their ports. What is run in it is in `demo.py`, the page in `ui.py`.
"""

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.cli import gateway_house
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Meter,
    profile,
)
from energy_pipeline.simulators.enerkey import Switches as EnerKeySwitches
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    Fleet,
    System,
)
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.enlighten.replay import replayed_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.envoy import EnvoySimulator, serve_gateway
from energy_pipeline.simulators.server import serve

FOLDER = Path(".demo")
MODELLED_DAYS = 92  # three months: enough for a table by month, and fetched in seconds
SITE_ID = "demo-house"
GATEWAY_SITE_ID = "demo-cabin"
SYSTEM_ID = 67
METERS = (
    Meter(101, 11, "Solar production", "kWh", "consumption"),
    Meter(102, 11, "Consumption of the house", "kWh", "consumption"),
    Meter(103, 11, "Solar production, register", "kWh", "cumulative"),
)

_SITES = """\
sites:
  - id: {site}
    name: Demo house
    timezone: {timezone}
    start: {start}
    enlighten: {{api: v4, system_id: {system_id}, production: micro}}
    uploads:
      - {{stream: production, meter_id: 101, facility_id: 11, reading: consumption, unit: kWh}}
      - {{stream: consumption, meter_id: 102, facility_id: 11, reading: consumption, unit: kWh}}
      - stream: production
        meter_id: 103
        facility_id: 11
        reading: cumulative
        unit: kWh
        opening_reading: 1000
"""


@dataclass(frozen=True)
class World:
    """What the demo is about, as kept in `.demo/world.json`.

    Attributes:
        timezone: IANA zone of the house.
        first: first UTC day of data.
        last: last UTC day of data.
        data: the replayed export; None is the modelled house.
        ports: of the simulated cloud, EnerKey, token services and gateway, 0 before they were
            ever served.
        folder: where all of it lives, absolute.
    """

    timezone: str
    first: date
    last: date
    data: Path | None = None
    ports: tuple[int, int, int, int] = (0, 0, 0, 0)
    folder: Path = field(default_factory=FOLDER.absolute)

    @property
    def days(self) -> Days:
        """The UTC days that the demo brings over."""
        return Days(self.first, self.last)

    @property
    def polled_from(self) -> date:
        """First UTC day of the house with the gateway, which lives now also beside a replay."""
        return self.last if self.data is None else datetime.now(UTC).date()

    def gateway(self, clock: VirtualClock | None = None) -> EnvoySimulator:
        """Build the gateway; its clock is the machine's when none is given."""
        return gateway_house.new_gateway(
            self.timezone, self.polled_from, clock=clock, key_file=self.folder / "gateway.key"
        )

    def system(self) -> System:
        """Build the house."""
        if self.data is None:
            house = House(system_id=SYSTEM_ID, timezone=self.timezone, latitude=60.2)
            return modelled_system(house, self.first, self.last + 2 * DAY, "Demo house")
        return replayed_system(
            [self.data], self.timezone, system_id=SYSTEM_ID, measured_by="micro", name="Demo house"
        )


def new_world(data: Path | None, timezone: str) -> World:
    """Empty the demo's folder and lay out a world: the modelled house up to yesterday, or `data`.

    Raises:
        ValueError: `data` is not an interval export; the message says what was found where.
    """
    yesterday = datetime.now(UTC).date() - DAY
    world = World(timezone, yesterday - (MODELLED_DAYS - 1) * DAY, yesterday, data)
    if data is not None:
        series = world.system().series.values()
        first = min(each.start_at for each in series)
        last = max(int(each.end_at()[-1]) for each in series)
        world = World(timezone, _utc_day(first), _utc_day(last - 1), data.absolute())
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    _write_instance(world.folder)
    return world


def _utc_day(epoch_s: int) -> date:
    return datetime.fromtimestamp(epoch_s, UTC).date()


def kept_world() -> World | None:
    """Return the world of an earlier demo; None when there is none."""
    file = FOLDER / "world.json"
    if not file.exists():
        return None
    kept = orjson.loads(file.read_bytes())
    return World(
        kept["timezone"],
        date.fromisoformat(kept["first"]),
        date.fromisoformat(kept["last"]),
        Path(kept["data"]) if kept["data"] else None,
        tuple(kept["ports"]),
    )


@contextmanager
def served(world: World, envoy: EnvoySimulator) -> Generator[dict[str, str]]:
    """Serve the services of `world`; yields the environment in which the pipeline meets them.

    Args:
        world: what the demo is about.
        envoy: its gateway.
    """
    clock = VirtualClock(None if world.data is None else _after(world.last))
    cloud = EnlightenSimulator(
        Fleet.of([world.system()]), clock, Switches(telemetry_history_days=None)
    )
    enerkey = EnerKeySimulator(
        profile((*METERS, *gateway_house.METERS), time_zone=world.timezone),
        VirtualClock(),
        EnerKeySwitches(provisioning_queued_s=0, provisioning_worked_s=0),
        state_file=world.folder / "enerkey.json",
    )
    login = gateway_house.token_services(envoy)
    with ExitStack() as stack:
        apps = zip((cloud.app, enerkey.app, login.app), world.ports, strict=False)
        servers = [stack.enter_context(serve(app, port)) for app, port in apps]
        certificates = world.folder / "gateway"
        certificates.mkdir(exist_ok=True)
        box = stack.enter_context(serve_gateway(envoy, certificates, world.ports[-1]))
        _keep(world, [*(server.port for server in servers), box.port], box.host)
        addresses = _environment(world, *(server.base_url for server in servers))
        yield addresses | _authorization(cloud)


def _after(last: date) -> datetime:
    """The cloud's present in a replay: two days after the data, when everything has arrived."""
    return datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=3)


def _keep(world: World, ports: Sequence[int], gateway_host: str) -> None:
    """Write down the world, and the site file, which names the gateway's port."""
    kept = {
        "timezone": world.timezone,
        "first": str(world.first),
        "last": str(world.last),
        "data": str(world.data) if world.data else None,
        "ports": ports,
    }
    (world.folder / "world.json").write_bytes(orjson.dumps(kept))
    house = _SITES.format(
        site=SITE_ID,
        timezone=world.timezone,
        start=world.first,
        system_id=SYSTEM_ID,
    )
    cabin = gateway_house.entry(
        GATEWAY_SITE_ID, "Demo cabin", world.timezone, world.polled_from, gateway_host
    )
    (world.folder / "sites.yaml").write_text(house + cabin)


def _write_instance(folder: Path) -> None:
    """Write Dagster's instance: the project's own, in the demo's folder."""
    instance = Path("dagster.yaml").read_text().replace(": .dagster", f": {folder}/dagster")
    (folder / "dagster.yaml").write_text(instance)


def _authorization(cloud: EnlightenSimulator) -> dict[str, str]:
    """The user's application, and what the owner's consent has given to it."""
    return {
        "ENLIGHTEN_API": "v4",
        "ENLIGHTEN_API_KEY": DEMO_APPLICATION.api_key,
        "ENLIGHTEN_CLIENT_ID": DEMO_APPLICATION.client_id,
        "ENLIGHTEN_CLIENT_SECRET": DEMO_APPLICATION.client_secret,
        "ENLIGHTEN_REFRESH_TOKEN": str(cloud.new_tokens()["refresh_token"]),
    }


def _environment(
    world: World, enlighten_url: str, enerkey_url: str, login_url: str
) -> dict[str, str]:
    """The environment of a user with generous plans, so that the demo does not wait."""
    return gateway_house.environment(login_url) | {
        "DAGSTER_HOME": str(world.folder),
        "ENERGY_SITES_FILE": str(world.folder / "sites.yaml"),
        "ENERGY_PROVISIONING_FILE": str(world.folder / "provisioning.yaml"),
        "ENERGY_DATA_URI": str(world.folder / "data"),
        "ENERGY_FIRST_DAY": str(world.first),
        "ENLIGHTEN_BASE_URL": enlighten_url,
        "ENLIGHTEN_REQUESTS_PER_MINUTE": "100000",
        "ENLIGHTEN_REQUESTS_PER_MONTH": "1000000",
        "ENERKEY_BASE_URL": enerkey_url,
        "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
        "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
        "ENERKEY_READ_ONLY": "false",
        "ENERKEY_REQUESTS_PER_SECOND": "20",
    }


def without_the_users(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables of the user's own pipeline."""
    return {name: text for name, text in environment.items() if name not in PATH_OF_VARIABLE}
