"""Answers and request bodies against the machine-readable contract, and its list of assumptions."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from energy_pipeline.simulators.enerkey import (
    SIMULATED_PARTNER_KEY,
    Facility,
    Fault,
    Key,
    Meter,
    Switches,
    profile,
)
from energy_pipeline.simulators.enerkey.routes import Routes
from energy_pipeline_tests.simulators.enerkey.conftest import Start, row
from energy_pipeline_tests.simulators.enerkey.provisioning import (
    CUSTOMERS,
    FACILITIES,
    STATUS,
    TENANT,
    send,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "enerkey.openapi.yaml"
NOT_OFFERED = {"media_type", "paging", "image_endpoints", "normalization"}
HOUR = "2026-01-01T00:00:00Z"


class Contract:
    """The contract as a checker of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = {
            operation["operationId"]: (path, method.upper(), operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def check(self, operation_id: str, answer: httpx.Response) -> None:
        """Fail unless status, media type, headers and body are those of the contract."""
        responses = self.operations[operation_id][2]["responses"]
        response = self.resolve(responses[str(answer.status_code)])
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        assert media_type in response["content"]
        for name, header in response.get("headers", {}).items():
            if name != "Retry-After" or answer.status_code == 429:
                schema = self.resolve(header)["schema"]
                text = answer.headers[name]
                self.validate(schema, int(text) if schema["type"] == "integer" else text)
        body = answer.json() if media_type.endswith("json") else answer.text
        self.validate(response["content"][media_type]["schema"], body)

    def validate(self, schema: dict[str, Any], document: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole).validate(document)

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            reference = node["$ref"].removeprefix("#/").split("/")
            node = self.document
            for part in reference:
                node = node[part]
        return node


@pytest.fixture(scope="session")
def contract() -> Contract:
    if not REFERENCE.is_file():
        message = f"the contract of the EnerKey API is not at {REFERENCE}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return Contract(yaml.safe_load(REFERENCE.read_text()))


def test_good_answers(start: Start, contract: Contract) -> None:
    meters = [
        Meter(101, 88, "Electricity, main"),
        Meter(102, 88, "Ventilation", reading_type="cumulative", parent_id=101),
    ]
    area = {"name": "grossArea", "value": 12500.0, "unit": "m2"}
    facility = Facility(88, "Office", properties=(area,), address={"country": "FI"})
    running = start(given=profile(meters, facilities=[facility]))
    get = running.http.get

    contract.check("pushConsumptionsForMeter", running.push(101, [row(HOUR, 12.5)]))
    readings = [row(HOUR, 1000.0), row("2026-01-01T03:00:00Z", 1020.5)]
    contract.check("pushCumulativeReadingsForMeter", running.push_readings(102, readings))
    contract.check("listQuantities", get("/api/v2/Quantities"))
    contract.check("listFacilities", get("/api/v2/Facilities"))
    contract.check("getFacility", get("/api/v2/Facilities/88"))
    contract.check("listMeters", get("/api/v2/Meters"))
    contract.check("getMeter", get("/api/v2/Meters/101"))
    hourly = running.hourly([101, 102], "2026-01-01T02:00:00+02:00", "2026-01-01T07:00:00+02:00")
    assert [len(entry["values"]) for entry in hourly.json()] == [1, 3]
    contract.check("getHourlyValues", hourly)
    monthly = running.monthly([101, 102], "2025-12-31T22:00:00Z", "2026-06-01T00:00:00Z")
    assert [len(entry["values"]) for entry in monthly.json()] == [1, 1]
    contract.check("getMonthlyValues", monthly)
    ends = {"from": "2025-12-31T22:00:00Z", "to": "2026-06-01T00:00:00Z"}
    normalized = get("/api/v2/Values/MonthlyNormalizedValues", params={"meterIds": 101} | ends)
    contract.check("getMonthlyNormalizedValues", normalized)


def test_good_answers_of_actions_images_and_alarms(start: Start, contract: Contract) -> None:
    def example(id: str) -> dict[str, Any]:
        answer = contract.operations[id][2]["responses"]["200"]
        return answer["content"]["application/json"]["example"]

    action, alarm = example("getAction"), example("getAlarm")
    given = profile([Meter(101, 88, "Meter")], actions=[action], alarms=[alarm])
    running = start(given=given)
    get = running.http.get
    partner = {"Authorization": SIMULATED_PARTNER_KEY}

    contract.check("listActions", get("/api/v2/Actions"))
    one = get("/api/v2/Actions/5012")
    assert one.json() == action
    contract.check("getAction", one)
    contract.check("updateAction", running.http.put("/api/v2/Actions/5012", json=one.json()))
    details = get("/api/v2/Alarms/90011", headers=partner)
    assert details.json() == alarm
    contract.check("getAlarm", details)
    contract.check("getAlarmImage", get("/api/v2/Alarms/90011/Image", headers=partner))
    contract.check("getFacilityImage", get("/api/v2/Images/FacilityImage/88"))
    contract.check("getFacilityReport", get("/api/v2/Images/FacilityReport/88"))


def test_good_answers_of_provisioning(start: Start, contract: Contract) -> None:
    running = start()
    for id, path in (("provisionCustomers", CUSTOMERS), ("provisionFacilities", FACILITIES)):
        content = contract.operations[id][2]["requestBody"]["content"]["application/json"]
        taken = send(running, content["example"], path)
        contract.check(id, taken)
        contract.check(id, send(running, content["example"], path))
        for seconds in (0, 6, 25):
            running.clock.advance(seconds)
            asked = running.http.get(STATUS, params=taken.json(), headers=TENANT)
            contract.check("getProvisioningStatus", asked)
        assert asked.json()["status"] == "Completed"


def test_refusals(start: Start, contract: Contract) -> None:
    push = "pushConsumptionsForMeter"
    tenant = Key("tenant", "tenant-secret", scopes=frozenset({"tenant"}))
    meters = [Meter(101, 11, "Meter"), Meter(102, 11, "Register", reading_type="cumulative")]
    running = start(given=profile(meters, keys=[Key("A", "a"), tenant]), max_body_bytes=100)
    running.http.headers["Authorization"] = "a"
    path = "/api/v2/Values/PushConsumptionsForMeter/101"
    answers = [
        running.push(101, []),
        running.http.post(path, headers={"Authorization": "unknown"}),
        running.http.post(path, headers={"Authorization": tenant.secret}),
        running.push(999, [row(HOUR, 1)]),
        running.push(101, [row(HOUR, 1)] * 9),
        running.http.post(path, content=b"[]"),
        running.push(102, [row(HOUR, 1)]),
    ]
    reject = start(repush_consumption="reject")
    reject.push(101, [row(HOUR, 1)])
    answers.append(reject.push(101, [row(HOUR, 1)]))
    limited = start(daily_request_limit=1)
    limited.push(101, [row(HOUR, 1)])
    answers.append(limited.push(101, [row(HOUR, 1)]))
    faults = (Fault(kind="error_500_before_commit"), Fault(kind="gateway_error"))
    answers += [start(fault).push(101, [row(HOUR, 1)]) for fault in faults]

    codes = [answer.status_code for answer in answers]
    assert codes == [400, 401, 403, 404, 413, 415, 422, 409, 429, 500, 503]
    for answer in answers:
        contract.check(push, answer)


def test_examples_of_the_contract_are_taken(start: Start, contract: Contract) -> None:
    running = start()
    for operation_id, push in (
        ("pushConsumptionsForMeter", running.push),
        ("pushCumulativeReadingsForMeter", running.push_readings),
    ):
        operation = contract.operations[operation_id][2]
        asked = operation["requestBody"]["content"]["application/json"]["example"]
        told = operation["responses"]["200"]["content"]["application/json"]["example"]

        assert push(told["meterId"], asked).json() == told


def test_every_operation_is_served(contract: Contract) -> None:
    routes = Routes(Switches())
    served = {}
    for path, method, _ in contract.operations.values():
        match = routes.match(method, path.replace("{", "").replace("}", ""))
        operation = getattr(match, "operation", None)
        assert operation is not None, path
        served[operation.id] = operation.scope
    assert served == {
        id: operation["x-authorization"].partition("-")[0]
        for id, (_, _, operation) in contract.operations.items()
    }
    assert len(served) == 20


def test_defaults_are_those_of_the_contract(contract: Contract) -> None:
    wire = contract.document["x-enerkey-wire"]
    expected = {
        row["key"]: row["value"] for row in wire["assumptions"] if row["key"] not in NOT_OFFERED
    }
    switches = Switches()

    assert {key: getattr(switches, key) for key in expected} == expected
    assert switches.daily_request_limit == wire["facts"]["daily_request_limit"]["value"]


def test_alternatives_of_the_contract_are_offered(contract: Contract) -> None:
    together = {"push_meter_position": "push_body", "push_body": "push_meter_position"}
    missing = set()
    for assumption in contract.document["x-enerkey-wire"]["assumptions"]:
        for value in assumption["alternatives"]:
            if not hasattr(Switches(), assumption["key"]):
                continue
            pairs = [f"{assumption['key']}={value}"]
            if value in ("body", "object_meterid_values"):
                other = together[assumption["key"]]
                pairs.append(f"{other}={'object_meterid_values' if value == 'body' else 'body'}")
            try:
                Switches.from_pairs(pairs)
            except ValueError:
                missing.add(pairs[0])
    assert missing == {
        "id_type=guid",
        "facilities_endpoint=per_customer",
        "color_format=named_parameters",
    }
