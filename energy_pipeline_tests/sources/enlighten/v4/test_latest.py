"""The last known power in dialect v4."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.v4.latest import LatestPower, latest_telemetry
from energy_pipeline_tests.sources.enlighten.served import NOTHING, Said, served


def read(kinds: Any) -> dict[str, list[LatestPower]]:
    body = {"system_id": 67, "items": "devices", "devices": kinds}
    return asyncio.run(latest_telemetry(Said(body), 67))


def test_power_is_told_by_channel() -> None:
    channel = {"id": 1, "name": "production", "channel": 1, "last_report_at": 1717243200}
    found = read(
        {
            "meters": [
                channel | {"power": 2170, "unheard": 1},
                channel | {"channel": 3, "power": None},
            ],
            "evse": {"serial_number": "2", "name": "Charger", "operational_mode": "IDLE"},
            "note": "x",
        }
    )
    first, third = found["meters"]
    assert (first.channel, first.power_w) == (1, 2170)
    assert first.last_report_at == datetime(2024, 6, 1, 12, tzinfo=UTC)
    assert (third.channel, third.power_w) == (3, None)
    assert found["evse"][0].operational_mode == "IDLE"
    assert list(found) == ["meters", "evse"]


def test_nothing_is_known() -> None:
    assert read({}) == {}
    assert asyncio.run(latest_telemetry(Said(NOTHING), 67)) == {}


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = r"^GET /api/v4/systems/67/latest_telemetry: devices\.meters\[0\]\.power: found 'high'"
    with pytest.raises(SchemaSurprise, match=told):
        read({"meters": [{"power": "high"}]})


def test_power_of_a_served_house(tmp_path: Path) -> None:
    with served(tmp_path) as cloud:
        found = cloud.ask_v4(lambda ask: latest_telemetry(ask, 67))
    assert set(found) == {"meters", "encharges"}
    production = [each for each in found["meters"] if each.name == "production"]
    assert [each.channel for each in production] == [1, 2, 3]
    assert [each.power_w is None for each in production] == [False, False, True]
    assert found["encharges"][0].operational_mode in {"Idle", "Charging", "Discharging"}
