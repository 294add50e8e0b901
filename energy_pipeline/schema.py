"""Every dataset of the store: its columns, types, units and keys.

The store writes by it, the Dagster assets show it, `data_dictionary.py` prints it for people. What
a dataset is, and what can be done with any of them, is in `dataset.py`.
"""

import pyarrow as pa

from energy_pipeline.dataset import Belongs, Dataset, conform, partition_days

__all__ = [
    "CUMULATIVE_READINGS",
    "DATASETS",
    "ENERKEY_CONSUMPTION_UPLOAD",
    "ENERKEY_CUMULATIVE_UPLOAD",
    "ENERKEY_METERS",
    "ENLIGHTEN_CONSUMPTION",
    "ENLIGHTEN_DAILY_ENERGY",
    "ENLIGHTEN_PRODUCTION",
    "ENLIGHTEN_SYSTEMS",
    "HOURLY_ENERGY",
    "INSTANT",
    "Dataset",
    "conform",
    "partition_days",
]

INSTANT = pa.timestamp("us", "UTC")


def _column(
    name: str, kind: pa.DataType, description: str, *, unit: str = "", nullable: bool = False
) -> pa.Field:
    metadata = {"description": description} | ({"unit": unit} if unit else {})
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


def _energy_wh(description: str) -> pa.Field:
    return _column("energy_wh", pa.float64(), description, unit="Wh")


_SITE = _column("site", pa.string(), "site id of sites.yaml")
_STREAM = _column("stream", pa.string(), "what flows: production, consumption, grid_import, ...")
_FETCHED_AT = _column("fetched_at", INSTANT, "when the answer was received")
_FINAL = _column("final", pa.bool_(), "nothing that is still to come can change the value")


def _intervals(name: str, what: str) -> Dataset:
    columns = [
        _SITE,
        _column("system_id", pa.int64(), "Enlighten's id of the site"),
        _column("end_at", INSTANT, "end of the interval"),
        _column("interval_s", pa.int32(), "length of the interval", unit="s"),
        _energy_wh("energy of the interval"),
        _column(
            "power_w",
            pa.float64(),
            "mean power of the interval; null where the API gives none",
            unit="W",
            nullable=True,
        ),
        _column(
            "devices_reporting",
            pa.int32(),
            "devices whose data had arrived when the API answered",
            nullable=True,
        ),
        _column(
            "devices_total",
            pa.int32(),
            "active devices of the system, as the answer gave it",
            nullable=True,
        ),
        _FETCHED_AT,
    ]
    return Dataset(
        name,
        f"{what} intervals as Enlighten gives them; one row per site and interval.",
        pa.schema(columns),
        ("site", "end_at"),
        "end_at",
        "start_of_interval",
    )


def _upload(name: str, what: str, at: pa.Field, belongs: Belongs) -> Dataset:
    columns = [
        _SITE,
        _STREAM,
        _column("meter_id", pa.int64(), "EnerKey's id of the meter"),
        at,
        _column("value", pa.float64(), f"the {what}, in `unit`", unit="`unit`", nullable=True),
        _column("unit", pa.string(), "the meter's unit: Wh, kWh or MWh"),
        _column(
            "message_id",
            pa.string(),
            "the message that carried the value; null when none was sent",
            nullable=True,
        ),
        _column("status", pa.string(), "verified, accepted, held or refused"),
        _column("reason", pa.string(), "why, for a person; null when verified", nullable=True),
    ]
    return Dataset(
        name,
        f"What became of every {what} that is to be in EnerKey; one row per meter and hour.",
        pa.schema(columns),
        ("site", "stream", "at", "meter_id"),
        "at",
        belongs,
    )


ENLIGHTEN_PRODUCTION = _intervals("enlighten_production", "Production")
ENLIGHTEN_CONSUMPTION = _intervals("enlighten_consumption", "Consumption")

