from dataclasses import replace
from datetime import UTC, datetime

import pytest

from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import ask as ask_v2
from energy_pipeline_tests.simulators.enlighten.asking import house, simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import ask, battery_house, ends, refused

DEVICES = "/systems/67/devices"
RETRIEVE = "/systems/retrieve_system_id"
INVERTERS = "/systems/inverters_summary_by_envoy_or_site"
LATEST = "/systems/67/latest_telemetry"
COMMON = {
    "id",
    "last_report_at",
    "name",
    "serial_number",
    "part_number",
    "sku",
    "model",
    "status",
    "active",
    "product_name",
}
LABELLED = {"feoc_compliant", "dom_compliant"}


def test_devices_come_by_type_and_are_counted():
    body = ask(simulator(battery_house()), DEVICES).json()
    found = body["devices"]
    assert {kind: len(rows) for kind, rows in found.items()} == {
        "micros": 16,
        "meters": 3,
        "gateways": 1,
        "encharges": 1,
    }
    assert (body["total_devices"], body["items"]) == (21, "devices")
    extra = {
        "micros": LABELLED,
        "meters": {"state", "config_type", "config_phase"},
        "gateways": {"emu_sw_version"},
        "encharges": LABELLED,
    }
    for kind, rows in found.items():
        assert all(set(row) == COMMON | extra[kind] for row in rows)
    identities = [row["id"] for rows in found.values() for row in rows]
    assert len(set(identities)) == 21
    assert [meter["config_type"] for meter in found["meters"]] == ["Production", "Net", "Total"]
    assert found["meters"][0]["sku"] is None


@pytest.mark.parametrize(
    ("measured_by", "kinds", "uses"),
    [
        ("micro", {"micros", "meters", "gateways"}, ["consumption"]),
        ("meter", {"meters", "gateways"}, ["production", "consumption"]),
    ],
)
def test_a_type_without_devices_is_left_out(measured_by, kinds, uses):
    found = ask(simulator(house(measured_by=measured_by)), DEVICES).json()["devices"]
    assert set(found) == kinds
    assert [meter["name"] for meter in found["meters"]] == uses


def test_a_cellular_gateway_has_a_modem():
    sim = simulator(replace(house(), connection_type="cellular"))
    (gateway,) = ask(sim, DEVICES).json()["devices"]["gateways"]
    members = {"imei", "part_num", "sku", "plan_start_date", "plan_end_date"}
    assert set(gateway["cellular_modem"]) == members


def test_devices_tell_when_they_reported():
    sim = simulator(now=datetime(2024, 6, 10, 22, tzinfo=UTC))
    found = ask(sim, DEVICES).json()["devices"]
    meta = ask(sim, "/systems/67/energy_lifetime").json()["meta"]
    assert found["gateways"][0]["last_report_at"] == meta["last_report_at"]
    assert found["meters"][0]["last_report_at"] > found["micros"][0]["last_report_at"]


def test_a_gateways_serial_number_finds_its_system():
    grants = {DEMO_USER_ID: Grant(frozenset({67, 68}))}
    sim = simulator(house(67), house(68), house(69), grants=grants)
    serials = {n: sim.fleet.systems[n].gateway_serial for n in (68, 69)}
    assert ask(sim, RETRIEVE, serial_num=serials[68]).json() == {"system_id": 68}
    assert refused(ask(sim, RETRIEVE, serial_num=serials[69]))[0] == 403
    assert refused(ask(sim, RETRIEVE)) == (422, "Provide envoy serial number")
    unknown = (404, "Envoy not found with this serial number")
    assert refused(ask(sim, RETRIEVE, serial_num="1")) == unknown
    assert refused(ask(sim, INVERTERS, envoy_serial_number="1")) == unknown


def test_micros_are_summed_up_by_site_or_gateway():
    sim = simulator(house(67), house(68))
    serial = sim.fleet.systems[68].gateway_serial
    by_site = ask(sim, INVERTERS, site_id=68, size=100).json()
    assert ask(sim, INVERTERS, envoy_serial_number=serial, site_id=67, size=100).json() == by_site
    old = ask_v2(sim, INVERTERS, site_id=68).json()
    assert by_site == old
    assert len(by_site[0]["micro_inverters"]) == 16
    totals = ask(sim, "/systems/68/energy_lifetime", production="all").json()["micro_production"]
    energies = (row["energy"]["value"] for row in by_site[0]["micro_inverters"])
    assert sum(energies) == sum(totals)


