"""Snapshots: who may send them, what they do, how their runs end."""

from typing import Any

import pytest

from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    Fault,
    Meter,
    profile,
)
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start, row
from energy_pipeline_tests.simulators.enerkey.provisioning import (
    CUSTOMERS,
    FACILITIES,
    STATUS,
    TENANT,
    customer,
    facility,
    meter,
    run,
    send,
    status,
)

TWO = [customer("C-1"), customer("C-2", "Toinen Oy")]


def counts(document: dict) -> tuple[int, int, int]:
    return document["created"], document["updated"], document["deleted"]


@pytest.mark.parametrize("path", [CUSTOMERS, FACILITIES])
@pytest.mark.parametrize("key", [SIMULATED_KEY_A, SIMULATED_PARTNER_KEY])
def test_only_a_tenant_key_may_provision(start: Start, path: str, key: str) -> None:
    running = start()

    answer = running.http.post(path, json=[], headers={"Authorization": key})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "Tenant key required."
    assert running.http.get("/api/v2/Quantities", headers=TENANT).status_code == 403


def test_a_run_waits_is_worked_on_and_ends(start: Start) -> None:
    running = start()
    answer = send(running, TWO)
    seen = []
    for seconds in (0, 5, 20):
        running.clock.advance(seconds)
        seen.append(status(running, answer.json()["id"]))

    assert answer.status_code == 202
    assert [each["status"] for each in seen] == ["Queued", "Processing", "Completed"]
    assert [each["startedAt"] for each in seen] == [None] + ["2026-06-01T12:00:05Z"] * 2
    assert [each["finishedAt"] for each in seen] == [None, None, "2026-06-01T12:00:25Z"]
    assert counts(seen[-1]) == (2, 0, 0)


def test_nothing_is_done_before_the_run_ends(start: Start) -> None:
    running = start()
    send(running, TWO)
    running.clock.advance(24.9)

    assert running.simulator.customers == {}
    running.clock.advance(0.1)
    assert list(running.simulator.customers) == ["C-1", "C-2"]


def test_the_same_data_set_is_208_with_the_earlier_id(start: Start) -> None:
    running = start()
    first = send(running, TWO)
    again = send(running, TWO)
    running.clock.advance(25)
    later = send(running, [dict(reversed(each.items())) for each in TWO])

    assert [each.status_code for each in (first, again, later)] == [202, 208, 208]
    assert first.json() == again.json() == later.json()
    assert send(running, TWO[::-1]).status_code == 202


def test_a_customer_that_is_left_out_is_deleted_with_all_it_had(start: Start) -> None:
    given = profile([Meter(101, 11, "Meter")], customer="C-1")
    running = start(given=given)
    run(running, TWO)
    running.push(101, [row("2026-01-01T00:00:00Z", 1)])

    ended = run(running, [customer("C-2", "Uusi nimi Oy")])

    assert counts(ended) == (0, 1, 1)
    assert list(running.simulator.customers) == ["C-2"]
    assert running.http.get("/api/v2/Meters").status_code == 401
    run(running, TWO)
    assert running.http.get("/api/v2/Meters").status_code == 401


def test_an_empty_snapshot_deletes_all(start: Start) -> None:
    running = start()
    run(running, TWO)

    assert counts(run(running, [])) == (0, 0, 2)
    assert running.simulator.customers == {}


def test_empty_refused(start: Start) -> None:
    assert send(start(empty_customers_snapshot="refuse_400"), []).status_code == 400


def test_soft_deletion_gives_back(start: Start) -> None:
    given = profile([Meter(101, 11, "Meter")], customer="C-1")
    running = start(given=given, deletion="soft")
    for document in (TWO, TWO[1:], TWO):
        run(running, document)

    assert [each["id"] for each in running.http.get("/api/v2/Meters").json()] == [101]


def test_a_wrong_product_code_is_an_error_of_its_customer(start: Start) -> None:
    running = start()
    run(running, TWO)

    ended = run(running, [*TWO, customer("C-3", code="1999")])

    assert ended["status"] == "CompletedWithErrors"
    assert ended["errors"] == [
        {
            "path": "[2].productCode",
            "externalId": "C-3",
            "message": "Unknown product code '1999'.",
        }
    ]
    assert list(running.simulator.customers) == ["C-1", "C-2"]


