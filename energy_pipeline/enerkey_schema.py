"""What a tenant provisions and a profile reads; the others of EnerKey are in `schema.py`.

No dataset has a column for an address, an e-mail or a phone number.
"""

import pyarrow as pa

from energy_pipeline.columns import FETCHED_AT, INSTANT, column
from energy_pipeline.dataset import Dataset

_RUN_ID = column("run_id", pa.string(), "EnerKey's id of the import")
_ACCEPTED_AT = column("accepted_at", INSTANT, "when EnerKey was seen to have all of it")

ENERKEY_CUSTOMER_SNAPSHOT = Dataset(
    "enerkey_customer_snapshot",
    "The tenant's customers as EnerKey last took them; one row per customer.",
    pa.schema(
        [
            column("external_customer_id", pa.string(), "our id of the customer"),
            column("customer_name", pa.string(), "name of the customer and of its profile"),
            column("product_code", pa.string(), "service package"),
            _RUN_ID,
            _ACCEPTED_AT,
        ]
    ),
    ("external_customer_id",),
    "",
    "whole",
)

ENERKEY_FACILITY_SNAPSHOT = Dataset(
    "enerkey_facility_snapshot",
    "Facilities and meters as EnerKey last took them; one row for each of both.",
    pa.schema(
        [
            column("external_facility_id", pa.string(), "our id of the facility"),
            column(
                "external_meter_id",
                pa.string(),
                "our id of the meter; empty in the row of the facility itself",
            ),
            column("name", pa.string(), "name of the facility or meter"),
            column("external_customer_id", pa.string(), "customer of the facility", nullable=True),
            column("part_of", pa.string(), "meter of which this is a part", nullable=True),
            column("quantity_id", pa.int64(), "EnerKey's id of what is measured", nullable=True),
            column("reading_type", pa.string(), "consumption or cumulative", nullable=True),
            _RUN_ID,
            _ACCEPTED_AT,
        ]
    ),
    ("external_facility_id", "external_meter_id"),
    "",
    "whole",
)

_FACILITY_ID = column("facility_id", pa.int64(), "EnerKey's id of the facility")
_FACILITY_NAME = column("facility_name", pa.string(), "name of the facility", nullable=True)
_METER_ID = column("meter_id", pa.int64(), "EnerKey's id of the meter")
_MONTH = column("month", pa.date32(), "first day of the calendar month in the facility's zone")
_UNIT = column("unit", pa.string(), "the meter's unit", nullable=True)

ENERKEY_FACILITIES = Dataset(
    "enerkey_facilities",
    "Facilities with their properties as EnerKey has them; one row per facility and property.",
    pa.schema(
        [
            _FACILITY_ID,
            column("facility_name", pa.string(), "name of the facility"),
            column("timezone", pa.string(), "IANA zone of the facility", nullable=True),
            column(
                "external_facility_id",
                pa.string(),
                "the id that provisioning gave it",
                nullable=True,
            ),
            column("property", pa.string(), "name of the property; empty where there is none"),
            column("value", pa.float64(), "the property, where it is a number", nullable=True),
            column("text", pa.string(), "the property, where it is none", nullable=True),
            column("unit", pa.string(), "unit of the property", nullable=True),
            FETCHED_AT,
        ]
    ),
    ("facility_id", "property"),
    "",
    "whole",
)

ENERKEY_MONTHLY_VALUES = Dataset(
    "enerkey_monthly_values",
    "Consumption by calendar month as EnerKey shows it; one row per meter and month that is over.",
    pa.schema(
        [
            _FACILITY_ID,
            _METER_ID,
            _MONTH,
            column("value", pa.float64(), "consumption, in `unit`", unit="`unit`", nullable=True),
            column(
                "normalized_value",
                pa.float64(),
                "corrected for the weather, in `unit`; null where EnerKey gives none",
                unit="`unit`",
                nullable=True,
            ),
            _UNIT,
            FETCHED_AT,
        ]
    ),
    ("facility_id", "meter_id", "month"),
    "",
    "whole",
)

ENERKEY_SPECIFIC_CONSUMPTION = Dataset(
    "enerkey_specific_consumption",
    "Monthly consumption by a property of the facility, e.g. its area; "
    "one row per facility, quantity, unit and month.",
    pa.schema(
        [
            _FACILITY_ID,
            _FACILITY_NAME,
            column("quantity_name", pa.string(), "what is consumed", nullable=True),
            column("unit", pa.string(), "unit of the consumption"),
            _MONTH,
            column("value", pa.float64(), "all meters that are part of no other", unit="`unit`"),
            column("property", pa.string(), "name of the property"),
            column("property_value", pa.float64(), "the property", unit="`property_unit`"),
            column("property_unit", pa.string(), "unit of the property", nullable=True),
            column(
                "specific_value",
                pa.float64(),
                "consumption divided by the property",
                unit="`unit`/`property_unit`",
            ),
        ]
    ),
    ("facility_id", "quantity_name", "unit", "month"),
    "",
    "whole",
)

ENERKEY_FACILITY_REPORTS = Dataset(
    "enerkey_facility_reports",
    "Pictures of facilities that were fetched; one row per facility, kind and format.",
    pa.schema(
        [
            _FACILITY_ID,
            column("kind", pa.string(), "report (the full one) or image (to be put elsewhere)"),
            column("format", pa.string(), "png or pdf"),
            column("file", pa.string(), "where the picture lies"),
            column("size_bytes", pa.int64(), "its size", unit="B"),
            FETCHED_AT,
        ]
    ),
    ("facility_id", "kind", "format"),
    "",
    "whole",
)

ENERKEY_ALARMS = Dataset(
    "enerkey_alarms",
    "Alarms that were asked for by their id; one row per alarm.",
    pa.schema(
        [
            column("alarm_id", pa.int64(), "EnerKey's id of the alarm"),
            column("alarm_name", pa.string(), "what kind of alarm it is", nullable=True),
            column("facility_id", pa.int64(), "EnerKey's id of the facility", nullable=True),
            column("meter_id", pa.int64(), "EnerKey's id of the meter", nullable=True),
            column("quantity_id", pa.int64(), "EnerKey's id of the quantity", nullable=True),
            column("resolution", pa.string(), "hourly or monthly", nullable=True),
            column("triggered_at", INSTANT, "when it went off", nullable=True),
            column("value", pa.float64(), "what set it off", unit="`unit`", nullable=True),
            column("threshold", pa.float64(), "its limit", unit="`unit`", nullable=True),
            column("unit", pa.string(), "unit of both", nullable=True),
            column("description", pa.string(), "EnerKey's words", nullable=True),
            FETCHED_AT,
        ]
    ),
    ("alarm_id",),
    "",
    "whole",
)

DATASETS_OF_ENERKEY = (
    ENERKEY_CUSTOMER_SNAPSHOT,
    ENERKEY_FACILITY_SNAPSHOT,
    ENERKEY_FACILITIES,
    ENERKEY_MONTHLY_VALUES,
    ENERKEY_SPECIFIC_CONSUMPTION,
    ENERKEY_FACILITY_REPORTS,
    ENERKEY_ALARMS,
)
