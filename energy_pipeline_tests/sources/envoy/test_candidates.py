"""Which counters a gateway has, judged by what is there."""

from datetime import timedelta

import pytest

from energy_pipeline.sources.envoy.candidates import Candidate, boundary_samples, candidates
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.answers import (
    ABSENT,
    NOW,
    READ_AT,
    UNAVAILABLE,
    device_data,
    eim,
    inverter_device,
    inverters,
    legacy,
    measured,
    meter,
    production,
    reading,
    record_device,
)

METERS, READINGS = Endpoint.METERS, Endpoint.READINGS
PRODUCTION, DEVICE_DATA, V1 = Endpoint.PRODUCTION, Endpoint.DEVICE_DATA, Endpoint.PRODUCTION_V1


REPORTED_AT = NOW - timedelta(hours=9)
LISTED = [{"serialNumber": "1", "lastReportDate": int(REPORTED_AT.timestamp())}]


def shown(found: Measurements) -> dict[str, list[tuple[float, float | None]]]:
    """Energy and power of every stream's candidates that show something, best first."""
    return {
        stream: values
        for stream, offered in candidates(found).items()
        if (values := [(c.sample.energy_wh, c.sample.power_w) for c in offered if c.sample])
    }


def production_of(found: Measurements) -> list[Candidate]:
    return candidates(found).get("production", [])


def test_meters_are_joined_by_id_and_never_by_position():
    found = measured(
        {
            METERS: [meter("storage"), meter("net-consumption"), meter("production")],
            READINGS: [
                reading("production", 10, 1, 5),
                {"eid": 1023410688, "timestamp": 5, "actEnergyDlvd": 9},
                reading("net-consumption", 20, 2, 6),
                reading("storage", 30, 3, 7),
            ],
        }
    )
    assert shown(found) == {
        "production": [(10, 5)],
        "grid_import": [(20, 6)],
        "grid_export": [(2, 0)],
        "battery_discharge": [(30, 7)],
        "battery_charge": [(3, 0)],
    }


def test_power_is_that_of_the_streams_own_direction():
    found = measured(
        {
            METERS: [meter("storage"), meter("net-consumption"), meter("production")],
            READINGS: [
                reading("production", 10, 1, -6.5),
                reading("net-consumption", 20, 2, -700),
                reading("storage", 30, 3, -80),
            ],
        }
    )
    assert shown(found) == {
        "production": [(10, -6.5)],
        "grid_import": [(20, 0)],
        "grid_export": [(2, 700)],
        "battery_discharge": [(30, 0)],
        "battery_charge": [(3, 80)],
    }


def test_a_load_meter_counts_consumption_and_no_grid():
    found = measured(
        {METERS: [meter("total-consumption")], READINGS: [reading("total-consumption", 50, 1, 400)]}
    )
    assert shown(found) == {"consumption": [(50, 400)]}


def test_a_meter_that_is_not_in_use_measures_nothing():
    found = measured(
        {
            METERS: [meter("production", state="disabled"), meter("net-consumption", state="no")],
            READINGS: [reading("production", 10, 1, 5), reading("net-consumption", 20, 2, 6)],
            PRODUCTION: production(eim(1, 10.5)),
        }
    )
    assert shown(found) == {}


@pytest.mark.parametrize(
    "members",
    [
        {"timestamp": 0},
        {"actEnergyDlvd": -1.0},
        {"actEnergyDlvd": None},
        {"actEnergyDlvd": "10"},
        {"timestamp": None},
    ],
)
def test_a_reading_that_is_none(members):
    found = measured(
        {METERS: [meter("production")], READINGS: [reading("production", 10, 1, 5) | members]}
    )
    assert shown(found) == {}


def test_a_missing_power_costs_no_energy():
    entry = reading("production", 10, 1, 5)
    del entry["activePower"], entry["channels"]
    assert shown(measured({METERS: [meter("production")], READINGS: [entry]})) == {
        "production": [(10, None)]
    }


