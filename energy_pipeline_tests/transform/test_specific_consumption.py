"""Consumption by a property: nothing twice, nothing that is too small."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from energy_pipeline.enerkey_schema import ENERKEY_FACILITIES, ENERKEY_MONTHLY_VALUES
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.transform.specific_consumption import specific_consumption

AT = {"fetched_at": datetime(2026, 1, 1, tzinfo=UTC)}
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)


def table(dataset: Any, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([row | AT for row in rows], schema=dataset.schema)


def meters(*ids: int, parent: dict[int, int] | None = None) -> pa.Table:
    own = {"facility_id": 11, "quantity_id": 1, "quantity_name": "Electricity", "unit": "kWh"}
    above = parent or {}
    rows = (own | {"meter_id": id, "parent_meter_id": above.get(id)} for id in ids)
    return table(ENERKEY_METERS, *rows)


def month(meter: int, at: date, value: float | None, unit: str = "kWh") -> dict[str, Any]:
    return {"facility_id": 11, "meter_id": meter, "month": at, "value": value, "unit": unit}


def area(value: float | None) -> pa.Table:
    row = {"facility_id": 11, "facility_name": "Office", "property": "area", "value": value}
    return table(ENERKEY_FACILITIES, row | {"unit": "m2"})


def test_a_month_in_which_a_meter_is_silent_is_left_out() -> None:
    months = table(
        ENERKEY_MONTHLY_VALUES,
        month(1, APRIL, 10.0),
        month(2, APRIL, 30.0),
        month(1, MAY, 10.0),
        month(2, MAY, None),
    )
    (row,) = specific_consumption(months, meters(1, 2), area(20.0), "area").to_pylist()

    assert (row["month"], row["value"], row["specific_value"]) == (APRIL, 40.0, 2.0)


def test_units_stay_apart() -> None:
    months = table(ENERKEY_MONTHLY_VALUES, month(1, MAY, 10.0), month(2, MAY, 1.0, "MWh"))
    rows = specific_consumption(months, meters(1, 2), area(10.0), "area").to_pylist()

    assert [(row["unit"], row["specific_value"]) for row in rows] == [("MWh", 0.1), ("kWh", 1.0)]


def test_parts_and_facilities_without_the_property_are_left_out() -> None:
    months = table(ENERKEY_MONTHLY_VALUES, month(1, MAY, 10.0), month(2, MAY, 4.0))
    inside = meters(1, 2, parent={2: 1})

    (row,) = specific_consumption(months, inside, area(10.0), "area").to_pylist()
    assert row["value"] == 10.0
    for nothing in (area(0.0), area(None)):
        assert specific_consumption(months, inside, nothing, "area").num_rows == 0
    assert specific_consumption(months, inside, area(1.0), "volume").num_rows == 0
