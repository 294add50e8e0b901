"""All six streams of a house with a battery, through dialect v4 into EnerKey, true to the Wh."""

from collections import Counter
from collections.abc import Generator
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import STREAMS
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import Stream
from energy_pipeline.simulators.enlighten.model import House as ModelledHouse
from energy_pipeline.simulators.enlighten.model import modelled_system
from energy_pipeline_tests.end_to_end.town import House, Town, town

WEEK = Days(date(2024, 6, 3), date(2024, 6, 9))
AFTER = datetime(2024, 6, 15, 4, 15, tzinfo=UTC)
MEASURED: dict[str, Stream] = {
    "production": "production_micro",
    "consumption": "consumption",
    "grid_import": "grid_import",
    "grid_export": "grid_export",
    "battery_charge": "battery_charge",
    "battery_discharge": "battery_discharge",
}

pytestmark = pytest.mark.xdist_group("streams")


def modelled(number: int, battery: Battery | None) -> House:
    model = ModelledHouse(system_id=number, timezone="UTC", micros=1, battery=battery)
    uploads = [(stream, "consumption") for stream in STREAMS]
    return House(
        f"house-{number}",
        modelled_system(model, WEEK.first, AFTER.date()),
        WEEK.first,
        uploads=[*uploads, ("grid_import", "cumulative")],
        api="v4",
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    """A house with a battery and one without, after the run over a week."""
    houses = [modelled(67, Battery(capacity_wh=5000, power_w=2500)), modelled(68, None)]
    with town(tmp_path_factory.mktemp("streams"), houses, AFTER) as place:
        assert place.run_daily_energy(WEEK).success
        yield place


def true_hours(place: Town, stream: str) -> pd.Series:
    series = place.cloud.fleet.systems[67].series[MEASURED[stream]]
    starts = pd.to_datetime(series.end_at() - series.interval_s, unit="s", utc=True)
    energy = pd.Series(series.energy_wh.astype(float), starts)
    hours = energy.groupby(starts.floor("h")).sum()
    return hours[(hours.index >= WEEK.span.start) & (hours.index < WEEK.span.end)]


@pytest.mark.parametrize(("number", "stream"), list(enumerate(STREAMS)))
def test_every_hour_of_every_stream_is_in_enerkey(ended: Town, number: int, stream: str) -> None:
    stored = pd.Series(ended.enerkey.stored_hours(670 + number))
    truth = true_hours(ended, stream)

    assert len(stored) == len(WEEK) * 24
    np.testing.assert_allclose(stored, truth.loc[stored.index] / 1000, rtol=0, atol=1e-6)
    assert truth.sum() > 0


def test_a_register_of_another_stream_than_production(ended: Town) -> None:
    readings = ended.enerkey.stored_readings(676)

    total_kwh = true_hours(ended, "grid_import").sum() / 1000
    assert readings[WEEK.span.end] == pytest.approx(1000 + total_kwh, abs=1e-6)


def test_a_hit_for_each_series_and_none_where_there_is_no_battery(ended: Town) -> None:
    asked = Counter(
        tuple(request.path.rsplit("/", 3)[-3:])
        for request in ended.cloud.requests
        if "telemetry" in request.path or "lifetime" in request.path
    )
    by_system = Counter(
        (next(part for part in path if part.isdecimal()), path[-1]) for path in asked.elements()
    )

    grid = {
        f"energy_{way}_{kind}" for way in ("import", "export") for kind in ("telemetry", "lifetime")
    }
    both = {"production_micro", "consumption_meter", "energy_lifetime", "consumption_lifetime"}
    assert by_system == Counter(
        [("67", name) for name in {*grid, *both, "battery", "battery_lifetime"}]
        + [("68", name) for name in {*grid, *both}]
    )


def test_checks_pass_and_totals_agree(ended: Town) -> None:
    totals = ended.read("enlighten_daily_energy")
    assert set(totals[totals["site"] == "house-67"]["stream"]) == set(STREAMS)

    hits, pushes = ended.cloud.hits, ended.pushes
    result = ended.run_daily_energy(WEEK)

    checks = {
        (check.asset_key.to_user_string(), check.check_name): check.passed
        for check in result.get_asset_check_evaluations()
    }
    assert checks["hourly_energy", "agrees_with_daily_totals"]
    assert checks["hourly_energy", "energy_is_conserved"]
    assert checks["enlighten_battery_charge", "every_site_answered"]
    assert (ended.cloud.hits, ended.pushes) == (hits, pushes)


def test_a_forced_run_asks_for_each_series_once(ended: Town) -> None:
    streams = ("battery_charge", "battery_discharge", "grid_import")
    before = Counter(request.path for request in ended.cloud.requests)
    result = ended.run_daily_energy(
        WEEK,
        {f"enlighten_{stream}": {"config": {"force": True}} for stream in streams},
        only=[f"enlighten_{stream}" for stream in streams],
    )

    asked = Counter(request.path for request in ended.cloud.requests) - before
    assert result.success
    assert asked == {
        "/api/v4/systems/67/telemetry/battery": 1,
        "/api/v4/systems/67/energy_import_telemetry": 1,
        "/api/v4/systems/68/energy_import_telemetry": 1,
    }
