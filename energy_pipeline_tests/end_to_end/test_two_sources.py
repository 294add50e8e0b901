"""A site with a gateway and Enlighten at once, through the real job: each hour once, from the best.

Enlighten's meter shows a little more than the gateway's in every hour, so that a value tells where
it comes from.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import yaml

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import Switches as EnerKeySwitches
from energy_pipeline.simulators.enlighten.dataset import Series, System
from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    PowerCurve,
    TokenAuthority,
    hardware,
    serve_gateway,
)
from energy_pipeline.simulators.envoy import Site as ModelledSite
from energy_pipeline.steps.poll import poll
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.end_to_end.town import House, Town, town
from energy_pipeline_tests.end_to_end.way import go
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock

MIDNIGHT = datetime(2024, 6, 11, tzinfo=UTC)
DAY_ONE = Days(MIDNIGHT.date(), MIDNIGHT.date())
NEXT_MORNING = MIDNIGHT + DAY + 4 * HOUR
QUARTERS = 96 * 3
MORE_WH = 1
"""What Enlighten's meter shows more, in every quarter of an hour."""
NOT_POLLED = (4, 5, 6, 16, 20)
"""Hours at which the gateway is not polled; the gaps around them are short enough to be bridged."""
NOT_REPORTED = (9, 10, 16)
"""Hours of which Enlighten never hears."""
SOURCES = {
    **dict.fromkeys(range(24), "envoy"),
    **dict.fromkeys((3, 4, 5, 6, 15, 19, 20), "enlighten"),
    16: "envoy+bridged",
}
CONSUMPTION_METER, REGISTER = 670, 671
UPLOADS = (("consumption", "consumption"), ("consumption", "cumulative"))

pytestmark = pytest.mark.timeout(300)


@dataclass
class Home:
    """The site's gateway, and the town of its other two services."""

    place: Town
    gateway: EnvoySimulator

    def at(self, instant: datetime) -> None:
        """Let every clock show an instant."""
        for clock in (self.gateway.clock, self.place.cloud.clock, self.place.enerkey.clock):
            clock.set(instant)

    def poll(self, hours: Sequence[int]) -> None:
        """Poll at these hours of the first day, without Dagster, whenever it is now."""
        before = self.gateway.clock.now()
        with open_workbench() as bench:
            for instant in (MIDNIGHT + n * HOUR for n in hours):
                self.at(instant)
                poll(bench, Days(instant.date(), instant.date()))
        self.at(before)

    def run(self, *, with_dagster: bool) -> dict[int, tuple[float, str, bool]]:
        """Run the daily job; return energy, source and finality of consumption by hour.

        To spare time, some runs do without Dagster what the job does.
        """
        if with_dagster:
            result = self.place.run_daily_energy(DAY_ONE)
            assert result.success
            assert blocked(result) == []
            assert_usual_differences_are_shown(result)
        else:
            go(DAY_ONE)
        hours = self.place.read("hourly_energy")
        mine = hours[hours["stream"] == "consumption"]
        columns = zip(mine["hour"], mine["energy_wh"], mine["source"], mine["final"], strict=True)
        return {hour.hour: (wh, source, bool(final)) for hour, wh, source, final in columns}

    def true_wh(self, hour: int, source: str) -> float:
        """Return what the named source measured in an hour."""
        start = MIDNIGHT + hour * HOUR
        more_wh = 4 * MORE_WH if source == "enlighten" else 0
        return self.gateway.truth_wh("consumption", start, start + HOUR) + more_wh

    def in_enerkey(self) -> dict[int, float]:
        """Return EnerKey's consumption in Wh by hour."""
        stored = self.place.enerkey.stored_hours(CONSUMPTION_METER)
        return {hour.hour: kwh * 1000 for hour, kwh in stored.items()}


def blocked(result: dg.ExecuteInProcessResult) -> list[str]:
    found = result.get_asset_check_evaluations()
    return [each.check_name for each in found if each.blocking and not each.passed]


def assert_usual_differences_are_shown(result: dg.ExecuteInProcessResult) -> None:
    """Two meters of one house: nothing to warn of, and everything to be seen."""
    found = result.get_asset_check_evaluations()
    (told,) = [each for each in found if each.check_name == "gateway_and_enlighten_agree"]
    assert told.passed
    shown = told.metadata["differences"]
    assert isinstance(shown, dg.TableMetadataValue)
    records = [each.data for each in shown.records]
    assert [each["stream"] for each in records] == ["consumption", "production"]
    assert [each["difference"] for each in records] == ["-1.56 %", "+0.00 %"]


def quarters_of_an_hour() -> np.ndarray:
    """Return the household's energy, whole Wh, different in every hour."""
    return np.arange(QUARTERS) // 4 + 50


def a_house() -> House:
    shown_wh = quarters_of_an_hour() + MORE_WH
    devices = np.ones(QUARTERS, np.int16)
    devices[[4 * hour + n for hour in NOT_REPORTED for n in range(4)]] = 0
    first_end_at = int(MIDNIGHT.timestamp()) + 900
    series = Series(900, first_end_at, shown_wh.astype(np.int32), devices)
    made = Series(900, first_end_at, np.full(QUARTERS, 100, np.int32), np.ones(QUARTERS, np.int16))
    system = System(67, "Home", "UTC", 5000, 4, {"production_meter": made, "consumption": series})
    return House("home", system, MIDNIGHT.date(), "meter", UPLOADS, opening_reading=5.0)


