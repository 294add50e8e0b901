"""Normalized months: heating by degree days, everything else as it is."""

from datetime import UTC, date, datetime

import httpx
import pytest

from energy_pipeline.simulators.enerkey import Meter, profile
from energy_pipeline.simulators.enerkey.normalization import heating_factor
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start, row

MARCH = datetime(2026, 3, 10, tzinfo=UTC)


def normalized(running: Running, meter_id: int) -> httpx.Response:
    params = {"meterIds": meter_id, "from": "2025-12-31T22:00:00Z", "to": "2026-03-31T21:00:00Z"}
    return running.http.get("/api/v2/Values/MonthlyNormalizedValues", params=params)


def values(answer: httpx.Response) -> list[float]:
    (entry,) = answer.raise_for_status().json()
    return [each["value"] for each in entry["values"]]


def test_heating_and_the_rest(start: Start) -> None:
    meters = [Meter(101, 11, "Electricity"), Meter(102, 11, "Heat", unit="MWh", quantity_id=2)]
    running = start(given=profile(meters), now=MARCH)
    pushed = [row(f"2026-0{month}-05T12:00:00Z", 10) for month in (1, 2, 3)]
    for meter in (101, 102):
        running.push(meter, pushed)

    assert values(normalized(running, 101)) == [10, 10, 10]
    heat = values(normalized(running, 102))
    factors = [heating_factor(date(2026, month, 1), MARCH) for month in (1, 2)]
    assert heat == [pytest.approx(10 * factor) for factor in factors if factor]
    assert 10 not in heat


def test_a_month_has_no_degree_days_before_it_is_over() -> None:
    assert heating_factor(date(2026, 12, 1), datetime(2026, 12, 31, 23, tzinfo=UTC)) is None
    assert heating_factor(date(2026, 12, 1), datetime(2027, 1, 1, tzinfo=UTC)) is not None
