"""What a tenant provisions and a profile reads; the others of EnerKey are in `schema.py`.

No dataset has a column for an address, an e-mail or a phone number.
"""

import pyarrow as pa

from energy_pipeline.columns import INSTANT, column
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
