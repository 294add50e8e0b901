"""Every dataset of the store: its columns, types, units and keys.

The store writes by it, the Dagster assets show it, `data_dictionary.py` prints it for people. Here
are hours, registers and what became of them; what comes from Enlighten, from a gateway and besides
from EnerKey is in the `*_schema.py` of its name. What a dataset is, is in `dataset.py`.
"""

import pyarrow as pa

from energy_pipeline.columns import FETCHED_AT, INSTANT, SITE, STREAM, column, energy_wh
from energy_pipeline.dataset import Belongs, Dataset, conform, partition_days
from energy_pipeline.enerkey_schema import DATASETS_OF_ENERKEY
from energy_pipeline.enlighten_schema import (
    ENLIGHTEN_BATTERY_CHARGE,
    ENLIGHTEN_BATTERY_DISCHARGE,
    ENLIGHTEN_CONSUMPTION,
    ENLIGHTEN_DAILY_ENERGY,
    ENLIGHTEN_DEVICES,
    ENLIGHTEN_EVENTS,
    ENLIGHTEN_GRID_EXPORT,
    ENLIGHTEN_GRID_IMPORT,
    ENLIGHTEN_MONTHLY_PRODUCTION,
    ENLIGHTEN_PRODUCTION,
    ENLIGHTEN_SYSTEMS,
)
from energy_pipeline.envoy_schema import ENVOY_INVENTORY, ENVOY_INVERTERS, ENVOY_READINGS

__all__ = [
    "CUMULATIVE_READINGS",
    "DATASETS",
    "ENERKEY_CONSUMPTION_UPLOAD",
    "ENERKEY_CUMULATIVE_UPLOAD",
    "ENERKEY_METERS",
    "ENLIGHTEN_BATTERY_CHARGE",
    "ENLIGHTEN_BATTERY_DISCHARGE",
    "ENLIGHTEN_CONSUMPTION",
    "ENLIGHTEN_DAILY_ENERGY",
    "ENLIGHTEN_DEVICES",
    "ENLIGHTEN_EVENTS",
    "ENLIGHTEN_GRID_EXPORT",
    "ENLIGHTEN_GRID_IMPORT",
    "ENLIGHTEN_MONTHLY_PRODUCTION",
    "ENLIGHTEN_PRODUCTION",
    "ENLIGHTEN_SYSTEMS",
    "ENVOY_INVENTORY",
    "ENVOY_INVERTERS",
    "ENVOY_READINGS",
    "HOURLY_ENERGY",
    "INSTANT",
    "Dataset",
    "conform",
    "partition_days",
]

_FINAL = column("final", pa.bool_(), "nothing that is still to come can change the value")


def _upload(name: str, what: str, at: pa.Field, belongs: Belongs) -> Dataset:
    columns = [
        SITE,
        STREAM,
        column("meter_id", pa.int64(), "EnerKey's id of the meter"),
        at,
        column("value", pa.float64(), f"the {what}, in `unit`", unit="`unit`", nullable=True),
        column("unit", pa.string(), "the meter's unit: Wh, kWh or MWh"),
        column(
            "message_id",
            pa.string(),
            "the message that carried the value; null when none was sent",
            nullable=True,
        ),
        column("status", pa.string(), "verified, accepted, held or refused"),
        column("reason", pa.string(), "why, for a person; null when verified", nullable=True),
    ]
    return Dataset(
        name,
        f"What became of every {what} that is to be in EnerKey; one row per meter and hour.",
        pa.schema(columns),
        ("site", "stream", "at", "meter_id"),
        "at",
        belongs,
    )


HOURLY_ENERGY = Dataset(
    "hourly_energy",
    "Energy per site, stream and UTC hour; an hour of which nothing is known has no row.",
    pa.schema(
        [
            SITE,
            STREAM,
            column("hour", INSTANT, "start of the hour"),
            energy_wh("energy known of the hour; negative where the meter says so"),
            column(
                "covered_s", pa.int32(), "seconds of the hour that are known, 0...3600", unit="s"
            ),
            column("source", pa.string(), "where the energy comes from: enlighten or envoy"),
            _FINAL,
        ]
    ),
    ("site", "stream", "hour"),
    "hour",
    "hour",
)

CUMULATIVE_READINGS = Dataset(
    "cumulative_readings",
    "Register position per site, stream and UTC hour, from the opening reading on; never falls.",
    pa.schema(
        [
            SITE,
            STREAM,
            column("read_at", INSTANT, "end of the hour; the opening reading: the site's start"),
            column("reading_wh", pa.float64(), "register position at that instant", unit="Wh"),
            _FINAL,
        ]
    ),
    ("site", "stream", "read_at"),
    "read_at",
    "end_of_hour",
)

ENERKEY_CONSUMPTION_UPLOAD = _upload(
    "enerkey_consumption_upload",
    "hourly consumption",
    column("at", INSTANT, "start of the hour"),
    "hour",
)
ENERKEY_CUMULATIVE_UPLOAD = _upload(
    "enerkey_cumulative_upload",
    "cumulative reading",
    column("at", INSTANT, "instant of the reading: the end of the hour"),
    "end_of_hour",
)

ENERKEY_METERS = Dataset(
    "enerkey_meters",
    "Meters with their facility and quantity as EnerKey has them; one row per meter.",
    pa.schema(
        [
            column("facility_id", pa.int64(), "EnerKey's id of the facility"),
            column("facility_name", pa.string(), "name of the facility", nullable=True),
            column("meter_id", pa.int64(), "EnerKey's id of the meter"),
            column("meter_name", pa.string(), "name of the meter", nullable=True),
            column("quantity_id", pa.int64(), "EnerKey's id of the quantity", nullable=True),
            column("quantity_name", pa.string(), "name of the quantity", nullable=True),
            column("unit", pa.string(), "unit of every value of the meter", nullable=True),
            column("reading_type", pa.string(), "consumption or cumulative", nullable=True),
            column("parent_meter_id", pa.int64(), "meter of which this is a part", nullable=True),
            column(
                "external_meter_id", pa.string(), "the id that provisioning gave it", nullable=True
            ),
            FETCHED_AT,
        ]
    ),
    ("facility_id", "meter_id"),
    "",
    "whole",
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        ENLIGHTEN_SYSTEMS,
        ENLIGHTEN_DEVICES,
        ENLIGHTEN_PRODUCTION,
        ENLIGHTEN_CONSUMPTION,
        ENLIGHTEN_GRID_IMPORT,
        ENLIGHTEN_GRID_EXPORT,
        ENLIGHTEN_BATTERY_CHARGE,
        ENLIGHTEN_BATTERY_DISCHARGE,
        ENLIGHTEN_DAILY_ENERGY,
        ENLIGHTEN_MONTHLY_PRODUCTION,
        ENLIGHTEN_EVENTS,
        ENVOY_READINGS,
        ENVOY_INVERTERS,
        ENVOY_INVENTORY,
        HOURLY_ENERGY,
        CUMULATIVE_READINGS,
        ENERKEY_METERS,
        ENERKEY_CONSUMPTION_UPLOAD,
        ENERKEY_CUMULATIVE_UPLOAD,
        *DATASETS_OF_ENERKEY,
    )
}
