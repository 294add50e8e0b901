"""Whatever the contract lets a caller send, and much that it does not, gets one of its answers."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Meter,
    Switches,
    profile,
)
from energy_pipeline_tests.simulators.enerkey.conftest import NOON
from energy_pipeline_tests.simulators.enerkey.test_contract import Contract, contract  # noqa: F401

OPERATIONS = (
    "listActions",
    "getAction",
    "updateAction",
    "listFacilities",
    "getFacility",
    "getFacilityReport",
    "getFacilityImage",
    "getAlarm",
    "getAlarmImage",
    "listMeters",
    "getMeter",
    "listQuantities",
    "getHourlyValues",
    "getMonthlyValues",
    "getMonthlyNormalizedValues",
    "pushConsumptionsForMeter",
    "pushCumulativeReadingsForMeter",
    "provisionCustomers",
    "provisionFacilities",
    "getProvisioningStatus",
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KEYS = {
    "profile-wide": SIMULATED_KEY_A,
    "tenant-wide": SIMULATED_TENANT_KEY_A,
    "partner-only": SIMULATED_PARTNER_KEY,
}


@pytest.fixture(scope="module")
def described(contract: Contract) -> Any:  # noqa: F811 - the fixture
    """The contract, of which every request goes to a simulator."""
    there = profile(
        [Meter(1, 1, "Meter"), Meter(2, 1, "Register", reading_type="cumulative")],
        actions=[{"id": 1}],
        alarms=[{"id": 1}],
    )
    clock = VirtualClock(NOON, fixed=True)
    simulator = EnerKeySimulator(there, clock, Switches(overlapping_runs="queued"))
    schema = schemathesis.openapi.from_dict(contract.document)
    schema.app = simulator.app
    return schema


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_any_request(described: Any, operation_id: str, mode: GenerationMode) -> None:
    operation = described.find_operation_by_id(operation_id)
    headers = {"Authorization": KEYS[operation.definition.raw["x-authorization"]]}

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    ask()
