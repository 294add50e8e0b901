"""What EnerKey took of a snapshot, as rows without personal data."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from energy_pipeline.dataset import Dataset
from energy_pipeline.enerkey_schema import ENERKEY_CUSTOMER_SNAPSHOT, ENERKEY_FACILITY_SNAPSHOT
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind, Snapshot

Row = dict[str, Any]
SNAPSHOTS: dict[Kind, Dataset] = {
    "customers": ENERKEY_CUSTOMER_SNAPSHOT,
    "facilities": ENERKEY_FACILITY_SNAPSHOT,
}


def snapshot_rows(snapshot: Snapshot, run_id: str, accepted_at: datetime) -> pa.Table:
    """Return the rows of `enerkey_customer_snapshot` or `enerkey_facility_snapshot`."""
    dataset = SNAPSHOTS[snapshot.kind]
    lines = _customers if snapshot.kind == "customers" else _facilities
    run = {"run_id": run_id, "accepted_at": accepted_at}
    rows = [row | run for each in snapshot.objects() for row in lines(each)]
    return pa.Table.from_pylist(rows, schema=dataset.schema)


def _customers(customer: Mapping[str, Any]) -> Iterator[Row]:
    yield {
        "external_customer_id": customer["externalCustomerId"],
        "customer_name": customer["externalCustomerName"],
        "product_code": customer["productCode"],
    }


def _facilities(facility: Mapping[str, Any]) -> Iterator[Row]:
    id = facility["externalFacilityId"]
    yield {
        "external_facility_id": id,
        "external_meter_id": "",
        "name": facility["name"],
        "external_customer_id": facility["externalCustomerId"],
    }
    for meter in facility.get("meters", ()):
        yield from _meters(meter, id, None)


def _meters(meter: Mapping[str, Any], facility_id: str, part_of: str | None) -> Iterator[Row]:
    id = meter["externalMeterId"]
    yield {
        "external_facility_id": facility_id,
        "external_meter_id": id,
        "name": meter["name"],
        "part_of": part_of,
        "quantity_id": meter["quantityId"],
        "reading_type": meter["readingType"],
    }
    for sub in meter.get("subMeters", ()):
        yield from _meters(sub, facility_id, id)
