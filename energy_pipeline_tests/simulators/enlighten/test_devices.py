from dataclasses import replace
from datetime import datetime

import pytest

from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import (
    NOON,
    PUNCTUAL,
    ask,
    epoch,
    house,
    simulator,
)

SUMMARY = "/systems/inverters_summary_by_envoy_or_site"
SEARCH = "/systems/search_system_id"


def test_a_gateways_serial_number_finds_its_system():
    sim = simulator(house(67), house(68))
    serial = sim.fleet.systems[68].gateway_serial
    assert ask(sim, SEARCH, serial_num=serial).json() == {"system_id": 68}
    for unknown in ("1", None):
        answer = ask(sim, SEARCH, serial_num=unknown)
        assert (answer.status_code, answer.json()) == (
            404,
            {"reason": "404", "errorMessages": ["Envoy not found with this serial number"]},
        )


@pytest.mark.parametrize("path", [SEARCH, SUMMARY, "/systems/68/envoys", "/systems/68/inventory"])
def test_devices_of_somebody_else_are_unauthorized(path):
    sim = simulator(house(67), house(68), grants={DEMO_USER_ID: Grant(frozenset({67}))})
    serial = sim.fleet.systems[68].gateway_serial
    assert ask(sim, path, serial_num=serial, site_id=68).status_code == 401


def test_gateways_tell_when_they_reported():
    sim = simulator()
    (envoy,) = ask(sim, "/systems/67/envoys").json()["envoys"]
    meta = ask(sim, "/systems/67/stats").json()["meta"]
    assert set(envoy) == {
        "envoy_id",
        "last_report_at",
        "name",
        "part_number",
        "serial_number",
        "status",
    }
    assert (envoy["last_report_at"], envoy["status"]) == (meta["last_report_at"], "normal")
    assert envoy["name"] == f"Envoy {envoy['serial_number']}"
    silence = Outage(datetime.fromtimestamp(epoch(2024, 6, 8), NOON.tzinfo), NOON)
    sim.faults = replace(PUNCTUAL, outages=(silence,))
    sim.clock.advance(-60)
    (envoy,) = ask(sim, "/systems/67/envoys").json()["envoys"]
    assert envoy["status"] == "comm"
    iso = ask(sim, "/systems/67/envoys", datetime_format="iso8601").json()["envoys"][0]
    assert iso["last_report_at"].endswith("+03:00")


@pytest.mark.parametrize(
    ("members", "micros", "meters"),
    [
        ({}, 16, ["EIM1", "EIM2"]),
        ({"measured_by": "micro"}, 16, ["EIM2"]),
        ({"measured_by": "meter"}, 0, ["EIM1", "EIM2"]),
        ({"battery": Battery(5000, 2500)}, 16, ["EIM1", "EIM2", "EIM4"]),
    ],
)
def test_the_inventory_lists_what_measures(members, micros, meters):
    body = ask(simulator(house(**members)), "/systems/67/inventory").json()
    assert set(body) == {"system_id", "envoys", "inverters", "meters", "meta"}
    (gateway,) = body["envoys"]
    assert len({each["sn"] for each in body["inverters"]}) == micros
    assert [each["sn"].removeprefix(gateway["sn"]) for each in body["meters"]] == meters
    assert all(each["state"] == "enabled" for each in body["meters"])


def test_the_micros_energies_sum_to_the_lifetime_before_today():
    sim = simulator(house(measured_by="micro", micros=13))
    (gateway,) = ask(sim, SUMMARY, site_id=67).json()
    rows = gateway["micro_inverters"]
    summary = ask(sim, "/systems/67/summary").json()
    assert len(rows) == 13
    assert sum(row["energy"]["value"] for row in rows) == summary["energy_lifetime"] > 0
    assert sum(row["power_produced"]["value"] for row in rows) == summary["current_power"] > 0
    inventory = ask(sim, "/systems/67/inventory").json()["inverters"]
    assert [row["serial_number"] for row in rows] == [each["sn"] for each in inventory]
    assert set(rows[0]) == {
        "id",
        "serial_number",
        "model",
        "part_number",
        "sku",
        "status",
        "power_produced",
        "proc_load",
        "param_table",
        "envoy_serial_number",
        "energy",
        "grid_profile",
        "last_report_date",
    }


def test_micros_have_no_power_at_night_and_no_energy_on_their_first_day():
    night = simulator(now=NOON.replace(hour=22))
    rows = ask(night, SUMMARY, site_id=67).json()[0]["micro_inverters"]
    assert {row["power_produced"]["value"] for row in rows} == {0}
    first_day = simulator(now=NOON.replace(day=1))
    rows = ask(first_day, SUMMARY, site_id=67).json()[0]["micro_inverters"]
    assert {row["energy"]["value"] for row in rows} == {0}
    before = ask(simulator(now=NOON.replace(month=5)), SUMMARY, site_id=67).json()
    assert before[0]["micro_inverters"][0]["last_report_date"] is None


def test_power_and_report_of_a_micro_are_written_as_the_switches_say():
    sim = simulator()

    def first(**switches):
        sim.switches = Switches(**switches)
        return ask(sim, SUMMARY, site_id=67).json()[0]["micro_inverters"][0]

    plain, old = first(), first(power_produced="int")
    assert plain["power_produced"] == {"value": old["power_produced"], "units": "W", "precision": 0}
    at = datetime.fromtimestamp(plain["last_report_date"], NOON.tzinfo)
    iso = first(last_report_date="iso")["last_report_date"]
    spaced = first(last_report_date="spaced")["last_report_date"]
    assert plain["grid_profile"] != first(grid_profile="id")["grid_profile"]
    assert iso.endswith("-07:00")
    assert datetime.fromisoformat(iso) == at
    assert datetime.strptime(spaced, "%Y-%m-%d %H:%M:%S %z") == at


def test_sites_without_micros_or_unknown_ones():
    sim = simulator(house(measured_by="meter"))
    assert ask(sim, SUMMARY, site_id=67).json() == []
    for site_id in (-1, None, "abc"):
        answer = ask(sim, SUMMARY, site_id=site_id)
        assert answer.status_code == 422
    assert ask(sim, SUMMARY, site_id=-1).json()["message"] == "Couldn't find Site with 'id'=-1"


def test_channel_energies_can_carry_what_adding_floats_leaves_behind():
    sim = simulator(faults=Faults(late_share=0, float_residue=True))
    body = ask(sim, "/systems/67/rgm_stats").json()
    energies = [row["wh_del"] for row in body["meter_intervals"][0]["intervals"] if row["wh_del"]]
    assert energies
    assert all(wh != round(wh) and abs(wh - round(wh)) < 1e-9 for wh in energies)


def test_the_last_energy_can_be_later_than_the_last_report():
    sim = simulator(faults=Faults(late_share=0, energy_after_report=True))
    meta = ask(sim, "/systems/67/stats").json()["meta"]
    assert meta["last_energy_at"] - meta["last_report_at"] == 133