def test_faults_of_imports(start: Start) -> None:
    concerned = frozenset({"provisionCustomers"})
    kinds = ("import_fails", "import_partial")
    running = start(*(Fault(kind=kind, operations=concerned) for kind in kinds))

    failed = run(running, TWO)
    partial = run(running, TWO)

    assert (failed["status"], counts(failed)) == ("Failed", (0, 0, 0))
    assert failed["errors"][0]["message"] == "The import failed."
    assert (partial["status"], counts(partial)) == ("CompletedWithErrors", (1, 0, 0))


def test_slow_import(start: Start) -> None:
    running = start(Fault(kind="import_slow", seconds=3600))

    assert run(running, TWO)["status"] == "Processing"


@pytest.mark.parametrize(
    ("switch", "codes", "ends"),
    [
        ("conflict_409", [202, 409], ["Completed"]),
        ("queued", [202, 202], ["Completed", "Completed"]),
        ("last_wins", [202, 202], ["Failed", "Completed"]),
    ],
)
def test_overlapping_runs(start: Start, switch: str, codes: list[int], ends: list[str]) -> None:
    running = start(overlapping_runs=switch)
    answers = [send(running, TWO), send(running, TWO[:1])]
    facilities = send(running, {"facilities": []}, FACILITIES)
    running.clock.advance(60)

    assert [each.status_code for each in answers] == codes
    assert facilities.status_code == 202
    ids = [each.json()["id"] for each in answers if each.status_code == 202]
    assert [status(running, id)["status"] for id in ids] == ends


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"customers": TWO}, "$"),
        ([1], "[0]"),
        ([{**TWO[0], "vatNumber": "1"}], "[0].vatNumber"),
        ([{**TWO[0], "externalCustomerId": " "}], "[0].externalCustomerId"),
        ([{**TWO[0], "city": None}], "[0].city"),
        ([{"externalCustomerId": "C-1", "productCode": "1000"}], "[0].externalCustomerName"),
        ([{**TWO[0], "productCode": 1000}], "[0].productCode"),
        ([TWO[0], TWO[0]], "externalCustomerId"),
    ],
)
def test_a_snapshot_that_is_not_one(start: Start, document: Any, place: str) -> None:
    running = start()
    answer = send(running, document)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [place]
    assert not any(record.is_committed for record in running.simulator.requests)


BUILDING = facility("F-1", "C-1", meter("M-1", "consumption", meter("M-2", "cumulative")))


@pytest.fixture
def ours(start: Start) -> Running:
    """A tenant whose customer C-1 has the profile of the key in use."""
    running = start(given=profile([Meter(101, 11, "By hand")], customer="C-1"))
    run(running, TWO)
    return running


def meters(running: Running) -> list[dict]:
    tops = running.http.get("/api/v2/Meters").json()
    return [each for top in tops for each in (top, *(top["subMeters"] or []))]


def test_facilities_and_meters_are_made_in_the_profile(ours: Running) -> None:
    properties = [{"name": "grossArea", "value": 100.0, "unit": "m2"}]
    snapshot = {**BUILDING, "city": "Jyväskylä", "properties": properties}
    ended = run(ours, {"facilities": [snapshot]}, FACILITIES)

    assert (ended["status"], counts(ended)) == ("Completed", (3, 0, 0))
    made = ours.http.get("/api/v2/Facilities/12").json()
    assert (made["externalFacilityId"], made["city"]) == ("F-1", "Jyväskylä")
    assert made["properties"] == properties
    told = [(m["id"], m.get("externalMeterId"), m["unit"], m["readingType"]) for m in meters(ours)]
    assert told == [
        (101, None, "kWh", "consumption"),
        (102, "M-1", "kWh", "consumption"),
        (103, "M-2", "kWh", "cumulative"),
    ]
    assert ours.push(102, [row("2026-01-01T00:00:00Z", 1)]).status_code == 200


def test_known_external_ids_keep_their_ids(ours: Running) -> None:
    run(ours, {"facilities": [BUILDING]}, FACILITIES)
    ended = run(ours, {"facilities": [{**BUILDING, "name": "New name"}]}, FACILITIES)

    assert counts(ended) == (0, 1, 0)
    assert ours.http.get("/api/v2/Facilities/12").json()["name"] == "New name"
    assert [each["id"] for each in meters(ours)] == [101, 102, 103]


