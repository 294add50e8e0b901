"""The provisioning file: what it says, what sites say for it, every mistake with its line."""

import re
from pathlib import Path

import pytest

from energy_pipeline.configuration.provisioning import Provisioning, load_provisioning
from energy_pipeline.configuration.sites import Registry, load_registry
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline_tests.configuration.documents import SETTINGS, VALID
from energy_pipeline_tests.conftest import REPOSITORY

FILE = """\
complete: true
existing_customers: 2
product_codes: ["1000", "1001"]
customers:
  - externalCustomerId: C-1001
    externalCustomerName: Esimerkki Oy
    productCode: "1000"
    email: owner@example.com
    phoneNumber: "+358401234567"
  - externalCustomerId: C-1002
    externalCustomerName: Toinen Oy
    productCode: "1001"
facilities:
  - externalFacilityId: rooftop-1
    externalCustomerId: C-1001
    meters:
      - externalMeterId: rooftop-1/consumption
        quantityId: 1
        readingType: consumption
        subMeters:
          - externalMeterId: warehouse-2/production
            name: Elsewhere
            quantityId: 1
            readingType: cumulative
  - externalFacilityId: warehouse-2
    externalCustomerId: C-1002
    meters:
      - externalMeterId: M-9
        name: By hand
        quantityId: 1
        readingType: consumption
"""
ID = "a text without blanks at its ends and without control characters (digits in quotes)"
TEXT = "a text (digits in quotes)"
CUSTOMER = "the externalCustomerId of a customer in this file"
MISTAKES = [
    # changed text, its replacement; line, member, what was found, what is allowed
    ("complete: true", "complete: yes", 1, "complete", "the text 'yes'", "true or false"),
    ("ers: 2", "ers: -1", 2, "existing_customers", "-1", "a whole number, 0 or more, without q"),
    ('["1000", "1001"]', "1000", 3, "product_codes", "1000", "a list"),
    ('["1000", "1001"]', "[1000]", 3, "product_codes[0]", "1000", TEXT),
    ("Id: C-1001", "Id: 1001", 5, "customers[0].externalCustomerId", "1001", ID),
    ("Id: C-1001", "Id: ' C'", 5, "customers[0].externalCustomerId", "the text ' C'", ID),
    ("    externalCustomerName: Esimerkki Oy\n", "", 5, "[0].externalCustomerName", "nothing", ID),
    ('Code: "1000"', "Code: 1000", 7, "customers[0].productCode", "1000", TEXT),
    (
        'Code: "1000"',
        'Code: "1999"',
        7,
        "[0].productCode",
        "the text '1999'",
        "product_codes: 1000",
    ),
    ("email: owner@example.com", "email: [a@b]", 8, "email", "a value (not shown)", TEXT),
    ('"+358401234567"', "358401234567", 9, "phoneNumber", "a value (not shown)", TEXT),
    ("    email:", "    eMail:", 8, "customers[0].eMail", "an unknown member", "email"),
    (
        "Id: C-1002",
        "Id: c-1001",
        10,
        "customers[1].externalCustomerId",
        "the text 'c-1001', which is customers[0].externalCustomerId already",
        "each externalCustomerId once in the file",
    ),
    (
        "Name: Toinen Oy",
        "Name: ESIMERKKI OY",
        11,
        "customers[1].externalCustomerName",
        "which is customers[0].externalCustomerName already",
        "each externalCustomerName once in the file",
    ),
    ("Id: rooftop-1\n", "Id: attic\n", 14, "facilities[0].name", "nothing", TEXT),
    (
        "externalFacilityId: warehouse-2",
        "externalFacilityId: rooftop-1",
        25,
        "facilities[1].externalFacilityId",
        "which is facilities[0].externalFacilityId already",
        "once",
    ),
    (
        "    externalCustomerId: C-1002",
        "    externalCustomerId: C-9",
        26,
        "facilities[1].externalCustomerId",
        "the text 'C-9'",
        CUSTOMER,
    ),
    (
        "warehouse-2/production",
        "rooftop-1/consumption",
        21,
        "facilities[0].meters[0].subMeters[0].externalMeterId",
        "which is facilities[0].meters[0].externalMeterId already",
        "once",
    ),
    (
        "readingType: cumulative",
        "readingType: consumption",
        24,
        "facilities[0].meters[0].subMeters[0].readingType",
        "the text 'consumption'",
        "cumulative, as the upload of warehouse-2/production in the site file says",
    ),
    ("quantityId: 1\n", "quantityId: kWh\n", 18, "meters[0].quantityId", "the text 'kWh'", "whole"),
    (
        "        readingType: consumption\n        sub",
        "        sub",
        17,
        "readingType",
        "nothing",
        "",
    ),
]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    path = tmp_path / "sites.yaml"
    path.write_text(VALID)
    return load_registry(path, SETTINGS)


