"""Counters of production meters, in both dialects."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.meter_readings import (
    CONSUMPTION,
    STORAGE,
    meter_readings,
)
from energy_pipeline.sources.enlighten.v2 import wire as v2
from energy_pipeline.sources.enlighten.v4 import wire as v4
from energy_pipeline_tests.sources.enlighten.served import NOON, NOTHING, Said, house, served

READING = {"serial_number": "1219EIM1", "value": 5946219, "read_at": 1717243200}


def read(body: Any) -> list:
    return asyncio.run(meter_readings(Said(body), v4.SYSTEMS, 67))


def test_a_counter_is_read() -> None:
    meta = {"status": "normal", "last_report_at": None, "unheard": []}
    (found,) = read({"system_id": 67, "meter_readings": [READING], "meta": meta})
    assert (found.serial, found.reading_wh) == ("1219EIM1", 5946219)
    assert found.read_at == datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_a_retired_counter_can_lack_its_value() -> None:
    (found,) = read({"meter_readings": [{"serial_num": "x", "value": None, "read_at": None}]})
    assert (found.serial, found.reading_wh, found.read_at) == ("x", None, None)


@pytest.mark.parametrize("body", [{"meter_readings": []}, {"meter_readings": None}, NOTHING])
def test_without_a_meter_there_is_nothing(body: Any) -> None:
    assert read(body) == []


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = (
        r"^GET /api/v4/systems/67/production_meter_readings: meter_readings\[0\]\.value: found 'x'"
    )
    with pytest.raises(SchemaSurprise, match=told):
        read({"meter_readings": [READING | {"value": "x"}]})


def test_an_instant_is_asked_for_in_seconds() -> None:
    said = Said({"meter_readings": []})
    asyncio.run(meter_readings(said, v2.SYSTEMS, 67, at=NOON))
    assert said.asked == [
        ("/api/v2/systems/67/production_meter_readings", {"end_at": str(int(NOON.timestamp()))})
    ]


def test_both_dialects_read_the_same_counter_now_and_then(tmp_path: Path) -> None:
    with served(tmp_path, house(), house(68, measured_by="micro")) as cloud:
        for at in (None, NOON - timedelta(days=3)):
            old = cloud.ask_v2(lambda ask, at=at: meter_readings(ask, v2.SYSTEMS, 67, at=at))
            new = cloud.ask_v4(lambda ask, at=at: meter_readings(ask, v4.SYSTEMS, 67, at=at))
            assert old == new
            assert len(old) == 1
            assert (old[0].reading_wh or 0) > 0
        assert cloud.ask_v4(lambda ask: meter_readings(ask, v4.SYSTEMS, 68)) == []


def test_consumption_and_storage_have_counters_of_their_own(tmp_path: Path) -> None:
    with served(tmp_path) as cloud:
        (house_meter,) = cloud.ask_v4(
            lambda ask: meter_readings(ask, v4.SYSTEMS, 67, kind=CONSUMPTION)
        )
        (storage,) = cloud.ask_v4(lambda ask: meter_readings(ask, v4.SYSTEMS, 67, kind=STORAGE))
        asked = [request.path.rpartition("/")[2] for request in cloud.sim.requests]
    assert asked == ["consumption_meter_readings", "storage_meter_readings"]
    assert (house_meter.serial or "").endswith("EIM2")
    assert (house_meter.reading_wh or 0) > 0
    assert house_meter.charged_wh is None
    assert storage.reading_wh is None
    assert (storage.charged_wh or 0) > (storage.discharged_wh or 0) > 0
