"""The counters of a modelled site agree with its power, with each other and with the truth."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.simulators.envoy import (
    KINDS,
    EnvoySimulator,
    PowerCurve,
    Site,
    constant_curve,
    hardware,
    modelled_curve,
)
from energy_pipeline.simulators.envoy.curve import Energy
from energy_pipeline_tests.simulators.envoy.conftest import NOON, START, plain_client, usual_site

HOUR = timedelta(hours=1)
METERS = {"production": 704643328, "net-consumption": 704643584, "storage": 704643840}


def by_eid(ask: httpx.Client) -> dict[int, dict]:
    return {each["eid"]: each for each in ask.get("/ivp/meters/readings").json()}


def entries(ask: httpx.Client, query: str = "") -> dict[str, dict]:
    told = ask.get(f"/production.json{query}").json()
    listed = [*told["production"], *told["consumption"]]
    return {each.get("measurementType", "inverters"): each for each in listed}


powers = st.lists(st.floats(0, 5000), min_size=12, max_size=12).map(np.array)


@given(powers, powers, st.lists(st.floats(-3000, 3000), min_size=12, max_size=12), st.booleans())
def test_counters_are_the_integral_of_power(pv_w, load_w, battery_w, three_phases):
    """For any curve: Dlvd and Rcvd of each phase hold exactly what flowed each way."""
    curve = PowerCurve(0, 900, pv_w, load_w, np.array(battery_w))
    kind = "three_phase" if three_phases else "battery"
    gateway = hardware(kind, openings_wh=(0.0, 0.0))
    site = Site(gateway, curve)
    phases = gateway.phases
    production_w = np.where(pv_w > 0, pv_w, -4.0) / phases
    shares = {2: (0.56, 0.44), 3: (0.61, 0.27, 0.12)}[phases]
    imported_wh = exported_wh = 0.0
    for share in shares:
        net_w = share * load_w - production_w - np.array(battery_w) / phases
        imported_wh += float(np.maximum(net_w, 0).sum()) / 4
        exported_wh += float(np.maximum(-net_w, 0).sum()) / 4
    counted = site.meters.channels("net-consumption", 12 * 900)
    assert sum(each.delivered_wh for each in counted) == pytest.approx(imported_wh, abs=0.01)
    assert sum(each.received_wh for each in counted) == pytest.approx(exported_wh, abs=0.01)


@given(powers, powers, st.integers(0, 10_800), st.integers(1, 10_800))
def test_consumption_is_the_balance_of_the_other_streams(pv_w, load_w, begin_s, length_s):
    curve = PowerCurve(0, 900, pv_w, load_w, np.full(12, 250.0))
    site = Site(hardware("battery"), curve)
    start = datetime.fromtimestamp(begin_s, UTC)
    end = start + timedelta(seconds=length_s)
    flows = {
        stream: site.truth_wh(stream, start, end)
        for stream in site.streams()
        if stream != "consumption"
    }
    balance_wh = (
        flows["production"]
        + flows["grid_import"]
        - flows["grid_export"]
        + flows["battery_discharge"]
        - flows["battery_charge"]
    )
    assert site.truth_wh("consumption", start, end) == pytest.approx(balance_wh, abs=0.001)


def test_hours_of_the_counters_are_the_true_hours(simulator, clock, ask):
    told = []
    hours = [START + timedelta(hours=n) for n in range(25)]
    for hour in hours:
        clock.set(hour)
        told.append(by_eid(ask))
    for begin, hour in enumerate(hours[:-1]):
        for ct, member, stream in [
            ("production", "actEnergyDlvd", "production"),
            ("net-consumption", "actEnergyDlvd", "grid_import"),
            ("net-consumption", "actEnergyRcvd", "grid_export"),
        ]:
            eid = METERS[ct]
            counted_wh = told[begin + 1][eid][member] - told[begin][eid][member]
            true_wh = simulator.truth_wh(stream, hour, hour + HOUR)
            assert counted_wh == pytest.approx(true_wh, abs=0.004)


def test_a_step_across_the_hour_makes_straight_lines_exact():
    start = datetime(2026, 6, 10, 0, 7, 30, tzinfo=UTC)
    energy = Energy(curve := modelled_curve(start, 1, step_s=900), curve.pv_w)
    noon_s = datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()
    before, after = energy.at(noon_s - 200), energy.at(noon_s + 100)
    assert before + (after - before) * 2 / 3 == pytest.approx(energy.at(noon_s), abs=1e-6)


def test_the_same_house_has_the_same_power_whenever_it_starts():
    long = modelled_curve(START, 3)
    short = modelled_curve(START + timedelta(days=1), 1)
    assert (long.pv_w[288:576] == short.pv_w).all()
    assert (long.load_w[288:576] == short.load_w).all()


def test_production_json_shows_the_meters_and_their_balance(ask):
    told, meters = entries(ask, "?details=1"), by_eid(ask)
    produced, net = meters[METERS["production"]], meters[METERS["net-consumption"]]
    assert told["production"]["whLifetime"] == produced["actEnergyDlvd"]
    assert told["net-consumption"]["whLifetime"] == pytest.approx(
        net["actEnergyDlvd"] - net["actEnergyRcvd"], abs=0.01
    )
    total = told["total-consumption"]
    for member in ("wNow", "whLifetime"):
        both = told["production"][member] + told["net-consumption"][member]
        assert total[member] == pytest.approx(both, abs=0.002)
    for entry in (told["production"], total, told["net-consumption"]):
        assert entry["activeCount"] == 1
        assert entry["readingTime"] == int(NOON.timestamp())
        assert len(entry["lines"]) == 3
        assert sum(line["wNow"] for line in entry["lines"]) == pytest.approx(
            entry["wNow"], abs=0.01
        )


def test_lines_come_only_when_details_are_asked_for(ask):
    assert "lines" not in entries(ask)["production"]
    assert "lines" not in ask.get("/production").json()["production"][1]


def test_unused_channels_hold_noise_that_the_sum_leaves_out(clock, serve):
    simulator = EnvoySimulator(usual_site("full_ct"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        net = by_eid(ask)[METERS["net-consumption"]]
    assert net["actEnergyDlvd"] == net["channels"][0]["actEnergyDlvd"]
    assert sum(each["actEnergyRcvd"] for each in net["channels"]) > 2 * net["actEnergyRcvd"]


def test_phases_are_not_netted_against_each_other(simulator):
    """The sun is even on three phases and the load is not: some hour flows both ways."""
    both = [
        simulator.truth_wh("grid_import", hour, hour + HOUR) > 10
        and simulator.truth_wh("grid_export", hour, hour + HOUR) > 10
        for hour in (NOON + timedelta(hours=n) for n in range(10))
    ]
    assert any(both)


def test_stored_intervals_are_the_counters_at_the_quarter(clock, ask):
    v1 = ask.get("/api/v1/production").json()
    devices = ask.get("/ivp/pdm/device_data").json()
    quarter = NOON.replace(minute=30, second=0)
    clock.set(quarter)
    meters = by_eid(ask)
    stored = devices[str(METERS["production"])]
    assert stored["sn"].endswith("EIM1")
    phases = [channel["lastReading"] for channel in stored["channels"] if channel["lastReading"]]
    assert {phase["endDate"] for phase in phases} == {int(quarter.timestamp())}
    counted = meters[METERS["production"]]["channels"]
    assert [phase["wh_pos"] for phase in phases] == [int(each["actEnergyDlvd"]) for each in counted]
    assert v1["wattHoursLifetime"] == sum(phase["wh_dlvd_cum"] for phase in phases)
    net = devices[str(METERS["net-consumption"])]["channels"]
    exported = [
        int(each["actEnergyRcvd"]) for each in meters[METERS["net-consumption"]]["channels"]
    ]
    assert [channel["lastReading"]["wh_neg"] for channel in net] == exported


def test_today_counts_from_local_midnight_in_whole_watt_hours(clock, ask):
    lifetime = entries(ask)["production"]["whLifetime"]
    today = entries(ask)["production"]["whToday"]
    clock.set(datetime(2026, 6, 10, 22, 0, tzinfo=UTC))  # midnight in Amsterdam
    midnight = entries(ask)["production"]["whLifetime"]
    assert today == pytest.approx(lifetime - int(midnight), abs=0.001)


def test_inverters_report_staggered_and_agree_everywhere(ask):
    listed = ask.get("/api/v1/production/inverters").json()
    devices = ask.get("/ivp/pdm/device_data").json()
    told = entries_of_inverters(ask)
    pcus = [
        each for each in devices.values() if isinstance(each, dict) and each["devName"] == "pcu"
    ]
    ends = {each["lastReportDate"] for each in listed}
    assert len(ends) == len(listed) == told["activeCount"] == len(pcus) == 12
    assert max(ends) - min(ends) < 900
    assert told["readingTime"] == max(ends) <= NOON.timestamp()
    joules = [each["channels"][0]["lifetime"]["joulesProduced"] for each in pcus]
    assert told["whLifetime"] == sum(joules) // 3600
    assert told["wNow"] == sum(each["lastReportWatts"] for each in listed)
    (first, *_) = pcus
    period = first["channels"][0]["lastReading"]
    mean_w = period["joulesProduced"] / period["duration"]
    assert first["channels"][0]["watts"]["now"] == round(mean_w)


def entries_of_inverters(ask: httpx.Client) -> dict:
    return ask.get("/production.json").json()["production"][0]


def test_lifetime_of_the_inverters_grows_by_their_reports(simulator, clock, ask):
    before = pcu_joules(ask)
    clock.advance(simulator.hardware.inverter_period_s)
    after, devices = pcu_joules(ask), ask.get("/ivp/pdm/device_data").json()
    for serial, joules in after.items():
        period = next(
            each["channels"][0]["lastReading"]["joulesProduced"]
            for each in devices.values()
            if isinstance(each, dict) and each["sn"] == serial
        )
        assert joules - before[serial] == period > 0


def pcu_joules(ask: httpx.Client) -> dict[str, int]:
    devices = ask.get("/ivp/pdm/device_data").json()
    return {
        each["sn"]: each["channels"][0]["lifetime"]["joulesProduced"]
        for each in devices.values()
        if isinstance(each, dict) and each["devName"] == "pcu"
    }


def test_at_night_the_inverters_are_silent_and_take_a_little(clock, ask):
    evening = entries_of_inverters(ask)["whLifetime"]
    clock.set(datetime(2026, 6, 12, 0, 30, tzinfo=UTC))
    told = entries_of_inverters(ask)
    assert (told["readingTime"], told["wNow"]) == (0, 0)
    assert told["whLifetime"] > evening
    dates = {each["lastReportDate"] for each in ask.get("/api/v1/production/inverters").json()}
    assert max(dates) < clock.now().timestamp() - 3 * 3600
    assert entries(ask)["production"]["wNow"] == pytest.approx(-4, abs=0.01)
    before = by_eid(ask)[METERS["production"]]
    clock.advance(3600)
    after = by_eid(ask)[METERS["production"]]
    assert after["actEnergyDlvd"] == before["actEnergyDlvd"]
    assert after["actEnergyRcvd"] - before["actEnergyRcvd"] == pytest.approx(4, abs=0.01)


def test_after_dusk_the_inverters_have_reported_all_light():
    """Also the last minutes, which end inside a period."""
    curve = constant_curve(START, 1.1, pv_w=3600)
    site = Site(hardware("non_metered", inverter_opening_wh=0), curve)
    evening = (START + timedelta(hours=3)).timestamp()
    joules = [
        each.lifetime_j - 3_600_000 * n for n, each in enumerate(site.inverters.reports(evening))
    ]
    assert len(joules) == 24
    assert sum(joules) / 3600 == pytest.approx(1.1 * 3600, abs=0.01)
    assert site.truth_wh("production", START, NOON) == pytest.approx(1.1 * 3600)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_measured_has_no_truth(kind):
    site = usual_site(kind)
    measured = {
        "non_metered": {"production"},
        "no_ct": {"production"},
        "production_only": {"production"},
        "load_only": {"production", "consumption"},
        "battery": {
            "production",
            "consumption",
            "grid_import",
            "grid_export",
            "battery_charge",
            "battery_discharge",
        },
    }.get(kind, {"production", "consumption", "grid_import", "grid_export"})
    assert set(site.streams()) == measured
    missing = {"battery_charge", "grid_import"} - measured
    for stream in missing:
        with pytest.raises(ValueError, match="allowed: production"):
            site.truth_wh(stream, START, NOON)


def test_live_data_is_the_exact_balance_once_the_stream_is_on(clock, serve):
    simulator = EnvoySimulator(usual_site("battery"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        before = ask.get("/ivp/livedata/status").json()
        switched = ask.post("/ivp/livedata/stream", json={"enable": 1})
        now = (told := ask.get("/ivp/livedata/status")).json()
        storage = by_eid(ask)[METERS["storage"]]["activePower"]
        clock.advance(16 * 60)
        later = ask.get("/ivp/livedata/status").json()
        wrong = ask.post("/ivp/livedata/stream", content=b"enable")
    assert "info" in before
    assert before["meters"]["last_update"] == int(START.timestamp())
    assert switched.json() == {"sc_stream": "enabled"}
    meters = now["meters"]
    assert meters["last_update"] == int(NOON.timestamp())
    power = {name: meters[name]["agg_p_mw"] for name in ("pv", "storage", "grid", "load")}
    assert power["load"] == power["pv"] + power["storage"] + power["grid"]
    assert power["storage"] == round(storage * 1000)
    assert later["connection"]["sc_stream"] == "disabled"
    assert later["meters"]["last_update"] == int(NOON.timestamp()) + 15 * 60
    assert wrong.status_code == 400
    contacts = dict(json.loads(told.text, object_pairs_hook=list))["dry_contacts"]
    assert [name for name, _ in contacts] == [""] * 4


def test_constant_power_gives_round_counters():
    curve = constant_curve(START, 24, pv_w=3600, load_w=600)
    site = Site(hardware("full_ct"), curve)
    assert site.truth_wh("production", START, START + HOUR) == pytest.approx(3600)
    assert site.truth_wh("grid_export", START, START + 2 * HOUR) == pytest.approx(6000)
    assert site.truth_wh("production", START, START + 48 * HOUR) == pytest.approx(24 * 3600)


def test_hardware_and_curves_that_cannot_be():
    with pytest.raises(ValueError, match="letters and digits"):
        hardware("full_ct", serial="envoy-1")
    with pytest.raises(ValueError, match="phases: found 4"):
        hardware("full_ct", phases=4)
    with pytest.raises(ValueError, match="either of the net or of the load"):
        hardware("full_ct", cts=("net-consumption", "total-consumption"))
    with pytest.raises(ValueError, match="one length"):
        PowerCurve(0, 60, np.ones(2), np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="negative power"):
        PowerCurve(0, 60, -np.ones(2), np.ones(2), np.ones(2))
