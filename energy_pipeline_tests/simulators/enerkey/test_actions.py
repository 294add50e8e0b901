"""Actions: the update replaces everything, what is left out is lost."""

from typing import Any

import pytest

from energy_pipeline.simulators.enerkey import Meter, profile
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start

ACTION = {
    "id": 5012,
    "name": "Replace lighting with LED",
    "facilityIds": [11],
    "status": "Planned",
    "plannedStart": "2026-03-01T00:00:00Z",
    "estimatedSavings": [{"quantityId": 1, "value": 12000.0, "unit": "kWh"}],
    "someFutureField": {"keep": "me"},
}
PATH = "/api/v2/Actions/5012"


def begin(start: Start, **switches: Any) -> Running:
    given = profile([Meter(101, 11, "Meter"), Meter(102, 12, "Other")], actions=[ACTION])
    return start(given=given, **switches)


def test_list_by_facility(start: Start) -> None:
    running = begin(start)

    def ids(**params: Any) -> list[int]:
        return [each["id"] for each in running.http.get("/api/v2/Actions", params=params).json()]

    assert ids() == ids(facilityIds=[11, 12]) == [5012]
    assert ids(facilityIds=12) == []


def test_update_replaces_and_what_is_left_out_is_lost(start: Start) -> None:
    running = begin(start)

    answer = running.http.put(PATH, json={"id": 5012, "status": "Done"})

    lost = dict.fromkeys(ACTION) | {"facilityIds": [], "estimatedSavings": []}
    assert answer.json() == {**lost, "id": 5012, "status": "Done"}
    assert running.http.get(PATH).json() == answer.json() == running.simulator.action(5012)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"id": 1}, "id"),
        ({"name": 1}, "name"),
        ({"cost": "1"}, "cost"),
        ({"cost": True}, "cost"),
        ({"facilityIds": None}, "facilityIds"),
        ({"facilityIds": ["11"]}, "facilityIds"),
        ({"plannedStart": "2026-03-01"}, "plannedStart"),
        ({"estimatedSavings": [{"value": 1}]}, "estimatedSavings"),
    ],
)
def test_update_that_is_none(start: Start, change: dict[str, Any], member: str) -> None:
    running = begin(start)

    answer = running.http.put(PATH, json=ACTION | change)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [member])
    assert running.simulator.action(5012) == ACTION


def test_unknown_action(start: Start) -> None:
    running = begin(start)

    assert running.http.get("/api/v2/Actions/1").status_code == 404
    assert running.http.put("/api/v2/Actions/1", json={"id": 1}).status_code == 404
    assert running.http.put(PATH, json=[]).status_code == 400


def test_version_has_to_match(start: Start) -> None:
    running = begin(start, action_concurrency="etag_if_match")
    tag = {"If-Match": running.http.get(PATH).headers["ETag"]}

    first = running.http.put(PATH, json=ACTION | {"name": "First"}, headers=tag)
    second = running.http.put(PATH, json=ACTION | {"name": "Second"}, headers=tag)

    assert (first.status_code, second.status_code) == (200, 409)
    assert running.simulator.action(5012)["name"] == "First"


def test_update_by_post(start: Start) -> None:
    running = begin(start, action_update="post_update")

    assert running.http.post(PATH, json=ACTION).status_code == 200


def test_another_user(start: Start) -> None:
    running = begin(start)
    running.simulator.change_action_as_other(5012, {"status": "Done"})

    assert running.http.get(PATH).json() == ACTION | {"status": "Done"}
