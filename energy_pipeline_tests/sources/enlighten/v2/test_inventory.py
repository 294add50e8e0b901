"""Devices and gateways in dialect v2."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import NotFound, SchemaSurprise, ServiceUnavailable
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.sources.enlighten.devices import Device, measured_streams
from energy_pipeline.sources.enlighten.v2.inventory import envoys, inventory, search_system_id
from energy_pipeline_tests.sources.enlighten.served import NOTHING, Said, house, served

WHOLE = {
    "system_id": 67,
    "envoys": [{"sn": "1219", "model": "IQ Envoy", "sku": "ENV-1"}],
    "inverters": [{"sn": 5501, "model": "IQ7"}, {"sn": "5502-A", "model": "D380", "sku": None}],
    "meters": [
        {
            "sn": "1219EIM1",
            "manufacturer": "E",
            "model": "S",
            "status": "normal",
            "state": "enabled",
        },
        {"sn": "1219EIM2", "model": "S", "status": "normal", "state": "disabled"},
    ],
    "meta": {"status": "normal", "unheard": None},
    "unheard": {},
}


def read(body: Any) -> list[Device]:
    return asyncio.run(inventory(Said(body), 67))


def test_devices_are_read_by_kind() -> None:
    found = read(WHOLE)
    assert [(each.kind, each.serial) for each in found] == [
        ("gateway", "1219"),
        ("inverter", "5501"),
        ("inverter", "5502-A"),
        ("meter", "1219EIM1"),
        ("meter", "1219EIM2"),
    ]
    assert [each.is_enabled for each in found] == [None, None, None, True, False]
    assert found[0] == Device("gateway", "1219", model="IQ Envoy", sku="ENV-1")


@pytest.mark.parametrize(
    "body", [{}, {"envoys": [], "inverters": [], "meters": []}, {"meters": None}, NOTHING]
)
def test_no_devices_are_an_empty_list(body: Any) -> None:
    assert read(body) == []


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = r"^GET /api/v2/systems/67/inventory: meters\[0\]\.state: found 7"
    with pytest.raises(SchemaSurprise, match=told):
        read({"meters": [{"sn": "1", "state": 7}]})


def test_gateways_tell_their_last_report() -> None:
    one = {"envoy_id": 1, "serial_number": "1219", "name": "Envoy 1219", "part_number": "800"}
    never = {"serial_number": "1220", "status": "comm", "last_report_at": None}
    body = {"envoys": [one | {"status": "normal", "last_report_at": 1717243200}, never]}
    found = asyncio.run(envoys(Said(body), 67))
    assert [each.last_report_at for each in found] == [datetime(2024, 6, 1, 12, tzinfo=UTC), None]
    assert (found[0].name, found[0].part_number) == ("Envoy 1219", "800")
    assert asyncio.run(envoys(Said(NOTHING), 67)) == []


def test_devices_of_a_served_house(tmp_path: Path) -> None:
    with served(tmp_path, house(micros=3), house(68, measured_by="micro", micros=2)) as cloud:
        both = cloud.ask_v2(lambda ask: inventory(ask, 67))
        [gateway] = cloud.ask_v2(lambda ask: envoys(ask, 67))
        serial = cloud.sim.fleet.systems[67].gateway_serial
        assert cloud.ask_v2(lambda ask: search_system_id(ask, serial)) == 67
    assert gateway.serial == serial
    assert gateway.last_report_at is not None
    assert [each.kind for each in both][:5] == [
        "gateway",
        "inverter",
        "inverter",
        "inverter",
        "meter",
    ]
    assert measured_streams(both) >= {"production", "consumption"}


def test_an_unknown_gateway_is_not_found(tmp_path: Path) -> None:
    with served(tmp_path) as cloud, pytest.raises(NotFound, match="Envoy not found"):
        cloud.ask_v2(lambda ask: search_system_id(ask, "0"))


def test_the_vendors_own_mistake_is_not_asked_for_again(tmp_path: Path) -> None:
    with served(tmp_path, faults=Faults(next_failures=("bug",))) as cloud:
        with pytest.raises(ServiceUnavailable, match="Enlighten broke on this request"):
            cloud.ask_v2(lambda ask: inventory(ask, 67))
        assert cloud.sim.hits == 1