HOURLY_ENERGY = Dataset(
    "hourly_energy",
    "Energy per site, stream and UTC hour; an hour of which nothing is known has no row.",
    pa.schema(
        [
            _SITE,
            _STREAM,
            _column("hour", INSTANT, "start of the hour"),
            _energy_wh("energy known of the hour; negative where the meter says so"),
            _column(
                "covered_s", pa.int32(), "seconds of the hour that are known, 0...3600", unit="s"
            ),
            _column("source", pa.string(), "where the energy comes from: enlighten or envoy"),
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
            _SITE,
            _STREAM,
            _column("read_at", INSTANT, "end of the hour; the opening reading: the site's start"),
            _column("reading_wh", pa.float64(), "register position at that instant", unit="Wh"),
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
    _column("at", INSTANT, "start of the hour"),
    "hour",
)
ENERKEY_CUMULATIVE_UPLOAD = _upload(
    "enerkey_cumulative_upload",
    "cumulative reading",
    _column("at", INSTANT, "instant of the reading: the end of the hour"),
    "end_of_hour",
)

ENLIGHTEN_SYSTEMS = Dataset(
    "enlighten_systems",
    "Systems that the Enlighten account can see; one row per system.",
    pa.schema(
        [
            _column("site", pa.string(), "site id; null when sites.yaml lacks it", nullable=True),
            _column("system_id", pa.int64(), "Enlighten's id of the site"),
            _column("system_name", pa.string(), "name in Enlighten", nullable=True),
            _column("timezone", pa.string(), "IANA zone in Enlighten", nullable=True),
            _column("status", pa.string(), "status at the time of the answer", nullable=True),
            _column("last_report_at", INSTANT, "last upload of a gateway", nullable=True),
            _column("last_energy_at", INSTANT, "last report of energy", nullable=True),
            _column("operational_at", INSTANT, "begin of operation", nullable=True),
            _FETCHED_AT,
        ]
    ),
    ("site", "system_id"),
    "",
    "whole",
)

ENLIGHTEN_DAILY_ENERGY = Dataset(
    "enlighten_daily_energy",
    "Enlighten's own totals, the independent check; one row per site, stream and site-local day.",
    pa.schema(
        [
            _SITE,
            _STREAM,
            _column("day", pa.date32(), "site-local calendar day"),
            _energy_wh("the vendor's total of the day"),
            _FETCHED_AT,
            _column(
                "last_report_at",
                INSTANT,
                "last upload of a gateway when the total was fetched",
                nullable=True,
            ),
        ]
    ),
    ("site", "stream", "day"),
    "day",
    "whole",
)

ENERKEY_METERS = Dataset(
    "enerkey_meters",
    "Meters with their facility and quantity as EnerKey has them; one row per meter.",
    pa.schema(
        [
            _column("facility_id", pa.int64(), "EnerKey's id of the facility"),
            _column("facility_name", pa.string(), "name of the facility", nullable=True),
            _column("meter_id", pa.int64(), "EnerKey's id of the meter"),
            _column("meter_name", pa.string(), "name of the meter", nullable=True),
            _column("quantity_id", pa.int64(), "EnerKey's id of the quantity", nullable=True),
            _column("quantity_name", pa.string(), "name of the quantity", nullable=True),
            _column("unit", pa.string(), "unit of every value of the meter", nullable=True),
            _column("reading_type", pa.string(), "consumption or cumulative", nullable=True),
            _column("parent_meter_id", pa.int64(), "meter of which this is a part", nullable=True),
            _FETCHED_AT,
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
        ENLIGHTEN_PRODUCTION,
        ENLIGHTEN_CONSUMPTION,
        ENLIGHTEN_DAILY_ENERGY,
        HOURLY_ENERGY,
        CUMULATIVE_READINGS,
        ENERKEY_METERS,
        ENERKEY_CONSUMPTION_UPLOAD,
        ENERKEY_CUMULATIVE_UPLOAD,
    )
}
