"""What the tests of provisioning send."""

from typing import Any

import httpx

from energy_pipeline.simulators.enerkey import SIMULATED_TENANT_KEY_A
from energy_pipeline_tests.simulators.enerkey.conftest import Running

TENANT = {"Authorization": SIMULATED_TENANT_KEY_A}
CUSTOMERS = "/api/v2/Provisioning/Customers"
FACILITIES = "/api/v2/Provisioning/Facilities"
STATUS = "/api/v2/Provisioning/ProvisioningStatus"
RUN_S = 25


def customer(id: str, name: str = "Esimerkki Oy", code: str = "1000", **more: Any) -> dict:
    return {
        "externalCustomerId": id,
        "externalCustomerName": name,
        "productCode": code,
        **more,
    }


def facility(id: str, of: str, *meters: dict, **more: Any) -> dict:
    return {
        "externalFacilityId": id,
        "externalCustomerId": of,
        "name": f"Facility {id}",
        "meters": list(meters),
        **more,
    }


def meter(id: str, reading: str = "consumption", *subs: dict, quantity: int = 1) -> dict:
    own = {
        "externalMeterId": id,
        "name": f"Meter {id}",
        "quantityId": quantity,
        "readingType": reading,
    }
    return {**own, "subMeters": list(subs)} if subs else own


def send(running: Running, document: Any, path: str = CUSTOMERS) -> httpx.Response:
    return running.http.post(path, json=document, headers=TENANT)


def status(running: Running, id: str) -> dict:
    answer = running.http.get(STATUS, params={"id": id}, headers=TENANT)
    return answer.raise_for_status().json()


def run(running: Running, document: Any, path: str = CUSTOMERS) -> dict:
    """Send a snapshot, let it be worked on, return its final status."""
    id = send(running, document, path).raise_for_status().json()["id"]
    running.clock.advance(RUN_S)
    return status(running, id)
