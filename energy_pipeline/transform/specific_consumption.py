"""Consumption by area, volume or any other property of a facility. Pure: tables in, table out.

EnerKey gives no such values: they are for the caller to compute. A result names the property and
its unit, since a kilowatt-hour by gross area is not one by net area. Submeters are left out: their
consumption is part of the meter above.
"""

import pandas as pd
import pyarrow as pa

from energy_pipeline.enerkey_schema import ENERKEY_SPECIFIC_CONSUMPTION

_GROUP = ["facility_id", "quantity_name", "unit", "month"]


def specific_consumption(
    months: pa.Table, meters: pa.Table, facilities: pa.Table, property: str
) -> pa.Table:
    """Divide the months of every facility by one of its properties.

    A month in which one of a facility's meters has no value is left out: it would be too small. So
    is a facility without the property, or with a zero.

    Args:
        months: rows of `enerkey_monthly_values`.
        meters: rows of `enerkey_meters`.
        facilities: rows of `enerkey_facilities`.
        property: name of the property, e.g. `grossArea`.

    Returns:
        Rows of `enerkey_specific_consumption`.
    """
    consumed = _consumed(months.to_pandas(), meters.to_pandas())
    frame = consumed.merge(_property(facilities.to_pandas(), property), on="facility_id")
    frame["specific_value"] = frame["value"] / frame["property_value"]
    names = ENERKEY_SPECIFIC_CONSUMPTION.schema.names
    return pa.Table.from_pandas(
        frame[names], schema=ENERKEY_SPECIFIC_CONSUMPTION.schema, preserve_index=False
    )


def _consumed(months: pd.DataFrame, meters: pd.DataFrame) -> pd.DataFrame:
    """Return facility_id, quantity_name, unit, month and the value of all top meters together."""
    tops = meters[meters["parent_meter_id"].isna()][["meter_id", "quantity_name"]]
    frame = months.merge(tops, on="meter_id").dropna(subset=["value", "unit"])
    together = frame.groupby(_GROUP, dropna=False, as_index=False).agg(
        value=("value", "sum"), count=("meter_id", "nunique")
    )
    known = frame.groupby(_GROUP[:-1], dropna=False)["meter_id"].nunique().rename("meters")
    together = together.merge(known.reset_index(), on=_GROUP[:-1])
    return together[together["count"] == together["meters"]]


def _property(facilities: pd.DataFrame, property: str) -> pd.DataFrame:
    mine = facilities[(facilities["property"] == property) & (facilities["value"] > 0)]
    renamed = mine.rename(columns={"value": "property_value", "unit": "property_unit"})
    return renamed[["facility_id", "facility_name", "property", "property_value", "property_unit"]]