def test_the_order_of_preference_with_a_production_meter():
    found = measured(
        {
            METERS: [meter("production")],
            READINGS: [reading("production", 10, 1, 5)],
            PRODUCTION: production(inverters(99), eim(1, 10.5)),
            DEVICE_DATA: device_data(inverter_device("1", 7200), inverter_device("2", 3600)),
            V1: legacy(9),
        }
    )
    assert [c.counter for c in production_of(found)] == [
        "ivp/meters/readings/704643328/actEnergyDlvd",
        "production.json/eim/whLifetime",
        "ivp/pdm/device_data/pcu/joulesProduced",
        "production.json/inverters/whLifetime",
    ]
    assert shown(found)["production"] == [(10, 5), (10.5, 500), (3, 200), (99, 1200)]


@pytest.mark.parametrize(
    "overview", [eim(1, -18.153), eim(1, 10, readingTime=0), inverters(-1), inverters(99, None)]
)
def test_an_overview_without_a_counter_or_a_time_is_none(overview):
    assert shown(measured({PRODUCTION: production(overview)})) == {}


def test_an_inactive_meter_is_no_data_although_it_shows_numbers():
    found = measured({PRODUCTION: production(inverters(99), eim(0, 10.5))})
    assert shown(found) == {"production": [(99, 1200)]}


def test_a_meter_without_a_type_is_the_production_meter_of_the_first_firmware():
    entry = eim(1, 10.5)
    del entry["measurementType"]
    found = measured({PRODUCTION: production(entry)})
    assert shown(found) == {"production": [(10.5, 500)]}


@pytest.mark.parametrize(
    ("has_meter", "replies"),
    [
        (True, {}),
        (None, {METERS: [meter("production", state="disabled")]}),
        (None, {PRODUCTION: production(inverters(99), eim(0, 1583))}),
    ],
)
def test_the_older_overview_is_believed_only_where_no_meter_is(has_meter, replies):
    others = {PRODUCTION: production(inverters(99)), V1: legacy(1583)}
    found = measured({**others, **replies}, has_meter=has_meter)
    assert shown(found) == {"production": [(99, 1200)]}
    without = measured(others, has_meter=False)
    assert shown(without) == {"production": [(1583, 1100), (99, 1200)]}


def test_an_older_overview_of_zero_is_that_of_a_faulty_firmware():
    found = measured({PRODUCTION: production(inverters(99)), V1: legacy(0)}, has_meter=False)
    assert shown(found) == {"production": [(99, 1200)]}


def test_the_older_overview_has_the_time_of_the_newest_report():
    night = {PRODUCTION: production(inverters(99, read_at=None)), V1: legacy(1583)}
    assert shown(measured(night, has_meter=False)) == {}
    by_list = measured({V1: legacy(1583), Endpoint.INVERTERS: LISTED})
    (candidate,) = production_of(by_list)
    assert candidate.sample is not None
    assert candidate.sample.read_at == REPORTED_AT


def test_at_night_the_evenings_reading_is_shown_again():
    """The overview has no time while no inverter reports; the list of last reports has it."""
    night = {PRODUCTION: production(inverters(99, read_at=None)), V1: legacy(1583)}
    found = measured(night | {Endpoint.INVERTERS: LISTED}, has_meter=False)
    samples = [c.sample for c in production_of(found) if c.sample]
    assert [(s.energy_wh, s.read_at) for s in samples] == [(1583, REPORTED_AT), (99, REPORTED_AT)]


@pytest.mark.parametrize(
    "reply",
    [
        device_data(inverter_device("1", 7200), inverter_device("2", 0, lifetime={}, channels=[])),
        device_data(inverter_device("1", 7200), deviceCount=50),
        device_data(inverter_device("1", 7200), deviceCount=3, deviceDataLimit=3),
        device_data(inverter_device("1", -7200)),
        device_data(),
    ],
)
def test_a_sum_over_some_of_the_inverters_is_none(reply):
    assert shown(measured({DEVICE_DATA: reply})) == {}


