"""Polls over HTTPS: every kind of gateway, captures of real ones, faults, and many at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.errors import AccessRefused, ServiceUnavailable, StoreError
from energy_pipeline.schema import ENVOY_INVERTERS, ENVOY_READINGS, conform
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    KINDS,
    Account,
    CaptureBackend,
    ClockJump,
    EnvoySimulator,
    Faults,
    Kind,
    LoginSimulator,
    Outage,
    Reset,
    ServedGateway,
    TokenAuthority,
)
from energy_pipeline.simulators.envoy.switches import Switches
from energy_pipeline.simulators.server import serve as serve_app
from energy_pipeline.sources.envoy.choice import Choice
from energy_pipeline.sources.envoy.choices import Choices
from energy_pipeline.sources.envoy.counters import (
    LEGACY_INVERTER_SUM,
    WRAPPING_INVERTER_SUM,
    counter_kind,
)
from energy_pipeline.sources.envoy.fleet import FailedGateway, Fleet
from energy_pipeline.sources.envoy.inverters import InverterReport
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.poll import GatewayPoll, poll_gateways
from energy_pipeline.sources.envoy.remarks import remarks
from energy_pipeline.sources.envoy.replies import Document
from energy_pipeline.sources.envoy.rows import inverter_rows
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.simulators.envoy.conftest import NOON
from energy_pipeline_tests.simulators.envoy.test_pyenphase import read
from energy_pipeline_tests.sources.envoy.captures import (
    BOUNDARIES,
    PRODUCTION_CT,
    STREAMS,
    figures,
    instant,
)
from energy_pipeline_tests.sources.envoy.conftest import SERIAL, Bench, Serve, gateway_site

Simulated = Callable[..., EnvoySimulator]
METER_STREAMS: dict[Kind, set[str]] = {
    "non_metered": set(),
    "production_only": {"production"},
    "full_ct": {"production", "grid_import", "grid_export"},
    "three_phase": {"production", "grid_import", "grid_export"},
    "battery": {
        *("production", "grid_import", "grid_export"),
        *("battery_charge", "battery_discharge"),
    },
    "load_only": {"production", "consumption"},
    "no_ct": set(),
}


def polls(bench: Bench, *gateways: ServedGateway) -> list[GatewayPoll | FailedGateway]:
    return asyncio.run(poll_gateways(bench.fleet(*gateways)))


def poll(bench: Bench, gateway: ServedGateway) -> GatewayPoll:
    (outcome,) = polls(bench, gateway)
    assert isinstance(outcome, GatewayPoll), outcome
    return outcome


def failed(bench: Bench, gateway: ServedGateway) -> Exception:
    (outcome,) = polls(bench, gateway)
    assert isinstance(outcome, FailedGateway), outcome
    assert (outcome.site, outcome.serial) == ("roof-0", SERIAL)
    return outcome.error


def counters(outcome: GatewayPoll) -> dict[str, dict[str, float]]:
    """Energy by stream and counter."""
    found: dict[str, dict[str, float]] = {}
    for row in outcome.readings.to_pylist():
        found.setdefault(row["stream"], {})[row["counter"]] = row["energy_wh"]
    return found


def move(bench: Bench, *gateways: ServedGateway, minutes: float) -> None:
    bench.clock.advance(60 * minutes)
    for gateway in gateways:
        gateway.simulator.clock.advance(60 * minutes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_gateway_shows_what_it_measures(
    bench: Bench, simulated: Simulated, serve: Serve, kind: Kind
):
    gateway = serve(simulated(kind))
    simulator = gateway.simulator
    before = counters(poll(bench, gateway))
    start = simulator.clock.now()
    move(bench, gateway, minutes=90)
    outcome = poll(bench, gateway)
    after, end = counters(outcome), simulator.clock.now()
    by_meter = {
        stream
        for stream, of in after.items()
        if any(counter_kind(counter) == "meter" for counter in of)
    }
    assert by_meter == METER_STREAMS[kind]
    assert set(after) == METER_STREAMS[kind] | {"production"}
    for stream, of in after.items():
        for counter, energy_wh in of.items():
            if counter_kind(counter) == "meter":
                truth_wh = simulator.truth_wh(stream, start, end)
                assert energy_wh - before[stream][counter] == pytest.approx(truth_wh, abs=0.002)
    assert outcome.inverters.num_rows == simulator.hardware.inverters
    assert outcome.remarks == ()
    assert outcome.clock_ahead_s == 0
    for table, dataset in (
        (outcome.readings, ENVOY_READINGS),
        (outcome.inverters, ENVOY_INVERTERS),
    ):
        assert conform(table, dataset).equals(
            table.sort_by([(key, "ascending") for key in dataset.sort_keys])
        )
        assert set(table["site"].to_pylist()) == {"roof-0"}
        assert set(table["serial"].to_pylist()) == {SERIAL}


OTHERS_READ = ["non_metered", "production_only", "full_ct", "three_phase", "battery"]


@pytest.mark.parametrize("kind", OTHERS_READ)
def test_a_client_of_others_reads_the_same(
    bench: Bench, simulated: Simulated, serve: Serve, kind: Kind
):
    gateway = serve(simulated(kind))
    _, theirs = read(gateway, gateway.simulator.token())
    ours = {
        row["stream"]: (row["energy_wh"], row["power_w"])
        for row in poll(bench, gateway).readings.to_pylist()
        if counter_kind(row["counter"]) != "boundary"
    }
    assert theirs.system_production is not None
    production = theirs.system_production
    assert ours["production"][0] == pytest.approx(production.watt_hours_lifetime, abs=1)
    assert ours["production"][1] == pytest.approx(production.watts_now, abs=1)
    if net := theirs.ctmeter_consumption:
        assert (ours["grid_import"][0], ours["grid_export"][0]) == (
            pytest.approx(net.energy_delivered, abs=1),
            pytest.approx(net.energy_received, abs=1),
        )
        power_w = ours["grid_import"][1] - ours["grid_export"][1]
        assert power_w == pytest.approx(net.active_power, abs=1)
    else:
        assert set(ours) == {"production"}
    assert ("battery_discharge" in ours) == (kind == "battery")
    if kind == "battery":
        storage = theirs.ctmeters["storage"]
        assert (ours["battery_discharge"][0], ours["battery_charge"][0]) == (
            pytest.approx(storage.energy_delivered, abs=1),
            pytest.approx(storage.energy_received, abs=1),
        )
        power_w = ours["battery_discharge"][1] - ours["battery_charge"][1]
        assert power_w == pytest.approx(storage.active_power, abs=1)


def test_polls_go_on_over_a_firmware_update(bench: Bench, simulated: Simulated, serve: Serve):
    gateway = serve(simulated("full_ct"))
    simulator, start = gateway.simulator, gateway.simulator.clock.now()
    before = counters(poll(bench, gateway))
    simulator.faults = Faults(outages=(Outage(start, start + timedelta(minutes=5), "boot"),))
    simulator.update_firmware("D8.3.5433")
    assert isinstance(failed(bench, gateway), ServiceUnavailable)
    move(bench, gateway, minutes=10)
    after = counters(poll(bench, gateway))
    for stream in METER_STREAMS["full_ct"]:
        for counter, energy_wh in before[stream].items():
            if counter_kind(counter) == "meter":
                truth_wh = simulator.truth_wh(stream, start, simulator.clock.now())
                assert after[stream][counter] - energy_wh == pytest.approx(truth_wh, abs=0.002)


NEW = sorted(name for name in STREAMS if name.startswith(("7.", "8.")))


@pytest.mark.parametrize("name", NEW)
def test_a_captured_gateway_is_polled_as_it_was(
    bench: Bench, serve: Serve, authority: TokenAuthority, recordings: Path, name: str
):
    clock = VirtualClock(NOON, fixed=True)
    gateway = serve(
        EnvoySimulator(CaptureBackend(recordings / "envoy" / name), clock, authority=authority)
    )
    outcome = poll(bench, gateway)
    found = {
        (row["stream"], row["counter"]): (row["read_at"], row["energy_wh"], row["power_w"])
        for row in outcome.readings.to_pylist()
    }
    assert found == {
        (stream, counter): (instant(second), energy_wh, power_w)
        for table in (STREAMS, BOUNDARIES)
        for stream, (counter, second, energy_wh, power_w) in table.get(name, {}).items()
    }
    now = figures()[name]["info"][5]
    reporting = [i for i in figures()[name]["inverters"] if now - i[1] <= 86_400]
    rows = {row["inverter"]: row for row in outcome.inverters.to_pylist()}
    assert {i[0]: (instant(i[1]), i[2], i[3]) for i in reporting} == {
        serial: (row["reported_at"], row["power_w"], row["max_power_w"])
        for serial, row in rows.items()
    }
    joules = {i[0]: i[2] / 3600 for i in figures()[name].get("device_inverters", [])}
    assert {serial: row["energy_wh"] for serial, row in rows.items()} == {
        serial: joules.get(serial) for serial in rows
    }


def test_a_meter_with_crossed_wires_is_told(bench: Bench, serve: Serve, recordings: Path):
    backend = CaptureBackend(recordings / "envoy" / "7.3.466_metered_disabled_cts")
    gateway = serve(EnvoySimulator(backend, VirtualClock(NOON, fixed=True)))
    (remark,) = [r for r in poll(bench, gateway).remarks if "meter" in r]
    assert remark == "meter production: the gateway says check-wiring, negative-production"


def test_many_gateways_at_once_and_each_one_gently(
    bench: Bench, simulated: Simulated, serve: Serve
):
    gateways = [serve(simulated(KINDS[n % len(KINDS)], f"1220000000{n:02}")) for n in range(7)]
    outcomes = polls(bench, *gateways)
    assert all(isinstance(outcome, GatewayPoll) for outcome in outcomes)
    assert [outcome.site for outcome in outcomes] == [f"roof-{n}" for n in range(7)]
    assert {gateway.simulator.most_at_once for gateway in gateways} == {1}


def test_a_gateway_that_fails_costs_itself_alone(bench: Bench, simulated: Simulated, serve: Serve):
    good, bad = serve(simulated()), serve(simulated(serial="122000000002"))
    bad.simulator.faults = Faults(other_serial="122000000099")
    first, second = polls(bench, good, bad)
    assert isinstance(first, GatewayPoll)
    assert isinstance(second, FailedGateway)
    assert second.site == "roof-1"


def test_the_nightly_outage_is_a_failure_that_passes(bench: Bench, gateway: ServedGateway):
    night = datetime(2026, 6, 11, 21, 0, 30, tzinfo=UTC)  # 23:00:30 at the gateway
    for clock in (bench.clock, gateway.simulator.clock):
        clock.set(night)
    gateway.simulator.faults = Faults(nightly_outage_s=360)
    error = failed(bench, gateway)
    assert isinstance(error, ServiceUnavailable)
    assert error.is_transient
    move(bench, gateway, minutes=6)
    assert set(counters(poll(bench, gateway))) == METER_STREAMS["full_ct"]


def test_the_boot_phase_is_a_failure_that_passes(bench: Bench, gateway: ServedGateway):
    boot = Outage(NOON, NOON + timedelta(minutes=5), "boot")
    gateway.simulator.faults = Faults(outages=(boot,))
    error = failed(bench, gateway)
    assert isinstance(error, ServiceUnavailable)
    assert "503" in str(error)
    assert not any(request.had_token for request in gateway.simulator.requests)


@pytest.mark.parametrize("failure", ["truncated", "drop", "502"])
def test_a_body_that_breaks_off_is_asked_for_again(
    bench: Bench, gateway: ServedGateway, failure: str
):
    gateway.simulator.faults = Faults(
        next_failures=(failure, failure), only_path="/ivp/meters/readings"
    )
    assert set(counters(poll(bench, gateway))) == METER_STREAMS["full_ct"]


@pytest.mark.parametrize("failure", ["truncated", "html", "empty", "error_json", "404", "503"])
def test_without_readings_there_is_no_energy_and_no_other_counter(
    bench: Bench, gateway: ServedGateway, failure: str
):
    """The overview has the same number, but a poll or two are no reason to change the counter."""
    before = counters(poll(bench, gateway))
    move(bench, gateway, minutes=5)
    gateway.simulator.faults = Faults(failing_paths={"/ivp/meters/readings": failure})
    assert counters(poll(bench, gateway)) == {}
    move(bench, gateway, minutes=5)
    gateway.simulator.faults = Faults()
    after = counters(poll(bench, gateway))
    assert {s: set(of) for s, of in after.items()} == {s: set(of) for s, of in before.items()}


@pytest.mark.parametrize("failure", ["html", "error_json", "401", "404", "empty"])
def test_a_gateway_that_says_nothing_readable_has_failed(
    bench: Bench, gateway: ServedGateway, failure: str
):
    """Its web server takes the token and shows the same page for everything, as while it boots."""
    endpoints = set(Endpoint) - {Endpoint.INFO, Endpoint.CHECK_TOKEN}
    paths = {endpoint.value.partition("?")[0] for endpoint in endpoints}
    gateway.simulator.faults = Faults(failing_paths=dict.fromkeys(paths, failure))
    error = failed(bench, gateway)
    assert isinstance(error, ServiceUnavailable)
    assert "no answer that can be read: /ivp/meters: " in str(error)


def test_a_meter_that_shows_nothing_is_told(bench: Bench, gateway: ServedGateway):
    poll(bench, gateway)
    gateway.simulator.faults = Faults(failing_paths={"/ivp/meters/readings": "html"})
    silent = [remark for remark in poll(bench, gateway).remarks if "shows nothing" in remark]
    assert {remark.partition(":")[0] for remark in silent} == METER_STREAMS["full_ct"]
    gateway.simulator.faults = Faults()
    assert poll(bench, gateway).remarks == ()


def test_a_boundary_counter_stands_beside_its_meters_counter_only(
    bench: Bench, gateway: ServedGateway
):
    kept = "production.json/inverters/whLifetime"
    Choices(bench.state).keep(SERIAL, {"production": Choice(kept)})
    found = counters(poll(bench, gateway))
    assert kept in found["production"]
    assert "ivp/pdm/device_data/EIM1/wh_pos" not in found["production"]
    assert "ivp/pdm/device_data/EIM2/wh_pos" in found["grid_import"]


def test_a_better_counter_is_read_beside_the_kept_one_before_it_takes_its_place(
    bench: Bench, gateway: ServedGateway
):
    """So that the change itself loses nothing."""
    kept, better = (
        "production.json/inverters/whLifetime",
        f"ivp/meters/readings/{PRODUCTION_CT}/actEnergyDlvd",
    )
    Choices(bench.state).keep(SERIAL, {"production": Choice(kept)})
    seen: list[set[str]] = []
    for _ in range(7):
        seen.append(set(counters(poll(bench, gateway))["production"]) & {kept, better})
        move(bench, gateway, minutes=12)
    assert seen == [{kept, better}] * 5 + [{better}] * 2


def test_after_six_hours_the_other_counter_is_taken_and_told(bench: Bench, gateway: ServedGateway):
    (before_wh,) = (
        energy_wh
        for counter, energy_wh in counters(poll(bench, gateway))["production"].items()
        if counter_kind(counter) == "meter"
    )
    gateway.simulator.faults = Faults(failing_paths={"/ivp/meters/readings": "404"})
    for _ in range(7):
        move(bench, gateway, minutes=61)
        outcome = poll(bench, gateway)
    truth_wh = gateway.simulator.truth_wh("production", NOON, gateway.simulator.clock.now())
    expected_wh = pytest.approx(before_wh + truth_wh, abs=0.002)
    assert counters(outcome) == {"production": {"production.json/eim/whLifetime": expected_wh}}
    assert any("production is counted by production.json/eim" in r for r in outcome.remarks)


def test_a_restart_of_the_box_and_a_gateway_that_wants_the_cookie(
    bench: Bench, simulated: Simulated, serve: Serve
):
    simulator = simulated()
    simulator.switches = simulator.switches.changed_by({"cookie_needed_on_ivp": True})
    gateway = serve(simulator)
    poll(bench, gateway)
    simulator.restart()
    assert set(counters(poll(bench, gateway))) == METER_STREAMS["full_ct"]


def test_a_token_that_the_gateway_rejects_is_told(bench: Bench, gateway: ServedGateway):
    gateway.simulator.faults = Faults(rejects_tokens=True)
    error = failed(bench, gateway)
    assert isinstance(error, AccessRefused)
    assert "the token in ROOF_TOKEN is rejected by the gateway" in str(error)


def test_a_clock_that_is_wrong_is_told_and_left_in_the_readings(
    bench: Bench, gateway: ServedGateway
):
    gateway.simulator.faults = Faults(clock_jumps=(ClockJump(NOON - timedelta(hours=1), 90),))
    outcome = poll(bench, gateway)
    assert outcome.clock_ahead_s == 90
    assert "the gateway's clock is 90 s ahead" in outcome.remarks
    at = {r["read_at"] for r in outcome.readings.to_pylist() if "meters" in r["counter"]}
    assert at == {NOON + timedelta(seconds=90)}
    assert set(outcome.readings["polled_at"].to_pylist()) == {NOON}


def test_meters_that_stand_still_are_told(bench: Bench, gateway: ServedGateway):
    gateway.simulator.faults = Faults(stale_from=NOON - timedelta(hours=1))
    remarks = poll(bench, gateway).remarks
    assert "meter production has not been read since 10:33:21 UTC" in remarks


def test_zero_timestamps_are_no_readings(bench: Bench, gateway: ServedGateway):
    gateway.simulator.faults = Faults(zero_timestamps=True)
    assert not any("meters" in row["counter"] for row in poll(bench, gateway).readings.to_pylist())


def test_inverters_that_are_gone_do_not_break_the_poll(bench: Bench, gateway: ServedGateway):
    whole = poll(bench, gateway).inverters.num_rows
    gateway.simulator.faults = Faults(removed_inverters=3)
    assert poll(bench, gateway).inverters.num_rows == whole - 3


def test_inverters_that_have_not_reported_for_a_day_are_told_and_left_out():
    reports = [
        InverterReport("1", NOON - timedelta(days=1), 5.0, 250.0),
        InverterReport("2", NOON - timedelta(days=1, seconds=1), 5.0, 250.0),
        InverterReport("3", NOON, 5.0, 250.0, 1234.5),
    ]
    rows = inverter_rows("roof", SERIAL, reports, gateway_now=NOON, polled_at=NOON).to_pylist()
    assert [(row["inverter"], row["energy_wh"]) for row in rows] == [("1", None), ("3", 1234.5)]
    listed = [
        {"serialNumber": r.inverter, "lastReportDate": int(r.reported_at.timestamp())}
        for r in reports
    ]
    found = Measurements({Endpoint.INVERTERS: Document(listed, NOON)}, has_meter=None)
    assert list(remarks(found, {}, {}, NOON, NOON)) == [
        "1 of 3 inverters have not reported for a day"
    ]


def test_a_reset_counter_is_reported_as_it_is(bench: Bench, gateway: ServedGateway):
    """Whether to believe a counter is decided where counters become hours."""
    before = counters(poll(bench, gateway))["production"]
    gateway.simulator.faults = Faults(resets=(Reset(NOON, "production"),))
    move(bench, gateway, minutes=5)
    after = counters(poll(bench, gateway))["production"]
    name = "ivp/meters/readings/704643328/actEnergyDlvd"
    assert after[name] < before[name]


def test_one_conversation_with_a_gateway_at_a_time(bench: Bench, gateway: ServedGateway):
    with bench.locks.hold(f"envoy/gateway/{SERIAL}"):
        error = failed(bench, gateway)
    assert isinstance(error, StoreError)
    assert "waited 60 s" in str(error)
    assert gateway.simulator.requests == []


def test_the_owners_login_gets_the_token(
    bench: Bench, gateway: ServedGateway, authority: TokenAuthority
):
    account = Account(email="o@example.com", password="horse", serials=frozenset({SERIAL}))
    cloud = LoginSimulator(authority, VirtualClock(NOON, fixed=True), [account])
    with serve_app(cloud.app) as server:
        settings = Settings.model_validate(
            {
                "enphase_email": "o@example.com",
                "enphase_password": "horse",
                "enphase_login_url": server.base_url,
                "enphase_entrez_url": server.base_url,
            }
        )
        for _ in range(2):
            outcomes = asyncio.run(poll_gateways(fleet_of(bench, gateway, settings)))
            assert isinstance(outcomes[0], GatewayPoll), outcomes
        assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"]


def test_without_token_and_login_it_is_said_what_to_do(bench: Bench, gateway: ServedGateway):
    (outcome,) = asyncio.run(poll_gateways(fleet_of(bench, gateway, Settings())))
    assert isinstance(outcome, FailedGateway)
    assert "set ENPHASE_EMAIL and ENPHASE_PASSWORD" in str(outcome.error)


def fleet_of(bench: Bench, gateway: ServedGateway, settings: Settings) -> Fleet:
    sites = [gateway_site("roof-0", gateway)]
    return Fleet(sites, {}, settings, bench.state, bench.locks, bench.clock, Random(7))


def test_an_older_overview_that_stands_still_is_no_counter(
    bench: Bench, simulated: Simulated, serve: Serve
):
    gateway = serve(simulated("non_metered"))
    gateway.simulator.switches = Switches(v1="frozen")
    assert list(counters(poll(bench, gateway))["production"]) == [LEGACY_INVERTER_SUM]
    move(bench, gateway, minutes=30)
    assert counters(poll(bench, gateway)) == {}
    move(bench, gateway, minutes=6 * 60)
    assert list(counters(poll(bench, gateway))["production"]) == [WRAPPING_INVERTER_SUM]
