"""A simulated Enlighten on loopback and a workbench before it; one clock moves both."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
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
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.daily_energy import TotalsReport, fetch_daily_energy
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.steps.fetch_report import FetchReport
from energy_pipeline.steps.systems import SystemsReport, fetch_systems
from energy_pipeline.workbench import Workbench, open_workbench
from energy_pipeline_tests.clocks import ManualClock

START = date(2024, 5, 1)
ZONE = "Europe/Helsinki"


def house(
    number: int = 67, *, first: date = START, last: date = date(2024, 7, 15), **members: Any
) -> System:
    """A modelled system that works from `first` on, measured by micros and by a meter."""
    return modelled_system(House(system_id=number, timezone=ZONE, **members), first, last)


def entry(
    system: System, production: str = "micro", api: str = "v2", **members: Any
) -> dict[str, Any]:
    """The system's entry in sites.yaml; its id is `house-<system id>`."""
    access = {"api": api, "system_id": system.system_id, "production": production}
    if api == "v2":
        access["user_id"] = DEMO_USER_ID
    whole = {
        "id": f"house-{system.system_id}",
        "name": system.name,
        "timezone": system.timezone,
        "start": START,
        "enlighten": access,
    }
    return {**whole, **members}


class SharedClock(ManualClock):
    """The pipeline's clock, which moves the cloud's with it."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.cloud = VirtualClock(start, fixed=True)

    def _follow(self) -> None:
        self.cloud.set(self.now())

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self._follow()

    def set(self, instant: datetime) -> None:
        super().set(instant)
        self._follow()

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._follow()


@dataclass
class Place:
    """The cloud, the workbench, and what a test asks of both."""

    bench: Workbench
    cloud: EnlightenSimulator
    clock: SharedClock
    folder: Path
    environ: Mapping[str, str]

    def fetch(self, days: Days, stream: Any = "production", **how: Any) -> FetchReport:
        return fetch_intervals(self.bench, stream, days, **how)

    def hits_of(self, days: Days, stream: Any = "production", **how: Any) -> int:
        """How many hits a fetch costs, by the cloud's own count."""
        before = self.cloud.hits
        report = self.fetch(days, stream, **how)
        assert report.hits_spent == self.cloud.hits - before
        return report.hits_spent

    def fetch_totals(self, *, force: bool = False) -> TotalsReport:
        return fetch_daily_energy(self.bench, force=force)

    def fetch_systems(self) -> SystemsReport:
        return fetch_systems(self.bench, force=True)

    def fetch_everything(self, days: Days) -> int:
        """Fetch as a daily run does; return its hits."""
        before = self.cloud.hits
        for stream in ("production", "consumption"):
            self.fetch(days, stream)
        self.fetch_totals()
        return self.cloud.hits - before

    def endpoints(self) -> Counter[str]:
        """Requests so far by the last part of their path."""
        return Counter(request.path.rsplit("/", 1)[-1] for request in self.cloud.requests)

    def rows(self, stream: str = "production") -> pd.DataFrame:
        """What the store holds, as a user reads it."""
        return pd.read_parquet(self.folder / "data" / f"enlighten_{stream}")

    def energy_by_end(self, stream: str = "production", site: str = "house-67") -> pd.Series:
        rows = self.rows(stream)
        return rows[rows["site"] == site].set_index("end_at")["energy_wh"].sort_index()

    def truth_by_end(self, stream: str, days: Days, system_id: int = 67) -> pd.Series:
        """What the houses measured in `days`; micros' nights are not there."""
        series = self.cloud.fleet.systems[system_id].series[stream]  # type: ignore[index]
        ends = pd.to_datetime(series.end_at(), unit="s", utc=True)
        truth = pd.Series(series.energy_wh.astype(float), ends)[series.devices > 0]
        starts = truth.index - pd.Timedelta(seconds=series.interval_s)
        inside = (starts >= days.span.start) & (starts < days.span.end)
        return truth[inside]


@contextmanager
def place(
    folder: Path,
    entries: Iterable[Mapping[str, Any]],
    systems: Iterable[System],
    now: datetime,
    *,
    switches: Switches | None = None,
    faults: Faults | None = None,
    fleet: Fleet | None = None,
    **variables: str,
) -> Generator[Place]:
    clock = SharedClock(now)
    cloud = EnlightenSimulator(
        fleet or Fleet.of(systems),
        clock.cloud,
        switches or Switches(history_days=None, telemetry_history_days=None),
        faults or Faults(late_share=0),
    )
    file = folder / "sites.yaml"
    file.write_text(yaml.safe_dump({"sites": list(entries)}))
    with serve(cloud.app) as server:
        environ = {
            "ENERGY_SITES_FILE": str(file),
            "ENERGY_DATA_URI": str(folder / "data"),
            "ENLIGHTEN_API": "v2",
            "ENLIGHTEN_BASE_URL": server.base_url,
            "ENLIGHTEN_API_KEY": DEMO_API_KEY,
            "ENLIGHTEN_CLIENT_ID": DEMO_APPLICATION.client_id,
            "ENLIGHTEN_CLIENT_SECRET": DEMO_APPLICATION.client_secret,
            "ENLIGHTEN_REFRESH_TOKEN": str(cloud.new_tokens()["refresh_token"]),
            "ENLIGHTEN_REQUESTS_PER_MINUTE": "100000",
            "ENLIGHTEN_REQUESTS_PER_MONTH": "1000000",
        } | variables
        with open_workbench(environ=environ, clock=clock) as bench:
            yield Place(bench, cloud, clock, folder, environ)


def days(first: date, count: int) -> Days:
    return Days(first, first + timedelta(days=count - 1))
