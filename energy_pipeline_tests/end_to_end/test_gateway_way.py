"""A house with nothing but a gateway: polls while the clock moves, hours, and EnerKey.

The house is modelled, so that the energy of each hour is known. The cloud knows nothing of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import EnvoyAccess, Site, Upload
from energy_pipeline.errors import NothingDone
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import SIMULATED_KEY_A, EnerKeySimulator, Meter, profile
from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Faults,
    Outage,
    hardware,
    modelled_curve,
    serve_gateway,
)
from energy_pipeline.simulators.envoy import Site as ModelledSite
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.poll import poll
from energy_pipeline.steps.upload import upload
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.steps.benches import open_bench

SERIAL = "122000000067"
MIDNIGHT = datetime(2026, 6, 11, tzinfo=UTC)
TODAY = Days(MIDNIGHT.date(), MIDNIGHT.date())
METERS = {"production": 201, "grid_import": 202, "grid_export": 203, "consumption": 204}
POLLED_AT = [timedelta(minutes=minute, seconds=7) for minute in (0, 25, 55)]
"""Of each hour: closely around its begin, as polls of five minutes are, and now and then."""


class House:
    """A gateway's house, its EnerKey, and one clock for all of them."""

    def __init__(self, bench: Workbench, envoy: EnvoySimulator, enerkey: EnerKeySimulator) -> None:
        self.bench = bench
        self.envoy = envoy
        self.enerkey = enerkey

    def poll_through(self, first: int, last: int) -> None:
        """Poll through hours of the day; a gateway that does not answer is no matter."""
        for at in (MIDNIGHT + n * HOUR + each for n in range(first, last) for each in POLLED_AT):
            self.envoy.clock.set(at)
            running = Days(at.date(), at.date())
            with suppress(NothingDone):
                poll(self.bench, running, environ={"TOKEN": self.envoy.token()})

    def hours(self) -> pd.DataFrame:
        compute_hourly(self.bench, TODAY)
        return self.bench.store.read(HOURLY_ENERGY, TODAY).to_pandas()

    def truth_wh(self, stream: str, hour: datetime) -> float:
        if stream == "consumption":
            return sum(
                sign * self.truth_wh(each, hour)
                for each, sign in (("production", 1), ("grid_import", 1), ("grid_export", -1))
            )
        return self.envoy.truth_wh(stream, hour, hour + HOUR)  # pyright: ignore


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with lived_in(tmp_path) as made:
        yield made


@contextmanager
def lived_in(folder: Path) -> Iterator[House]:
    clock = VirtualClock(MIDNIGHT, fixed=True)
    # Steps of power of a quarter of an hour around each full hour, see the curve.
    start = MIDNIGHT - DAY - timedelta(minutes=7.5)
    curve = modelled_curve(start, 4, step_s=900)
    box = hardware("full_ct", serial=SERIAL)
    envoy = EnvoySimulator(ModelledSite(box, curve), clock)
    meters = [Meter(id, 12, stream, "kWh", "consumption") for stream, id in METERS.items()]
    enerkey = EnerKeySimulator(profile(meters), clock)
    with serve_gateway(envoy, folder) as gateway, serve(enerkey.app) as server:
        site = Site(
            id="roof",
            name="Roof",
            timezone="Europe/Amsterdam",
            start=(MIDNIGHT - DAY).date(),
            envoy=EnvoyAccess(host=gateway.host, serial=SERIAL, token_env="TOKEN"),
            uploads=tuple(
                Upload(stream=stream, meter_id=id, reading="consumption", unit="kWh")  # pyright: ignore
                for stream, id in METERS.items()
            ),
        )
        environ = {
            "ENERKEY_BASE_URL": server.base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
        }
        bench = open_bench(folder, [site], MIDNIGHT, settings=load_settings(environ, None))
        try:
            yield House(replace(bench, clock=ServerClock(clock)), envoy, enerkey)
        finally:
            bench.state.close()


def test_a_day_of_polls_reaches_enerkey_with_the_true_energy(house: House):
    house.poll_through(-1, 25)
    house.envoy.clock.set(MIDNIGHT + DAY + 4 * HOUR)
    hours = house.hours()

    assert len(hours) == len(METERS) * 24
    assert hours["final"].all()
    assert set(hours["source"]) == {"envoy"}
    for row in hours.itertuples():
        assert row.energy_wh == pytest.approx(house.truth_wh(row.stream, row.hour), abs=0.01)

    report = upload(house.bench, "consumption", TODAY)
    assert report.hours_verified == len(hours)
    for stream, meter in METERS.items():
        stored = house.enerkey.stored_hours(meter)
        assert len(stored) == 24
        assert set(house.enerkey.pushes_per_hour(meter).values()) == {1}
        for hour, kwh in stored.items():
            assert kwh * 1000 == pytest.approx(house.truth_wh(stream, hour), abs=0.01)


def test_a_night_with_its_outage_keeps_all_energy(house: House):
    """23:00 at the gateway is 21:00 UTC; what it shows after six minutes is not right at first."""
    evening = MIDNIGHT + 18 * HOUR
    house.envoy.faults = Faults(nightly_outage_s=360, inactive_after_outage_s=300)
    house.poll_through(17, 25)
    house.envoy.clock.set(MIDNIGHT + DAY + 4 * HOUR)
    hours = house.hours()

    whole = hours[hours["hour"] >= evening]
    assert whole["covered_s"].eq(3600).all()
    assert whole["final"].all()
    for stream, rows in whole.groupby("stream"):
        truth_wh = sum(house.truth_wh(stream, hour) for hour in rows["hour"])
        assert rows["energy_wh"].sum() == pytest.approx(truth_wh, abs=0.01)


def test_a_gap_is_bridged_and_a_longer_one_is_told(house: House):
    house.envoy.faults = Faults(
        outages=(
            Outage(MIDNIGHT + 2 * HOUR, MIDNIGHT + 4 * HOUR),
            Outage(MIDNIGHT + 8 * HOUR, MIDNIGHT + 16 * HOUR),
        )
    )
    for first, last in ((0, 2), (4, 8), (16, 24)):
        house.poll_through(first, last)
    house.envoy.clock.set(MIDNIGHT + DAY + 4 * HOUR)
    report = compute_hourly(house.bench, TODAY)
    hours = house.bench.store.read(HOURLY_ENERGY, TODAY).to_pandas()
    production = hours[hours["stream"] == "production"].set_index("hour")

    assert set(production.loc[MIDNIGHT + 2 * HOUR : MIDNIGHT + 3 * HOUR, "source"]) == {
        "envoy+bridged"
    }
    assert not production.index.isin([MIDNIGHT + n * HOUR for n in range(9, 15)]).any()
    assert (production.loc[: MIDNIGHT + 6 * HOUR, "final"]).all()
    [gap] = [gap for gap in report.unbooked if gap.stream == "production"]
    truth_wh = house.envoy.truth_wh("production", gap.start, gap.end)
    assert gap.end - gap.start > 8 * HOUR
    assert gap.energy_wh == pytest.approx(truth_wh, abs=1)  # what a boundary counter rounds to
