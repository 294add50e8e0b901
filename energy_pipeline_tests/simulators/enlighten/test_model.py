from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.localdays import midnight, midnights
from energy_pipeline.simulators.enlighten.model import House, modelled_fleet, modelled_system
from energy_pipeline.simulators.enlighten.noise import noise
from energy_pipeline_tests.simulators.enlighten.asking import epoch, house

BATTERY = Battery(capacity_wh=5000, power_w=1200)
ZONES = ["Europe/Helsinki", "America/Denver", "Australia/Sydney", "Asia/Kathmandu", "Pacific/Apia"]


def test_the_same_seed_is_the_same_house_and_another_is_not():
    one, same, other = house(), house(), house(seed=1)
    for stream in one.series:
        assert np.array_equal(one.series[stream].energy_wh, same.series[stream].energy_wh)
        assert not np.array_equal(one.series[stream].energy_wh, other.series[stream].energy_wh)


@pytest.mark.parametrize("battery", [None, BATTERY])
def test_a_longer_history_agrees_with_a_shorter_one(battery):
    built = House(system_id=1, battery=battery)
    long = modelled_system(built, date(2024, 5, 1), date(2024, 6, 30))
    short = modelled_system(built, date(2024, 6, 10), date(2024, 6, 12))
    for stream, series in short.series.items():
        low = long.series[stream].after(series.start_at)
        same = long.series[stream].energy_wh[low : low + len(series)]
        assert np.array_equal(same, series.energy_wh)


@settings(max_examples=20)
@given(st.sampled_from(ZONES), st.dates(date(2015, 1, 1), date(2030, 1, 1)), st.floats(-60, 65))
def test_the_sun_shines_by_day_and_nights_are_absent(timezone, day, latitude):
    system = modelled_system(House(system_id=3, timezone=timezone, latitude=latitude), day, day)
    zone, micro = ZoneInfo(timezone), system.series["production_micro"]
    assert micro.start_at == midnight(day, zone)
    assert micro.end_at()[-1] == midnights(day, day, zone)[1]
    lit = micro.devices > 0
    assert not micro.energy_wh[~lit].any()
    hours = np.array([datetime.fromtimestamp(e, zone).hour for e in micro.end_at()[lit].tolist()])
    assert len(hours) > 24
    assert 10 <= hours.mean() <= 14.5
    assert micro.energy_wh.max() <= 5000 / 12


@settings(max_examples=15)
@given(
    st.dates(date(2015, 1, 1), date(2030, 1, 1)),
    st.one_of(st.none(), st.builds(Battery, st.integers(500, 20_000), st.integers(250, 10_000))),
    st.sampled_from([0.0, 0.3]),
)
def test_energy_is_conserved_between_sun_house_battery_and_grid(day, battery, negative_share):
    series = house(first=day, last=day, battery=battery, negative_share=negative_share).series
    wh = {stream: each.energy_wh.astype(np.int64) for stream, each in series.items()}
    charged, discharged = wh.get("battery_charge", 0), wh.get("battery_discharge", 0)
    comes = wh["production_meter"] + wh["grid_import"] + discharged
    goes = wh["consumption"] + wh["grid_export"] + charged
    assert np.array_equal(comes, goes)
    assert (wh["grid_import"] >= 0).all()
    assert (wh["grid_export"] >= 0).all()
    assert ("battery_charge" in wh) == (battery is not None)


def test_a_battery_keeps_to_its_power_and_capacity_and_loses_a_tenth():
    system = house(first=date(2024, 4, 1), last=date(2024, 8, 31), battery=BATTERY)
    charged, discharged = (system.series[f"battery_{s}charge"].energy_wh for s in ("", "dis"))
    assert charged.max() == BATTERY.power_w // 4
    assert (charged * discharged == 0).all()
    assert discharged.sum() == pytest.approx(0.9 * charged.sum(), rel=0.02)
    percent = system.charge_percent
    assert len(percent) == len(charged)
    assert (percent.min(), percent.max()) == (0, 100)
    assert (np.diff(percent)[charged[1:] > 0] >= 0).all()


def test_a_house_without_a_battery_has_no_charge():
    assert len(house().charge_percent) == 0


def test_meter_and_micros_differ_by_about_a_percent():
    series = house().series
    ratio = series["production_meter"].energy_wh.sum() / series["production_micro"].energy_wh.sum()
    assert ratio == pytest.approx(1.008, abs=0.002)


def test_consumption_can_be_negative_now_and_then():
    assert (house().series["consumption"].energy_wh > 0).all()
    odd = house(negative_share=0.05).series["consumption"].energy_wh
    assert 0.01 < (odd < 0).mean() < 0.1


def test_a_fleet_reaches_back_from_now_in_each_systems_own_days():
    now = datetime(2024, 6, 10, 12, tzinfo=UTC)
    systems = modelled_fleet(8, now, days_back=3, days_ahead=1)
    assert [system.system_id for system in systems] == list(range(1000, 1008))
    assert {len(s.series) for s in systems} == {4, 5}
    for system in systems:
        production = system.series[system.production]
        assert len(production) * production.interval_s == 5 * 86_400
        assert production.start_at < now.timestamp() - 3 * 86_400
        assert production.end_at()[-1] > now.timestamp()


def test_noise_belongs_to_its_instant_and_is_even():
    at = np.arange(epoch(2024, 1, 1), epoch(2024, 1, 1) + 300_000, 300, dtype=np.int64)
    drawn = noise(at, 1, 2)
    assert np.array_equal(drawn[100:], noise(at[100:], 1, 2))
    assert not np.array_equal(drawn, noise(at, 2, 1))
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert drawn.mean() == pytest.approx(0.5, abs=0.03)
    assert abs(np.corrcoef(drawn, noise(at, 1, 3))[0, 1]) < 0.1
