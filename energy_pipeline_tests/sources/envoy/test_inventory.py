"""What hangs on a gateway, from captures of real ones and over HTTPS."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.schema import ENVOY_INVENTORY, conform
from energy_pipeline.simulators.envoy import EnvoySimulator, Faults, ServedGateway
from energy_pipeline.sources.envoy.devices import GatewayInventory, inspect_gateways
from energy_pipeline.sources.envoy.identity import parse_info
from energy_pipeline.sources.envoy.inventory import battery_powers_w, inventory_rows
from energy_pipeline.sources.envoy.replies import Document, read_reply
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.captures import (
    POLLED_AT,
    captured,
    captured_replies,
    figures,
    value_of,
)
from energy_pipeline_tests.sources.envoy.conftest import SERIAL, Bench, Serve


def rows_of(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    replies = captured_replies(folder)
    home, deleted = folder / "home", folder / "inventory.json_deleted_1"  # as they were captured
    for endpoint, file in ((Endpoint.HOME, home), (Endpoint.INVENTORY, deleted)):
        if file.exists():
            replies[endpoint] = read_reply(200, file.read_bytes(), POLLED_AT)
    info = parse_info(captured(folder, Endpoint.INFO)[1])
    table = conform(inventory_rows("roof", info, replies, POLLED_AT), ENVOY_INVENTORY)
    rows = table.to_pylist()
    assert [(r["kind"], r["device"]) for r in rows] == sorted(
        (r["kind"], r["device"]) for r in rows
    )
    assert {(r["site"], r["serial"], r["polled_at"]) for r in rows} == {
        ("roof", info.serial, POLLED_AT)
    }
    return {(row["kind"], row["device"]): row for row in rows}


@pytest.mark.parametrize("name", sorted(figures()))
def test_every_capture_has_its_gateway_and_its_meters(recordings: Path, name: str):
    rows = rows_of(recordings / "envoy" / name)
    serial, part_number, software, *_ = figures()[name]["info"]
    gateway = rows["gateway", serial]
    assert (gateway["part_number"], gateway["software"]) == (part_number, software[1:])
    meters = {
        device: row["is_operating"] for (kind, device), row in rows.items() if kind == "meter"
    }
    assert meters == {m[1]: m[2] == "enabled" for m in figures()[name].get("meters", [])}


def test_a_home_overview_without_its_addresses(recordings: Path):
    rows = rows_of(recordings / "envoy" / "8.3.5289_modGone")
    gateway = rows["gateway", "123456789012"]
    assert gateway["timezone"] == "Europe/Brussels"
    assert gateway["is_communicating"] is False
    assert gateway["last_report_at"] == datetime(2026, 5, 1, 14, 7, 46, tzinfo=UTC)
    assert not any("192.0.2" in str(value) or "AA:BB" in str(value) for value in gateway.values())


def test_inverters_with_instants_that_are_texts(recordings: Path):
    rows = rows_of(recordings / "envoy" / "8.3.5433_tot_is_net_cons")
    inverters = {device for kind, device in rows if kind == "pcu"}
    assert len(inverters) == 20
    row = rows["pcu", "532437030305"]
    assert row["part_number"] == "800-01374-r02"
    assert row["software"] == "521-00005-r06-v10.31.01"
    assert (row["is_producing"], row["is_communicating"], row["is_operating"]) == (
        True,
        True,
        False,
    )
    assert row["phase"] == "ph-a"
    assert row["last_report_at"] == datetime.fromtimestamp(1785332504, UTC)
    assert row["installed_at"] == datetime.fromtimestamp(1733253593, UTC)
    assert row["status"] == "envoy.global.ok"


def test_batteries_with_power_and_charge(recordings: Path):
    rows = rows_of(recordings / "envoy" / "8.2.4286_with_3cts_and_battery_split")
    batteries = [row for (kind, _), row in rows.items() if kind == "encharge"]
    assert [row["power_w"] for row in batteries] == [
        power_mw / 1000
        for power_mw in figures()["8.2.4286_with_3cts_and_battery_split"]["battery_mw"]
    ]
    first = rows["encharge", "492320000140"]
    assert (first["charge_percent"], first["capacity_wh"], first["power_w"]) == (39, 5000, -1324)


@pytest.mark.parametrize("name", sorted(n for n in figures() if "battery_mw" in figures()[n]))
def test_every_captured_power_of_a_battery(recordings: Path, name: str):
    folder = recordings / "envoy" / name
    reply = read_reply(*captured(folder, Endpoint.ENSEMBLE_POWER), received_at=POLLED_AT)
    assert list(battery_powers_w(value_of(reply)).values()) == [
        power_mw / 1000 for power_mw in figures()[name]["battery_mw"]
    ]


def test_the_list_of_powers_may_lose_its_colon():
    assert battery_powers_w({"devices": [{"serial_num": "1", "real_power_mw": 1500}]}) == {"1": 1.5}
    assert battery_powers_w([]) == {}


def test_a_device_that_is_listed_twice_has_one_row():
    devices = [{"type": "PCU", "devices": [{"serial_num": "1"}, {"serial_num": "1"}]}]
    replies = {Endpoint.INVENTORY: Document(devices, POLLED_AT)}
    info = parse_info(b"<envoy_info><device><sn>122000000001</sn></device></envoy_info>")
    assert inventory_rows("roof", info, replies, POLLED_AT).num_rows == 2


def inspected(bench: Bench, gateway: ServedGateway) -> GatewayInventory:
    (outcome,) = asyncio.run(inspect_gateways(bench.fleet(gateway)))
    assert isinstance(outcome, GatewayInventory), outcome
    return outcome


def test_an_inventory_over_https(bench: Bench, simulated, serve: Serve):
    simulator: EnvoySimulator = simulated("battery")
    outcome = inspected(bench, serve(simulator))
    kinds = outcome.devices["kind"].to_pylist()
    assert (outcome.site, outcome.serial, outcome.remarks) == ("roof-0", SERIAL, ())
    assert kinds.count("encharge") == simulator.hardware.batteries
    assert kinds.count("pcu") == simulator.hardware.inverters
    assert kinds.count("gateway") == 1


def test_an_inventory_without_what_does_not_answer(bench: Bench, gateway: ServedGateway):
    gateway.simulator.faults = Faults(failing_paths={"/inventory.json": "502"})
    outcome = inspected(bench, gateway)
    assert "pcu" not in outcome.devices["kind"].to_pylist()
    (remark,) = outcome.remarks
    assert remark.startswith("/inventory.json: GET /inventory.json: no usable answer")