def load(folder: Path, text: str, registry: Registry) -> Provisioning:
    path = folder / "provisioning.yaml"
    path.write_text(text)
    return load_provisioning(path, registry)


def problems(folder: Path, text: str, registry: Registry) -> list[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text, registry)
    return list(caught.value.problems)


def test_file_is_read(tmp_path: Path, registry: Registry) -> None:
    read = load(tmp_path, FILE, registry)

    assert (read.complete, read.existing_customers) == (True, 2)
    assert [each.externalCustomerId for each in read.customers] == ["C-1001", "C-1002"]
    assert "owner@example.com" not in repr(read)
    assert "+358401234567" not in str(read)


def test_sites_say_what_they_know(tmp_path: Path, registry: Registry) -> None:
    rooftop, warehouse = load(tmp_path, FILE, registry).facilities

    assert (rooftop.name, rooftop.timeZone) == ("Rooftop 1", "Europe/Helsinki")
    assert rooftop.meters[0].name == "Consumption"
    assert (warehouse.name, warehouse.timeZone) == ("Warehouse 2", "Asia/Kolkata")
    assert warehouse.meters[0].name == "By hand"


def test_upload_says_how_a_stream_is_read(tmp_path: Path, registry: Registry) -> None:
    text = FILE.replace("M-9\n        name: By hand", "warehouse-2/production")
    text = text.replace(
        "          - externalMeterId: warehouse-2/production", "          - externalMeterId: M-8"
    )
    text = text.rsplit("        readingType", 1)[0]

    (meter,) = load(tmp_path, text, registry).facilities[1].meters

    assert (meter.name, meter.readingType) == ("Production", "cumulative")


def test_what_the_file_says_itself_holds(tmp_path: Path, registry: Registry) -> None:
    named = FILE.replace("rooftop-1\n", "rooftop-1\n    name: Own name\n", 1)

    assert load(tmp_path, named, registry).facilities[0].name == "Own name"


@pytest.mark.parametrize(("old", "new", "line", "member", "found", "allowed"), MISTAKES)
def test_mistake(
    tmp_path: Path,
    registry: Registry,
    old: str,
    new: str,
    line: int,
    member: str,
    found: str,
    allowed: str,
) -> None:
    assert old in FILE
    reported = problems(tmp_path, FILE.replace(old, new, 1), registry)
    problem = next(each for each in reported if each.member.endswith(member))

    assert problem.where == f"{tmp_path / 'provisioning.yaml'}:{line}"
    assert found in problem.found
    assert allowed in problem.allowed


def test_all_mistakes_at_once_and_no_personal_value(tmp_path: Path, registry: Registry) -> None:
    text = FILE.replace('"+358401234567"', "358401234567").replace("C-1002", "C-1001")

    found = problems(tmp_path, text, registry)

    assert len(found) == 2
    assert "358401234567" not in "".join(map(str, found))


def test_no_file(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(ConfigurationError, match=r"see provisioning\.example\.yaml"):
        load_provisioning(tmp_path / "provisioning.yaml", registry)


def test_example_is_valid_and_lacks_nothing() -> None:
    example = REPOSITORY / "provisioning.example.yaml"
    registry = load_registry(REPOSITORY / "sites.example.yaml", SETTINGS)

    load_provisioning(example, registry)
    models: list[type] = [Provisioning]
    for model in models:
        for field in model.model_fields.values():
            inner = re.findall(r"configuration\.provisioning\.(\w+)", str(field.annotation))
            names = {
                name: getattr(__import__(model.__module__, fromlist=["x"]), name) for name in inner
            }
            models += [each for each in names.values() if each not in models]
    written = example.read_text()
    assert len(models) == 5
    for model in models:
        for name in model.model_fields:
            assert re.search(rf"\b{name}:", written), name
