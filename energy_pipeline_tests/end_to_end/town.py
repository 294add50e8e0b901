"""A town for the tests: both simulated services on loopback, and a user's folder to work in.

The pipeline meets the services as it would meet the real ones: over HTTP, by its environment. The
services' clocks stand and are moved by the test; the pipeline's own clock is the machine's.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import dagster as dg
import pandas as pd
import yaml
from starlette.types import ASGIApp

from energy_pipeline.calendar import Days
from energy_pipeline.definitions import definitions
from energy_pipeline.defs.partitions import range_tags
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Faults,
    Meter,
    profile,
)
from energy_pipeline.simulators.enerkey import Switches as EnerKeySwitches
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    System,
)
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve

PROJECT = Path(__file__).parents[2]

Door = Callable[[ASGIApp, Literal["enlighten", "enerkey"]], ASGIApp]
"""Puts something of a test's own before a service."""


@dataclass(frozen=True)
class House:
    """A simulated system with its site entry; each upload gets a meter of its own."""

    id: str
    system: System
    start: date
    production: str = "micro"
    uploads: Sequence[tuple[str, str]] = (
        ("production", "consumption"),
        ("consumption", "consumption"),
    )
    """Stream and reading type of each upload."""
    opening_reading: float = 1000.0
    api: str = "v2"

    def meters(self) -> list[Meter]:
        """The EnerKey meters of the uploads, numbered from the system's id."""
        first = self.system.system_id * 10
        return [
            Meter(first + n, self.system.system_id, f"{self.id} {stream}", "kWh", reading)
            for n, (stream, reading) in enumerate(self.uploads)
        ]

    def entry(self) -> dict[str, object]:
        """The site's entry in sites.yaml."""
        uploads = [
            {
                "stream": stream,
                "meter_id": meter.id,
                "facility_id": meter.facility_id,
                "reading": reading,
                "unit": "kWh",
            }
            | ({"opening_reading": self.opening_reading} if reading == "cumulative" else {})
            for meter, (stream, reading) in zip(self.meters(), self.uploads, strict=True)
        ]
        return {
            "id": self.id,
            "name": self.id,
            "timezone": self.system.timezone,
            "start": self.start,
            "enlighten": {
                "api": self.api,
                "system_id": self.system.system_id,
                "user_id": DEMO_USER_ID if self.api == "v2" else None,
                "production": self.production,
            },
            "uploads": uploads,
        }


@dataclass
class Town:
    """The running services and the user's folder."""

    folder: Path
    cloud: EnlightenSimulator
    enerkey: EnerKeySimulator
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Root of the Parquet store."""
        return self.folder / "data"

    @property
    def pushes(self) -> int:
        """How many push requests EnerKey has seen."""
        return sum("Push" in record.path for record in self.enerkey.requests)

    def read(self, dataset: str) -> pd.DataFrame:
        """Read a dataset as a user would."""
        return pd.read_parquet(self.data / dataset)

    def run_daily_energy(
        self,
        days: Days,
        ops: Mapping[str, object] | None = None,
        only: Sequence[str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run the daily job, or `only` some assets of it, over `days` in this process.

        The instance is one of its own.
        """
        job = definitions().resolve_job_def("daily_energy")
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(
                instance=instance,
                tags=range_tags(days),
                run_config={"ops": dict(ops or {})},
                asset_selection=only and [dg.AssetKey(name) for name in only],
            )

    def command(self, *words: str, timeout_s: float = 110) -> subprocess.CompletedProcess[str]:
        """Run an installed command in the user's folder, with the user's environment."""
        return subprocess.run(
            [str(Path(sys.executable).parent / words[0]), *words[1:]],
            cwd=PROJECT,
            env=self.full_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def make_instance(self) -> None:
        """Make Dagster's tables: two first commands of an instance trip over each other in it."""
        with dg.DagsterInstance.from_config(str(self.folder)):
            pass

    def full_environment(self) -> dict[str, str]:
        """The machine's environment without its energy variables, and the town's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ENERGY_", "ENLIGHTEN_", "ENERKEY_", "ENPHASE_", "DAGSTER_"))
        }
        return kept | self.environment


@contextmanager
def town(
    folder: Path,
    houses: Iterable[House],
    now: datetime,
    *,
    enerkey_now: datetime | None = None,
    switches: Switches | None = None,
    enerkey_switches: EnerKeySwitches | None = None,
    enerkey_faults: Faults | None = None,
    further_meters: Sequence[Meter] = (),
    door: Door | None = None,
    **variables: str,
) -> Generator[Town]:
    """Serve both services for `houses` and lay out a user's folder.

    Args:
        folder: an empty folder.
        houses: who lives here.
        now: what the cloud's clock shows; it stands until the test moves it.
        enerkey_now: what EnerKey's clock shows; `now` when not given.
        switches: behaviour of the cloud; without a history limit when not given.
        enerkey_switches: behaviour of EnerKey.
        enerkey_faults: what goes wrong at EnerKey.
        further_meters: EnerKey has these beside the meters of the houses.
        door: stands before both services.
        variables: further environment variables of the user.
    """
    houses = list(houses)
    meters = [meter for house in houses for meter in house.meters()]
    cloud = EnlightenSimulator(
        Fleet.of([house.system for house in houses]),
        VirtualClock(now, fixed=True),
        switches or Switches(history_days=None, telemetry_history_days=None),
    )
    enerkey = EnerKeySimulator(
        profile([*meters, *further_meters]),
        VirtualClock(enerkey_now or now, fixed=True),
        enerkey_switches,
        enerkey_faults,
    )
    (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": [h.entry() for h in houses]}))
    instance = (PROJECT / "dagster.yaml").read_text().replace(": .dagster", f": {folder}/dagster")
    (folder / "dagster.yaml").write_text(instance)
    with ExitStack() as stack:
        door = door or _none
        cloud_url = stack.enter_context(serve(door(cloud.app, "enlighten"))).base_url
        enerkey_url = stack.enter_context(serve(door(enerkey.app, "enerkey"))).base_url
        environment = {
            "DAGSTER_HOME": str(folder),
            "ENERGY_SITES_FILE": str(folder / "sites.yaml"),
            "ENERGY_DATA_URI": str(folder / "data"),
            "ENLIGHTEN_API": "v2",
            "ENLIGHTEN_BASE_URL": cloud_url,
            "ENLIGHTEN_API_KEY": DEMO_API_KEY,
            "ENLIGHTEN_CLIENT_ID": DEMO_APPLICATION.client_id,
            "ENLIGHTEN_CLIENT_SECRET": DEMO_APPLICATION.client_secret,
            "ENLIGHTEN_REFRESH_TOKEN": str(cloud.new_tokens()["refresh_token"]),
            "ENLIGHTEN_REQUESTS_PER_MINUTE": "100000",
            "ENLIGHTEN_REQUESTS_PER_MONTH": "1000000",
            "ENERKEY_BASE_URL": enerkey_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
        } | variables
        stack.enter_context(_set(environment))
        yield Town(folder, cloud, enerkey, environment)


def _none(app: ASGIApp, _: str) -> ASGIApp:
    return app


@contextmanager
def _set(environment: Mapping[str, str]) -> Generator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
