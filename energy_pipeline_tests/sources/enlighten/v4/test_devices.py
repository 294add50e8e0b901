"""Devices in dialect v4."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import NotFound, SchemaSurprise
from energy_pipeline.sources.enlighten.devices import Device, measured_streams
from energy_pipeline.sources.enlighten.v4.devices import devices, retrieve_system_id
from energy_pipeline_tests.sources.enlighten.served import NOTHING, Said, house, served

METER = {
    "id": 2,
    "name": "consumption",
    "serial_number": "1219EIM2",
    "sku": None,
    "model": "Envoy S",
    "status": "normal",
    "active": True,
    "state": "enabled",
    "config_type": "Net",
    "last_report_at": 1717243200,
    "unheard": [1],
}


def read(kinds: Any) -> list[Device]:
    body = {"system_id": 67, "total_devices": 1, "items": "devices", "devices": kinds}
    return asyncio.run(devices(Said(body), 67))


def test_a_meter_tells_what_it_measures() -> None:
    (found,) = read({"meters": [METER]})
    assert (found.kind, found.serial, found.measures) == ("meter", "1219EIM2", "net")
    assert (found.is_enabled, found.sku, found.model) == (True, None, "Envoy S")
    assert found.last_report_at == datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "is_enabled"),
    [
        ({"state": "disabled"}, False),
        ({"active": False}, False),
        ({"active": "true", "state": None}, True),
        ({"active": None, "state": None}, None),
    ],
)
def test_a_meter_that_is_off_is_told_apart(members: dict, is_enabled: bool | None) -> None:
    (found,) = read({"meters": [METER | members]})
    assert found.is_enabled is is_enabled


def test_kinds_that_nobody_knows_are_devices_all_the_same() -> None:
    found = read(
        {
            "micros": [{"serial_number": 5501}],
            "gateways": None,
            "heat_pump": {"id": "", "SKU": "HP", "serial_number": "", "name": "Heat pump"},
            "ev_chargers": [{"serial_num": "2024", "active": "true"}],
            "wind_mills": [{"serial_number": "w"}],
            "note": "more to come",
            "counts": [1, 2],
        }
    )
    assert [(each.kind, each.serial, each.sku) for each in found] == [
        ("inverter", "5501", None),
        ("heat_pump", "Heat pump", "HP"),
        ("ev_charger", "2024", None),
        ("wind_mills", "w", None),
    ]


@pytest.mark.parametrize("kinds", [{}, {"micros": []}, {"meters": None}])
def test_no_devices_are_an_empty_list(kinds: Any) -> None:
    assert read(kinds) == []
    assert asyncio.run(devices(Said(NOTHING), 67)) == []


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (
            {"meters": [METER, METER | {"config_type": 3}]},
            r"devices\.meters\[1\]\.config_type: found 3",
        ),
        (
            {"meters": [METER | {"last_report_at": "late"}]},
            r"devices\.meters\[0\]\.last_report_at: ",
        ),
        ({"micros": "none"}, r"devices\.micros: found 'none'"),
        (None, "devices: found None"),
    ],
)
def test_a_surprise_names_endpoint_place_and_value(kinds: Any, told: str) -> None:
    with pytest.raises(SchemaSurprise, match=f"^GET /api/v4/systems/67/devices: {told}"):
        read(kinds)


def test_devices_of_served_houses(tmp_path: Path) -> None:
    micros_alone = house(68, measured_by="micro", battery=None, micros=2)
    with served(tmp_path, house(micros=3), micros_alone) as cloud:
        whole = cloud.ask_v4(lambda ask: devices(ask, 67))
        few = cloud.ask_v4(lambda ask: devices(ask, 68))
        serial = cloud.sim.fleet.systems[67].gateway_serial
        assert cloud.ask_v4(lambda ask: retrieve_system_id(ask, serial)) == 67
        with pytest.raises(NotFound, match="Envoy not found"):
            cloud.ask_v4(lambda ask: retrieve_system_id(ask, "0"))
    assert {each.kind for each in whole} == {"gateway", "inverter", "meter", "battery"}
    assert measured_streams(whole) == {
        "production",
        "consumption",
        "grid_import",
        "grid_export",
        "battery_charge",
        "battery_discharge",
    }
    assert {each.kind for each in few} == {"gateway", "inverter", "meter"}
    assert "battery_charge" not in measured_streams(few)
