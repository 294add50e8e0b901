"""What EnerKey sees, brought over: facilities, months, specific consumption, pictures, alarms."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from energy_pipeline.enerkey_schema import (
    ENERKEY_ALARMS,
    ENERKEY_FACILITIES,
    ENERKEY_FACILITY_REPORTS,
    ENERKEY_MONTHLY_VALUES,
    ENERKEY_SPECIFIC_CONSUMPTION,
)
from energy_pipeline.errors import AccessRefused, NothingDone, SchemaSurprise
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.simulators.enerkey import Facility, Fault, Meter, Profile, profile
from energy_pipeline.sinks.enerkey.images import Wish
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.sinks.enerkey.value_answers import ValuesAnswer
from energy_pipeline.steps.enerkey_images import (
    WantedReport,
    fetch_alarm_image,
    fetch_alarms,
    fetch_reports,
)
from energy_pipeline.steps.enerkey_months import (
    compute_specific,
    refresh_facilities,
    refresh_months,
)
from energy_pipeline_tests.steps.tenancy import Tenancy, tenancy

NOW = datetime(2024, 7, 1, tzinfo=UTC)  # the tenancy's clock
AREA = {"name": "grossArea", "value": 100.0, "unit": "m2"}
ALARM = {
    "id": 90011,
    "name": "Above the limit",
    "meterId": 1,
    "triggeredAt": "2024-06-20T06:00:00+03:00",
    "value": 96.4,
    "threshold": 60,
    "unit": "kWh",
}


def the_profile() -> Profile:
    meters = [
        Meter(1, 11, "Main"),
        Meter(2, 11, "Part", parent_id=1),
        Meter(3, 11, "Heat", unit="MWh", quantity_id=2),
        Meter(4, 12, "Other"),
    ]
    facilities = [
        Facility(11, "Office", properties=(AREA, {"name": "usage", "value": "school"})),
        Facility(12, "Shed", time_zone="America/Denver"),
    ]
    return profile(meters, facilities=facilities, alarms=[ALARM])


def write(made: Tenancy, meter: int, month: int, value: float) -> None:
    made.simulator.write_as_other(meter, datetime(2024, month, 10, tzinfo=UTC), value)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Tenancy]:
    with tenancy(tmp_path, given=the_profile()) as made:
        yield made


def rows(made: Tenancy, dataset: Any) -> list[dict[str, Any]]:
    return made.bench.store.read_snapshot(dataset).to_pylist()


def test_facilities_with_their_properties(ours: Tenancy) -> None:
    assert refresh_facilities(ours.bench).rows == 3

    found = [tuple(row.values())[:-1] for row in rows(ours, ENERKEY_FACILITIES)]
    assert found == [
        (11, "Office", "Europe/Helsinki", None, "grossArea", 100.0, None, "m2"),
        (11, "Office", "Europe/Helsinki", None, "usage", None, "school", None),
        (12, "Shed", "America/Denver", None, "", None, None, None),
    ]


def test_one_facility_and_one_meter(ours: Tenancy) -> None:
    async def asked() -> tuple[str, int | None]:
        bench = ours.bench
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            facility = await session.client.facility(12)
            meter = await session.client.meter(2)
            return facility.name, meter.quantity_id

    assert asyncio.run(asked()) == ("Shed", 1)
    assert [name for name, _ in ours.operations()] == ["getFacility", "getMeter"]


def test_months_in_every_zone(ours: Tenancy) -> None:
    for month in (4, 5, 6):
        for meter in (1, 4):
            write(ours, meter, month, month)
    # in Helsinki it is June already, in Denver still May
    for meter in (1, 4):
        ours.simulator.write_as_other(meter, datetime(2024, 5, 31, 22, tzinfo=UTC), 100)
    report = refresh_months(ours.bench, 2)

    found = {
        (row["meter_id"], row["month"]): row["value"] for row in rows(ours, ENERKEY_MONTHLY_VALUES)
    }
    assert found == {
        (1, date(2024, 5, 1)): 5,
        (1, date(2024, 6, 1)): 106,
        (4, date(2024, 5, 1)): 105,
        (4, date(2024, 6, 1)): 6,
    }
    assert report.silent == (2, 3)
    assert len(rows(ours, ENERKEY_METERS)) == 4


def test_normalized_months_of_heat(ours: Tenancy) -> None:
    for meter in (1, 3):
        write(ours, meter, 5, 10)
    refresh_months(ours.bench, 12)

    normal = {
        row["meter_id"]: row["normalized_value"] for row in rows(ours, ENERKEY_MONTHLY_VALUES)
    }
    assert normal[1] == 10
    assert normal[3] not in (None, 10)


def test_long_ranges_are_cut(ours: Tenancy) -> None:
    refresh_months(ours.bench, 100)

    asked = [name for name, _ in ours.operations()]
    assert asked.count("getMonthlyValues") == asked.count("getMonthlyNormalizedValues") == 3


@pytest.mark.parametrize("switches", [{"missing_values": "null_value"}, {"response_offset": "utc"}])
def test_other_readings_of_months(tmp_path: Path, switches: dict[str, Any]) -> None:
    with tenancy(tmp_path, given=the_profile(), **switches) as made:
        write(made, 1, 5, 5)
        refresh_months(made.bench, 3)

        (row,) = rows(made, ENERKEY_MONTHLY_VALUES)
        assert (row["month"], row["value"]) == (date(2024, 5, 1), 5)


@pytest.mark.parametrize("label", ["2024-05-03T00:00:00Z", "2024-05-01T00:00:00", 5])
def test_a_month_that_begins_nowhere(label: Any) -> None:
    document = [{"meterId": 1, "values": [{"timestamp": label, "value": 1}]}]
    answer = ValuesAnswer(httpx.Response(200, json=document), "GET months")

    with pytest.raises(SchemaSurprise, match=r"GET months: \[0\]\.values\[0\]\.timestamp"):
        answer.monthly_values()


def test_specific_consumption(ours: Tenancy) -> None:
    for month in (4, 5):
        write(ours, 1, month, 50.0)
        write(ours, 2, month, 20.0)  # a part of the 50
        write(ours, 4, month, 7.0)  # no area known
    write(ours, 3, 5, 4.0)
    refresh_facilities(ours.bench)
    refresh_months(ours.bench, 3)

    assert compute_specific(ours.bench, "grossArea") == 3
    found = [
        (row["quantity_name"], row["month"].month, row["specific_value"], row["property_unit"])
        for row in rows(ours, ENERKEY_SPECIFIC_CONSUMPTION)
    ]
    assert found == [
        ("District heating", 5, 0.04, "m2"),
        ("Electricity", 4, 0.5, "m2"),
        ("Electricity", 5, 0.5, "m2"),
    ]
    assert compute_specific(ours.bench, "netArea") == 0


def wanted(id: int = 11, format: Any = "png", kind: Any = "report") -> WantedReport:
    return WantedReport(id, kind, Wish(format, ("1A2B3C", "FF8800")))


def test_pictures_are_files_beside_their_dataset(ours: Tenancy, tmp_path: Path) -> None:
    report = fetch_reports(ours.bench, [wanted(), wanted(format="pdf"), wanted(kind="image")])
    folder = tmp_path / "data" / "enerkey_facility_reports"

    assert report.png is not None
    assert (folder / "facility-11-report.png").read_bytes() == report.png
    assert (folder / "facility-11-report.pdf").read_bytes()[:5] == b"%PDF-"
    assert (folder / "facility-11-image.png").read_bytes() != report.png
    assert [row["format"] for row in rows(ours, ENERKEY_FACILITY_REPORTS)] == ["png", "pdf", "png"]
    assert report.files[0] == str(folder / "facility-11-report.png")


@pytest.mark.parametrize("kind", ["truncated_json", "wrong_content_type"])
@pytest.mark.parametrize("format", ["png", "pdf"])
def test_a_picture_that_is_none(ours: Tenancy, kind: Any, format: Any) -> None:
    images = frozenset({"getFacilityReport"})
    ours.simulator.faults.replace([Fault(kind=kind, operations=images)])

    with pytest.raises(NothingDone, match=f"allowed: a whole {format}"):
        fetch_reports(ours.bench, [wanted(format=format)])


def test_one_that_fails_leaves_the_others(ours: Tenancy) -> None:
    report = fetch_reports(ours.bench, [wanted(99), wanted(12)])

    assert list(report.failed) == ["facility-99-report.png"]
    assert len(report.files) == 1
    fetch_reports(ours.bench, [wanted(11)])
    assert [row["facility_id"] for row in rows(ours, ENERKEY_FACILITY_REPORTS)] == [11, 12]


def test_alarms_are_kept(ours: Tenancy) -> None:
    report = fetch_alarms(ours.bench, [90011, 1, 90011])

    assert list(report.failed) == [1]
    (row,) = rows(ours, ENERKEY_ALARMS)
    assert row["triggered_at"] == datetime(2024, 6, 20, 3, tzinfo=UTC)
    assert (row["value"], row["threshold"], row["facility_id"]) == (96.4, 60, None)
    assert fetch_alarm_image(ours.bench, 90011, "pdf")[:5] == b"%PDF-"
    with pytest.raises(NothingDone):
        fetch_alarms(ours.bench, [1])


def test_alarms_need_a_partners_key(tmp_path: Path) -> None:
    with tenancy(tmp_path, settings={"ENERKEY_PARTNER_KEY_A": ""}) as made:
        with pytest.raises(AccessRefused, match="set ENERKEY_PARTNER_KEY_A"):
            fetch_alarms(made.bench, [1])
        assert made.operations() == []


def test_an_alarm_that_is_none(tmp_path: Path) -> None:
    given = profile([Meter(1, 11, "Main")], alarms=[ALARM | {"triggeredAt": "yesterday"}])
    with tenancy(tmp_path, given=given) as made:
        with pytest.raises(NothingDone, match="triggeredAt: found 'yesterday'"):
            fetch_alarms(made.bench, [90011])
        made.simulator.faults.replace([Fault(kind="wrong_content_type")])
        with pytest.raises(SchemaSurprise):
            fetch_alarm_image(made.bench, 90011, "png")