def a_gateway() -> EnvoySimulator:
    load_w = 4.0 * quarters_of_an_hour()
    curve = PowerCurve(
        int(MIDNIGHT.timestamp()), 900, np.full(QUARTERS, 400.0), load_w, np.zeros(QUARTERS)
    )
    box = hardware("full_ct", serial="122000000101")
    return EnvoySimulator(
        ModelledSite(box, curve), VirtualClock(MIDNIGHT, fixed=True), authority=TokenAuthority()
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Home]:
    """A day of polls; it is the next morning."""
    gateway, house = a_gateway(), a_house()
    clock = ServerClock(gateway.clock)
    monkeypatch.setattr(WorkbenchResource, "clock", lambda _: clock)
    monkeypatch.setattr("energy_pipeline.workbench.SystemClock", lambda: clock)
    overwrites = EnerKeySwitches(repush_consumption="overwrite_hour")
    token = {"HOME_TOKEN": gateway.token()}
    with (
        serve_gateway(gateway, tmp_path) as served,
        town(tmp_path, [house], MIDNIGHT, enerkey_switches=overwrites, **token) as place,
    ):
        access = {
            "host": served.host,
            "serial": gateway.hardware.serial,
            "token_env": "HOME_TOKEN",
        }
        sites = [house.entry() | {"envoy": access}]
        (tmp_path / "sites.yaml").write_text(yaml.safe_dump({"sites": sites}))
        made = Home(place, gateway)
        made.poll([n for n in range(25) if n not in NOT_POLLED])
        made.at(NEXT_MORNING)
        yield made


def test_each_hour_comes_once_from_the_source_that_knows_it(home: Home) -> None:
    hours = home.run(with_dagster=True)

    assert {hour: source for hour, (_, source, _) in hours.items()} == SOURCES
    for hour, (energy_wh, source, is_final) in hours.items():
        assert is_final == (hour != 16)  # neither source knows it: Enlighten's may still come
        if is_final:
            assert energy_wh == pytest.approx(home.true_wh(hour, source), abs=0.01)
    sent = home.in_enerkey()
    assert sorted(sent) == [hour for hour in range(24) if hour != 16]
    assert sent == pytest.approx({hour: hours[hour][0] for hour in sent}, abs=1e-3)

    home.at(NEXT_MORNING + 3 * DAY)
    energy_wh, source, is_final = home.run(with_dagster=False)[16]
    half_of_the_gap_wh = sum(home.true_wh(hour, "envoy") for hour in (15, 16)) / 2
    assert energy_wh == pytest.approx(half_of_the_gap_wh, abs=0.01)
    assert (source, is_final) == (SOURCES[16], True)
    pushes = home.place.enerkey.pushes_per_hour(CONSUMPTION_METER)
    assert len(pushes) == 24
    assert set(pushes.values()) == {1}
    register = home.place.enerkey.stored_hours(REGISTER)
    assert [kwh * 1000 for kwh in register.values()] == pytest.approx(
        [energy_wh for energy_wh, _, _ in hours.values()], abs=2e-3
    )


def test_a_gateways_hour_that_becomes_whole_after_enlightens_was_sent_is_a_correction(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The polls of the morning were written late, as by a machine that was cut off."""
    home.at(NEXT_MORNING + 3 * DAY)
    before = home.run(with_dagster=False)
    sent, register = home.in_enerkey(), home.place.enerkey.stored_readings(REGISTER)
    assert len(sent) == 24
    assert len(register) == 25
    pushes = home.place.pushes

    home.poll([4, 5, 6])
    home.at(home.gateway.clock.now() + timedelta(hours=1))
    after = home.run(with_dagster=True)
    assert {hour for hour in after if after[hour] != before[hour]} == {3, 4, 5, 6}
    for hour in (3, 4, 5, 6):
        assert after[hour] == (pytest.approx(home.true_wh(hour, "envoy"), abs=0.01), "envoy", True)
    assert (home.in_enerkey(), home.place.pushes) == (sent, pushes)
    rows = home.place.read("enerkey_consumption_upload")
    held = rows[rows["status"] == "held"]
    assert set(held["at"].dt.hour) == {3, 4, 5, 6}
    assert held["reason"].str.contains("the source now says").all()
    readings = home.place.read("enerkey_cumulative_upload")
    assert (readings["status"] == "held").sum() == 21  # from the first corrected hour on

    monkeypatch.setenv("ENERKEY_REPUSH", "overwrite_hour")
    for _ in range(2):
        home.run(with_dagster=False)
        assert home.in_enerkey() == pytest.approx({h: after[h][0] for h in after}, abs=1e-3)
        twice = home.place.enerkey.pushes_per_hour(CONSUMPTION_METER)
        assert {hour.hour for hour, count in twice.items() if count == 2} == {3, 4, 5, 6}
        assert set(twice.values()) == {1, 2}
