"""Totals of months in dialect v2."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.v2.months import MonthTotal, monthly_production
from energy_pipeline_tests.sources.enlighten.served import NOTHING, Said, house, served

MAY = {"system_id": 67, "start_date": "2024-05-01", "end_date": "2024-05-31"}


def read(body: Any) -> MonthTotal | None:
    return asyncio.run(monthly_production(Said(body), 67, date(2024, 5, 1)))


def test_a_month_is_read_with_its_counters() -> None:
    counters = [{"serial_number": "m", "start": 100, "end": 912}, {"serial_num": 7, "start": None}]
    found = read(MAY | {"production_wh": 884512, "meter_readings": counters, "meta": {}})
    assert found is not None
    assert (found.first_day, found.last_day) == (date(2024, 5, 1), date(2024, 5, 31))
    assert found.energy_wh == 884512
    assert [(each.serial, each.start_wh, each.end_wh) for each in found.meter_readings] == [
        ("m", 100, 912),
        ("7", None, None),
    ]


@pytest.mark.parametrize("counters", [[], None])
def test_without_a_meter_there_are_no_counters(counters: Any) -> None:
    found = read(MAY | {"production_wh": None, "meter_readings": counters})
    assert found is not None
    assert (found.energy_wh, found.meter_readings) == (None, [])


def test_a_month_without_content_is_none() -> None:
    assert read(NOTHING) is None


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = "^GET /api/v2/systems/67/monthly_production: end_date: found 'May'"
    with pytest.raises(SchemaSurprise, match=told):
        read(MAY | {"end_date": "May", "production_wh": 1})


def test_a_served_month_is_the_sum_of_its_days(tmp_path: Path) -> None:
    now = datetime(2024, 7, 3, 12, tzinfo=UTC)
    with served(tmp_path, house(last=date(2024, 7, 3)), now=now) as cloud:
        first = date(2024, 6, 1)
        found = cloud.ask_v2(lambda ask: monthly_production(ask, 67, first))
        assert found is not None
        assert (found.last_day, found.meter_readings[0].start_wh) == (date(2024, 6, 30), 0)
        assert found.energy_wh == found.meter_readings[0].end_wh
        open_month = date(2024, 7, 1)
        assert cloud.ask_v2(lambda ask: monthly_production(ask, 67, open_month)) is None
