"""Columns that several datasets share, and how any is written down with unit and meaning."""

import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")


def column(
    name: str, kind: pa.DataType, description: str, *, unit: str = "", nullable: bool = False
) -> pa.Field:
    """Return a column; what measures something has a unit."""
    metadata = {"description": description} | ({"unit": unit} if unit else {})
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


def energy_wh(description: str) -> pa.Field:
    """Return the column of an energy."""
    return column("energy_wh", pa.float64(), description, unit="Wh")


def power_w(description: str) -> pa.Field:
    """Return the column of a power that is not always known."""
    return column("power_w", pa.float64(), description, unit="W", nullable=True)


SITE = column("site", pa.string(), "site id of sites.yaml")
STREAM = column("stream", pa.string(), "what flows: production, consumption, grid_import, ...")
FETCHED_AT = column("fetched_at", INSTANT, "when the answer was received")