def test_micros_come_in_pages_since_2026():
    sim = simulator()
    pages = [ask(sim, INVERTERS, site_id=67, page=page).json() for page in (1, 2, 3)]
    assert [len(page[0]["micro_inverters"]) if page else 0 for page in pages] == [10, 6, 0]
    sim.switches = Switches(docs="2023", power_produced="int", last_report_date="iso")
    (all_,) = ask(sim, INVERTERS, site_id=67).json()
    assert len(all_["micro_inverters"]) == 16
    assert isinstance(all_["micro_inverters"][0]["power_produced"], int)
    assert all_["micro_inverters"][0]["last_report_date"].endswith("-07:00")


def test_micros_of_nothing_in_particular_are_refused():
    sim = simulator()
    assert refused(ask(sim, INVERTERS)) == (422, "Envoy serial number or Site id mandatory")
    assert refused(ask(sim, INVERTERS, site_id=-1)) == (422, "Couldn't find Site with 'id'=-1")


def test_the_latest_power_is_told_by_channel():
    sim = simulator(battery_house())
    found = ask(sim, LATEST).json()["devices"]
    assert [(row["name"], row["channel"]) for row in found["meters"]] == [
        (name, channel) for name in ("production", "consumption") for channel in (1, 2, 3)
    ]
    produced = ask(sim, "/systems/67/telemetry/production_meter").json()["intervals"][-1]
    bought, sold = (
        ask(sim, f"/systems/67/energy_{way}_telemetry").json()["intervals"][-1][-1]
        for way in ("import", "export")
    )
    power = [row["power"] for row in found["meters"]]
    assert power[0] + power[1] == 4 * produced["wh_del"]
    assert power[3] + power[4] == 4 * (bought["wh_imported"] - sold["wh_exported"])
    assert power[2] is power[5] is None
    assert found["meters"][0]["last_report_at"] == produced["end_at"]
    (battery,) = found["encharges"]
    last = ask(sim, "/systems/67/telemetry/battery").json()["intervals"][-1]
    assert battery["power"] == 4 * (last["discharge"]["enwh"] - last["charge"]["enwh"])
    assert battery["last_report_at"] == last["end_at"]


@pytest.mark.parametrize(
    ("hour", "capacity_wh", "sign", "mode"),
    [(7, 5000, -1, "Charging"), (17, 5000, 1, "Discharging"), (0, 300, 0, "Idle")],
)
def test_a_charging_battery_has_negative_power(hour, capacity_wh, sign, mode):
    system = battery_house(battery=Battery(capacity_wh, power_w=2500))
    sim = simulator(system, now=datetime(2024, 6, 9, hour, 7, tzinfo=UTC))
    (battery,) = ask(sim, LATEST).json()["devices"]["encharges"]
    assert (battery["power"] > 0) - (battery["power"] < 0) == sign
    assert battery["operational_mode"] == mode


def test_power_is_forgotten_after_a_week():
    sim = simulator(battery_house(), now=datetime(2024, 6, 19, 12, tzinfo=UTC))
    last = ends(ask(sim, "/systems/67/telemetry/battery", start_at=1718140000))[-1]
    assert last
    found = ask(sim, LATEST).json()["devices"]
    assert {row["power"] is None for row in found["meters"][:2]} == {False}
    sim.clock.advance(3 * 86_400)
    found = ask(sim, LATEST).json()["devices"]
    assert {row["power"] for row in found["meters"] + found["encharges"]} == {None}
    assert {row["last_report_at"] for row in found["meters"]} == {None}


def test_a_house_of_micros_alone_has_no_latest_production():
    found = ask(simulator(house(measured_by="micro")), LATEST).json()["devices"]
    assert {row["name"] for row in found["meters"]} == {"consumption"}
    assert "encharges" not in found