@pytest.mark.parametrize(("switch", "left"), [("keep", [101, 102, 103]), ("delete", [101])])
def test_facility_that_is_left_out(start: Start, switch: str, left: list[int]) -> None:
    given = profile([Meter(101, 11, "By hand")], customer="C-1")
    running = start(given=given, missing_facility_or_meter=switch)
    run(running, TWO)
    run(running, {"facilities": [BUILDING]}, FACILITIES)
    ended = run(running, {"facilities": []}, FACILITIES)

    assert [each["id"] for each in meters(running)] == left
    assert ended["deleted"] == 4 - len(left) if switch == "delete" else ended["deleted"] == 0


def test_facilities_with_errors(ours: Running) -> None:
    snapshot = [
        facility("F-1", "C-9"),
        facility("F-2", "C-1", meter("M-1", "consumption", meter("M-2"), quantity=99)),
    ]
    ended = run(ours, {"facilities": snapshot}, FACILITIES)

    assert ended["status"] == "CompletedWithErrors"
    assert [(each["path"], each["message"]) for each in ended["errors"]] == [
        ("facilities[0].externalCustomerId", "There is no customer 'C-9'."),
        ("facilities[1]", "Unknown quantity '99'."),
        ("facilities[1]", "The meter 'M-1' above it was not imported."),
    ]


@pytest.mark.parametrize(
    "document",
    [
        [BUILDING],
        {"facilities": [{**BUILDING, "size": 1}]},
        {"facilities": [facility("F-1", "C-1", {**meter("M-1"), "readingType": "other"})]},
        {"facilities": [facility("F-1", "C-1", {**meter("M-1"), "quantityId": "1"})]},
        {"facilities": [facility("F-1", "C-1", meter("M-1", "consumption", meter("M-1")))]},
        {"facilities": [facility("F-1", "C-1", properties=[{"value": 1}])]},
        {"facilities": [BUILDING, BUILDING]},
    ],
)
def test_facilities_that_are_none(ours: Running, document: Any) -> None:
    assert send(ours, document, FACILITIES).status_code == 400


def test_status_of_an_unknown_run(start: Start) -> None:
    running = start()

    assert running.http.get(STATUS, params={"id": "x"}, headers=TENANT).status_code == 404
    assert running.http.get(STATUS, headers=TENANT).status_code == 400


def test_other_shapes_of_a_run(start: Start) -> None:
    running = start(status_values="lower_case", provisioning_id="integer", status_parameter="path")
    id = send(running, TWO).json()["id"]

    assert id == "1"
    assert running.http.get(f"{STATUS}/1", headers=TENANT).json()["status"] == "queued"


def test_id_as_a_text(start: Start) -> None:
    assert isinstance(send(start(accepted_body="json_string"), TWO).json(), str)


def test_id_in_a_header(start: Start) -> None:
    answer = send(start(accepted_body="location_header"), TWO)

    assert answer.headers["Location"].startswith(f"{STATUS}?id=")


def test_customers_put(start: Start) -> None:
    running = start(customers_endpoint="put_bare_array")

    assert running.http.put(CUSTOMERS, json=TWO, headers=TENANT).status_code == 202


def test_customers_in_an_object(start: Start) -> None:
    assert send(start(customers_endpoint="post_object"), {"customers": TWO}).status_code == 202


def test_facilities_bare(start: Start) -> None:
    running = start(facilities_endpoint="post_bare_array")

    assert send(running, [], FACILITIES).status_code == 202


@pytest.mark.parametrize(
    ("switch", "codes"), [("bytes", [208, 202, 202]), ("normalized_hash", [208, 208, 208])]
)
def test_other_tests_of_sameness(start: Start, switch: str, codes: list[int]) -> None:
    running = start(same_snapshot_test=switch)
    run(running, TWO)
    turned = [dict(reversed(each.items())) for each in TWO]
    answers = []
    for document in (TWO, turned, TWO[::-1]):
        answers.append(send(running, document).status_code)
        running.clock.advance(25)

    assert answers == codes


def test_other_ids_twice_and_codes(start: Start) -> None:
    running = start(duplicate_external_ids="last_wins", product_code_type="integer")
    run(running, [{**TWO[0], "productCode": 1000}, customer("C-1", "Last Oy", code="1001")])

    assert running.simulator.customers["C-1"]["externalCustomerName"] == "Last Oy"
