"""Each fault of the counters, as a client sees it; the truth stays what it was."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from energy_pipeline.simulators.envoy import (
    ClockJump,
    EnvoySimulator,
    Faults,
    Glitch,
    Jump,
    Reset,
    Switches,
    hardware,
    usual_switches,
)
from energy_pipeline_tests.simulators.envoy.conftest import (
    NOON,
    modelled_site,
    plain_client,
    usual_site,
)

WRAP_WH = 2**32 / 3600
PRODUCTION, STORAGE = 704643328, 704643840
MINUTE = timedelta(minutes=1)


def reading(ask: httpx.Client, eid: int = PRODUCTION) -> dict:
    return next(each for each in ask.get("/ivp/meters/readings").json() if each["eid"] == eid)


def production(ask: httpx.Client, number: int = 1) -> dict:
    return ask.get("/production.json").json()["production"][number]


def test_a_reset_begins_again_at_zero_and_again(simulator, clock, ask):
    simulator.faults = Faults(
        resets=(
            Reset(NOON - 60 * MINUTE, "production"),
            Reset(NOON - 10 * MINUTE, "production"),
        )
    )
    true_wh = simulator.truth_wh("production", NOON - 10 * MINUTE, NOON)
    assert reading(ask)["actEnergyDlvd"] == pytest.approx(true_wh, abs=0.01)
    assert production(ask)["whLifetime"] == pytest.approx(true_wh, abs=0.01)
    clock.advance(-11 * 60)
    true_wh = simulator.truth_wh("production", NOON - 60 * MINUTE, NOON - 11 * MINUTE)
    assert reading(ask)["actEnergyDlvd"] == pytest.approx(true_wh, abs=0.01)
    clock.advance(-3600)
    assert reading(ask)["actEnergyDlvd"] > 2_500_000


def test_a_reset_of_the_inverters(simulator, ask):
    before = production(ask, 0)["whLifetime"]
    simulator.faults = Faults(resets=(Reset(NOON - 60 * MINUTE, "inverters"),))
    after = production(ask, 0)["whLifetime"]
    assert 0 < after < 5000 < before


def test_a_jump_adds_energy_of_nobody(simulator, clock, ask):
    before = reading(ask)["actEnergyDlvd"]
    simulator.faults = Faults(jumps=(Jump(NOON + MINUTE, "production", WRAP_WH),))
    assert reading(ask)["actEnergyDlvd"] == before
    clock.advance(60)
    true_wh = simulator.truth_wh("production", NOON, NOON + MINUTE)
    moved_wh = reading(ask)["actEnergyDlvd"] - before - true_wh
    assert moved_wh == pytest.approx(WRAP_WH, abs=0.01)


@pytest.mark.parametrize(("wrap", "wraps"), [("none", 0), ("whole_sum", 16), ("per_inverter", 12)])
def test_wraps_take_multiples_of_two_to_the_32_joules(wrap, wraps, clock, serve):
    site = modelled_site(hardware("no_ct", inverters=12, inverter_opening_wh=1_650_000))
    simulator = EnvoySimulator(site, clock, switches=Switches(wrap=wrap, has_device_data=True))
    with plain_client(serve(simulator), simulator.token()) as ask:
        told = production(ask, 0)["whLifetime"]
        devices = ask.get("/ivp/pdm/device_data").json()
        v1 = ask.get("/api/v1/production").json()["wattHoursLifetime"]
    joules = [
        each["channels"][0]["lifetime"]["joulesProduced"]
        for each in devices.values()
        if isinstance(each, dict)
    ]
    assert min(joules) > 2**32
    assert sum(joules) / 3600 - told == pytest.approx(wraps * WRAP_WH, abs=2)
    assert v1 == pytest.approx(sum(joules) / 3600, abs=2)


def test_an_inverter_wraps_on_its_day(clock, serve):
    """One inverter reaches 2^32 J between two polls: the sum steps down by one wrap."""
    opening_wh = int(WRAP_WH) - 15_000
    gateway = hardware("no_ct", inverters=2, inverter_opening_wh=opening_wh)
    simulator = EnvoySimulator(modelled_site(gateway), clock)
    assert simulator.switches.wrap == "per_inverter"
    told = []
    with plain_client(serve(simulator), simulator.token()) as ask:
        for _ in range(24):
            clock.advance(1800)
            told.append(production(ask, 0)["whLifetime"])
    steps = [later - earlier for earlier, later in pairwise(told)]
    falls = [step for step in steps if step < 0]
    assert falls
    assert all(fall == pytest.approx(-WRAP_WH, abs=3000) for fall in falls)


def test_zeros_after_a_restart(simulator, clock, ask):
    simulator.faults = Faults(glitches=(Glitch(NOON, NOON + 5 * MINUTE, "zeros"),))
    zero = reading(ask)
    assert (zero["actEnergyDlvd"], zero["activePower"]) == (0, 0)
    assert zero["timestamp"] == int(NOON.timestamp())
    assert production(ask)["whLifetime"] == 0
    assert production(ask, 0)["whLifetime"] == 0
    clock.advance(300)
    assert reading(ask)["actEnergyDlvd"] > 2_500_000


def test_inactive_meter_shows_other_numbers(simulator, clock, ask):
    simulator.faults = Faults(glitches=(Glitch(NOON, NOON + MINUTE),))
    told = production(ask)
    assert told["activeCount"] == 0
    assert told["whLifetime"] == production(ask, 0)["whLifetime"]
    assert reading(ask)["actEnergyDlvd"] > 2_500_000
    clock.advance(60)
    assert production(ask)["activeCount"] == 1


def test_one_phase_of_the_battery_is_zero(clock, serve):
    simulator = EnvoySimulator(usual_site("battery"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        before = reading(ask, STORAGE)
        glitch = Glitch(NOON, NOON + MINUTE, "storage_zero_phase")
        simulator.faults = Faults(glitches=(glitch,))
        after = reading(ask, STORAGE)
    assert after["channels"][0]["actEnergyDlvd"] == 0
    assert after["actEnergyDlvd"] == after["channels"][1]["actEnergyDlvd"]
    assert after["actEnergyDlvd"] == pytest.approx(before["actEnergyDlvd"] / 2, abs=0.01)


def test_stale_readings_keep_time_and_value(simulator, clock, ask):
    simulator.faults = Faults(stale_from=NOON)
    before, inverters = reading(ask), ask.get("/api/v1/production/inverters").json()
    clock.advance(3600)
    assert reading(ask) == before
    assert ask.get("/api/v1/production/inverters").json() == inverters


def test_stale_interval_store(simulator, clock, ask):
    simulator.faults = Faults(store_stale_from=NOON)
    before = ask.get("/api/v1/production").json()
    live = reading(ask)["actEnergyDlvd"]
    clock.advance(3600)
    after = ask.get("/api/v1/production").json()
    assert after["wattHoursLifetime"] == before["wattHoursLifetime"]
    devices = ask.get("/ivp/pdm/device_data").json()
    stored = devices[str(PRODUCTION)]["channels"][0]["lastReading"]
    assert stored["endDate"] == int(NOON.replace(minute=30, second=0).timestamp())
    assert reading(ask)["actEnergyDlvd"] > live


def test_the_gateways_clock_jumps_and_the_energy_does_not(simulator, clock, ask):
    simulator.faults = Faults(
        clock_jumps=(ClockJump(NOON + MINUTE, -600), ClockJump(NOON + 2 * MINUTE, 3600))
    )
    times, counters = [], []
    for _ in range(3):
        told = reading(ask)
        times.append(told["timestamp"] - int(NOON.timestamp()))
        counters.append(told["actEnergyDlvd"])
        info = ask.get("/info")
        assert f"<time>{told['timestamp']}</time>" in info.text
        clock.advance(60)
    assert times == [0, 60 - 600, 120 + 3000]
    true_wh = simulator.truth_wh("production", NOON, NOON + 2 * MINUTE)
    assert counters[2] - counters[0] == pytest.approx(true_wh, abs=0.004)


def test_reports_before_a_clock_jump_keep_their_time(simulator, clock, ask):
    simulator.faults = Faults(clock_jumps=(ClockJump(NOON, 7200),))
    before = {each["lastReportDate"] for each in ask.get("/api/v1/production/inverters").json()}
    clock.advance(300)
    after = {each["lastReportDate"] for each in ask.get("/api/v1/production/inverters").json()}
    assert max(before) <= NOON.timestamp()
    assert min(after) > NOON.timestamp() + 7200


def test_date_header_is_the_gateways_clock(simulator, ask):
    simulator.faults = Faults(clock_jumps=(ClockJump(NOON, 3600),))
    assert ask.get("/info").headers["date"] == "Thu, 11 Jun 2026 12:33:21 GMT"


def test_timestamps_that_were_never_set(simulator, ask):
    simulator.faults = Faults(zero_timestamps=True)
    assert reading(ask)["timestamp"] == 0


def test_removed_inverters_are_listed_empty(simulator, ask):
    before = production(ask, 0)
    simulator.faults = Faults(removed_inverters=2)
    after = production(ask, 0)
    assert (before["activeCount"], after["activeCount"]) == (12, 10)
    assert after["whLifetime"] < before["whLifetime"]
    devices = [each for each in ask.get("/ivp/pdm/device_data").json().values()]
    gone = [each for each in devices if isinstance(each, dict) and not each["active"]]
    assert len(gone) == 2
    assert all(each["channels"][0]["lifetime"] == {} for each in gone)
    (pcus, *_) = ask.get("/inventory.json").json()
    (all_pcus, *_) = ask.get("/inventory.json?deleted=1").json()
    assert (len(pcus["devices"]), len(all_pcus["devices"])) == (10, 12)
    assert all(isinstance(each["last_rpt_date"], str) for each in pcus["devices"])


def test_device_data_lists_fifty_at_most(clock, serve):
    site = modelled_site(hardware("full_ct", inverters=60))
    simulator = EnvoySimulator(site, clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        devices = ask.get("/ivp/pdm/device_data").json()
        inverters = ask.get("/api/v1/production/inverters").json()
    assert (devices["deviceCount"], devices["deviceDataLimit"], len(devices)) == (50, 50, 52)
    assert len(inverters) == 60


@pytest.mark.parametrize(
    ("v1", "lifetimes"), [("zero", {0}), ("frozen", {1583}), ("interval", None)]
)
def test_ways_of_the_old_production_path(v1, lifetimes, simulator, clock, ask):
    simulator.switches = Switches(v1=v1)
    told = set()
    for _ in range(3):
        told.add(ask.get("/api/v1/production").json()["wattHoursLifetime"])
        clock.advance(3600)
    assert told == lifetimes if lifetimes else len(told) == 3


@pytest.mark.parametrize("today", ["lifetime", "frozen"])
def test_wrong_todays(today, simulator, ask):
    simulator.switches = Switches(today=today)
    told = production(ask)
    expected = told["whLifetime"] if today == "lifetime" else told["whLifetime"] - 4321
    assert told["whToday"] == pytest.approx(expected, abs=0.001)


def test_a_baseline_of_today_that_is_taken_late(simulator, clock, ask):
    simulator.switches = Switches(today="late")
    clock.set(datetime(2026, 6, 11, 22, 30, tzinfo=UTC))  # 00:30 at the gateway
    assert production(ask)["whToday"] > 10_000
    clock.advance(3600)
    assert abs(production(ask)["whToday"]) < 20


def test_meters_show_no_power_while_the_house_is_an_island(clock, serve):
    simulator = EnvoySimulator(usual_site("battery"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        before = reading(ask)
        ask.post("/ivp/livedata/stream", json={"enable": 1})
        assert ask.get("/ivp/livedata/status").json()["meters"]["main_relay_state"] == 1
        simulator.faults = Faults(glitches=(Glitch(NOON, NOON + 10 * MINUTE, "islanded"),))
        during = ask.get("/ivp/meters/readings").json()
        assert {each["activePower"] for each in during} == {0}
        assert reading(ask)["actEnergyDlvd"] == before["actEnergyDlvd"]
        assert ask.get("/ivp/livedata/status").json()["meters"]["main_relay_state"] == 0
    assert before["activePower"] != 0


def test_total_consumption_overwritten_by_net(clock, serve):
    simulator = EnvoySimulator(usual_site("load_only"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        total, net = ask.get("/production.json").json()["consumption"]
        simulator.switches = Switches(total_is_net=False)
        true_total, _ = ask.get("/production.json").json()["consumption"]
    assert (total["wNow"], total["whLifetime"]) == (net["wNow"], net["whLifetime"])
    assert true_total["wNow"] > total["wNow"]


def test_members_that_a_gateway_leaves_out(simulator, ask):
    simulator.switches = Switches(without_members=frozenset({"whLifetime", "freq"}))
    assert "whLifetime" not in production(ask)
    assert "freq" not in reading(ask)["channels"][0]
    assert "actEnergyDlvd" in reading(ask)


def test_spare_meters_are_listed_and_never_read(clock, serve):
    simulator = EnvoySimulator(usual_site("production_only"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        meters = ask.get("/ivp/meters").json()
        readings = {each["eid"]: each for each in ask.get("/ivp/meters/readings").json()}
    enabled = [each["measurementType"] for each in meters if each["state"] == "enabled"]
    assert enabled == ["production"]
    assert len(meters) == 7
    assert set(readings) - {each["eid"] for each in meters} == {1023410688}
    assert readings[1023410688]["timestamp"] == 0


def test_usual_ways_follow_the_firmware():
    def ways(kind, software):
        return usual_switches(hardware(kind, software=software))

    assert ways("no_ct", "D7.6.175").v1 == "zero"
    assert ways("no_ct", "D8.2.4264").v1 == "frozen"
    assert ways("non_metered", "D8.3.5422").v1 == "zero"
    assert ways("full_ct", "D7.6.175").wrap == "whole_sum"
    assert not ways("full_ct", "D8.2.4286").has_device_data
    assert ways("full_ct", "D8.3.5433").today == "lifetime"
    assert not ways("full_ct", "D8.3.5433").total_is_net
    assert ways("load_only", "D8.3.5433").total_is_net


def test_firmware_update_while_it_runs(simulator, clock, ask):
    """An update is a restart with other switches; the counters go on."""
    before = production(ask)["whLifetime"]
    assert simulator.switches.today == "midnight"
    simulator.update_firmware("D8.3.5433")
    assert "<software>D8.3.5433</software>" in ask.get("/info").text
    clock.set(datetime(2026, 6, 11, 12, tzinfo=UTC))
    after = production(ask)
    assert after["whLifetime"] > before
    assert after["whToday"] == after["whLifetime"]
