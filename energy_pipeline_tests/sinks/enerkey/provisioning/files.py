"""Provisioning files of the tests, as objects."""

from typing import Any

from energy_pipeline.configuration.provisioning import Provisioning
from energy_pipeline.sinks.enerkey.provisioning.snapshot import (
    Snapshot,
    customers_snapshot,
    facilities_snapshot,
)


def customer(id: str, name: str | None = None, code: str = "1000", **more: Any) -> dict[str, Any]:
    return {
        "externalCustomerId": id,
        "externalCustomerName": name or f"Customer {id}",
        "productCode": code,
        **more,
    }


def facility(id: str, *meters: dict[str, Any], of: str = "C-1", **more: Any) -> dict[str, Any]:
    own = {"externalFacilityId": id, "externalCustomerId": of, "name": f"Facility {id}"}
    return {**own, "meters": list(meters), **more}


def meter(id: str, *subs: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"externalMeterId": id, "name": f"Meter {id}", "quantityId": 1}
    return {**own, "readingType": "consumption", "subMeters": list(subs), **more}


def provisioning(
    *customers: dict[str, Any], facilities: tuple[dict[str, Any], ...] = (), **more: Any
) -> Provisioning:
    whole = {
        "complete": True,
        "product_codes": ["1000", "1001"],
        "customers": customers,
        "facilities": facilities,
    }
    return Provisioning.model_validate({**whole, **more})


def customers(*items: dict[str, Any]) -> Snapshot:
    return customers_snapshot(provisioning(*items))


def facilities(*items: dict[str, Any]) -> Snapshot:
    return facilities_snapshot(provisioning(customer("C-1"), facilities=items))