def test_a_battery_in_the_list_of_inverters_is_none():
    reported = {"lastReportDate": 1781000000, "lastReportWatts": 5}
    listed = [
        {"serialNumber": "1", "devType": 1, **reported},
        {"serialNumber": "2", "devType": 11, **reported},
        {"serialNumber": "3", **reported},
        {"serialNumber": "4", "devType": 1, **reported, "lastReportDate": 0},
    ]
    reports = measured({Endpoint.INVERTERS: listed}).inverter_reports
    assert [report.inverter for report in reports] == ["1", "3"]


def test_removed_inverters_are_not_missed():
    gone = inverter_device("2", 0, active=False, channels=[{"lastReading": {}, "lifetime": {}}])
    found = measured({DEVICE_DATA: device_data(inverter_device("1", 7200), gone)})
    assert shown(found) == {"production": [(2, 100)]}


def test_an_inverters_counter_does_not_wrap_and_its_power_has_a_sign():
    device = inverter_device("1", 4904101572)
    device["channels"][0]["watts"]["now"] = 4294967292
    found = measured({DEVICE_DATA: device_data(device)})
    assert shown(found) == {"production": [(4904101572 / 3600, -4)]}


@pytest.mark.parametrize("hidden", [METERS, PRODUCTION, DEVICE_DATA])
def test_a_better_counter_may_hide_behind_a_failure(hidden):
    replies = {V1: legacy(1583), PRODUCTION: production(inverters(99)), METERS: []}
    found = measured({**replies, hidden: UNAVAILABLE}, has_meter=False)
    best = next(n for n, c in enumerate(production_of(found)) if c.sample or c.may_come)
    assert production_of(found)[best].may_come
    sure = measured({**replies, DEVICE_DATA: ABSENT}, has_meter=False)
    assert not any(c.may_come for c in production_of(sure))


def boundary(found: Measurements) -> dict[str, tuple[float, float | None]]:
    return {
        s: (c.sample.energy_wh, c.sample.power_w)
        for s, c in boundary_samples(found, NOW)
        if c.sample
    }


def metered(*devices, delivered_wh: float = 5000.0) -> Measurements:
    return measured(
        {
            METERS: [meter("production"), meter("net-consumption")],
            READINGS: [
                reading("production", delivered_wh, 1, 5),
                reading("net-consumption", 9000, 800, 6),
            ],
            DEVICE_DATA: device_data(*devices),
        }
    )


QUARTER = NOW - timedelta(minutes=15)


def test_boundary_counters_are_the_sum_of_the_phases_in_use():
    found = metered(
        record_device("EIM1", (2000, 0), (2500, 0), end=QUARTER),
        record_device("EIM2", (4000, 300), (4900, 400), (7, 7), end=QUARTER),
    )
    assert boundary(found) == {
        "production": (4500, 500),
        "grid_import": (8900, None),
        "grid_export": (700, None),
    }
    assert {c.sample.read_at for _, c in boundary_samples(found, NOW) if c.sample} == {QUARTER}


@pytest.mark.parametrize(
    "device",
    [
        record_device("EIM1", (2000, 0), (2500, 0), end=NOW - timedelta(seconds=1801)),
        record_device("EIM1", (2000, 0), (2500, 0), end=NOW - timedelta(seconds=601), period_s=300),
        record_device("EIM1", (2000, 0), end=QUARTER),
        record_device("EIM1", (3000, 0), (2003, 0), end=QUARTER),
        record_device("EIM2", (2000, 0), end=QUARTER),
    ],
    ids=["stale", "stale for its period", "a phase lacks", "ahead of the meter", "other meter"],
)
def test_a_boundary_counter_that_does_not_fit_is_none(device):
    assert "production" not in boundary(metered(device))


def test_phases_that_end_apart_are_no_boundary():
    device = record_device("EIM1", (2000, 0), (2500, 0), end=QUARTER)
    device["channels"][1]["lastReading"]["endDate"] -= 900
    assert boundary(metered(device)) == {}


def test_readings_carry_the_gateways_time_and_ours():
    found = measured({METERS: [meter("production")], READINGS: [reading("production", 10, 1, 5)]})
    (candidate,) = [c for c in production_of(found) if c.sample]
    assert candidate.sample is not None
    assert (candidate.sample.read_at, candidate.sample.polled_at) == (READ_AT, NOW)
