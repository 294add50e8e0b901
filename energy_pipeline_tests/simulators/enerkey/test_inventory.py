"""Quantities, facilities and meters, one, many and all, and the shapes that switches give them."""

from typing import Any

import pytest

from energy_pipeline.simulators.enerkey import Facility, Meter, Quantity, profile
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start

AREA = {"name": "grossArea", "value": 12500.0, "unit": "m2"}
GIVEN = profile(
    [
        Meter(101, 88, "Electricity, main"),
        Meter(102, 88, "Ventilation", reading_type="cumulative", parent_id=101),
        Meter(104, 88, "Fan", parent_id=102),
        Meter(103, 89, "District heating", unit=None, quantity_id=2),
    ],
    facilities=[Facility(88, "Office", properties=(AREA,), address={"city": "Jyväskylä"})],
)
FAN = {
    "id": 104,
    "facilityId": 88,
    "name": "Fan",
    "quantityId": 1,
    "unit": "kWh",
    "readingType": "consumption",
    "subMeters": None,
}


@pytest.fixture
def running(start: Start) -> Running:
    return start(given=GIVEN)


def get(running: Running, path: str, **params: Any) -> Any:
    return running.http.get(f"/api/v2/{path}", params=params).raise_for_status().json()


def test_quantities(running: Running) -> None:
    assert get(running, "Quantities")[:2] == [
        {"id": 1, "name": "Electricity", "unit": "kWh"},
        {"id": 2, "name": "District heating", "unit": "MWh"},
    ]


def test_facilities(running: Running) -> None:
    office = {
        "id": 88,
        "name": "Office",
        "city": "Jyväskylä",
        "timeZone": "Europe/Helsinki",
        "properties": [AREA],
    }
    made = {"id": 89, "name": "Facility 89", "timeZone": "Europe/Helsinki", "properties": []}

    assert get(running, "Facilities") == [office, made]
    assert get(running, "Facilities", facilityIds=[89, 999, 88]) == [made, office]
    assert get(running, "Facilities/88") == office
    assert running.http.get("/api/v2/Facilities/999").status_code == 404


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("dictionary", {"properties": {"grossArea": 12500.0}}),
        ("flat", {"grossArea": 12500.0}),
    ],
)
def test_shapes_of_properties(start: Start, shape: str, expected: dict[str, object]) -> None:
    facility = get(start(given=GIVEN, facility_properties=shape), "Facilities/88")

    assert facility == {
        "id": 88,
        "name": "Office",
        "city": "Jyväskylä",
        "timeZone": "Europe/Helsinki",
        **expected,
    }


def test_meters_are_nested(running: Running) -> None:
    main, heating = get(running, "Meters")

    assert (main["id"], heating["id"], heating["unit"]) == (101, 103, None)
    assert main["subMeters"][0]["readingType"] == "cumulative"
    assert main["subMeters"][0]["subMeters"] == [FAN]


def test_meters_of_facilities(running: Running) -> None:
    assert [each["id"] for each in get(running, "Meters", facilityIds=[89])] == [103]


def test_named_meters_come_once(running: Running) -> None:
    meters = get(running, "Meters", meterIds=[104, 102, 103])

    assert [each["id"] for each in meters] == [102, 103]
    assert meters[0]["subMeters"] == [FAN]


def test_facilities_and_meters_together_are_refused(running: Running) -> None:
    answer = running.http.get("/api/v2/Meters", params={"facilityIds": 88, "meterIds": 101})

    assert answer.status_code == 400


def test_one_meter(running: Running) -> None:
    assert get(running, "Meters/104") == FAN
    assert running.http.get("/api/v2/Meters/999").status_code == 404


def test_unknown_ids_refuse_the_list(start: Start) -> None:
    running = start(given=GIVEN, unknown_ids_in_list="404_all")

    for params in ({"facilityIds": [88, 999]}, {"meterIds": [101, 999]}):
        assert running.http.get("/api/v2/Meters", params=params).status_code == 404
    facilities = running.http.get("/api/v2/Facilities", params={"facilityIds": 999})
    assert facilities.status_code == 404


def test_flat_meters_name_their_parent(start: Start) -> None:
    running = start(given=GIVEN, meter_hierarchy="flat_parent_id")

    parents = {each["id"]: each["parentId"] for each in get(running, "Meters")}

    assert parents == {101: None, 102: 101, 104: 102, 103: None}
    assert get(running, "Meters/102")["parentId"] == 101
    assert "subMeters" not in get(running, "Meters/102")


def test_member_names_of_another_style(start: Start) -> None:
    running = start(given=GIVEN, json_naming="PascalCase")

    (main, _) = get(running, "Meters")

    assert main["SubMeters"][0]["FacilityId"] == 88


def test_unit_of_a_meter_without_one_is_that_of_its_quantity(running: Running) -> None:
    answer = running.hourly(103, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")

    assert answer.json()[0]["unit"] == "MWh"


@pytest.mark.parametrize(
    "meters",
    [
        [Meter(1, 11, "A"), Meter(1, 11, "B")],
        [Meter(1, 11, "A", parent_id=2)],
        [Meter(1, 11, "A"), Meter(2, 12, "B", parent_id=1)],
        [Meter(1, 11, "A", quantity_id=9)],
    ],
)
def test_profile_that_contradicts_itself(meters: list[Meter]) -> None:
    with pytest.raises(ValueError, match=r"twice|no meter|no quantity"):
        profile(meters, quantities=[Quantity(1, "Electricity", "kWh")])
