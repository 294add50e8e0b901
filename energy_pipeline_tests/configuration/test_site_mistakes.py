"""Every rule of the site file, with the exact line and member."""

import traceback
from pathlib import Path

import pytest

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import ConfigurationError
from energy_pipeline_tests.configuration.documents import (
    SETTINGS,
    USER_ID,
    VALID,
    changed,
    located,
    problems,
)

STREAM_NAMES = (
    "production, consumption, grid_import, grid_export, battery_charge or battery_discharge"
)
TEXT = "a text (digits in quotes)"
WHOLE = "a whole number greater than 0, without quotes"
DAY = "a day, written YYYY-MM-DD"
SECRET = "a text of visible ASCII characters without spaces (digits in quotes)"
ID = "small letters, digits and - (not first); only digits: in quotes"
SERIAL = "the gateway's serial number: 12 digits, in quotes"
VARIABLE = "the name of the environment variable that holds the token"
BRIDGE = "a number of hours, 0 to 24"
POWER = "a number of watts, more than 0"
ZONE = "a zone of the IANA database, for example Europe/Helsinki"
UPLOAD = "stream, meter_id, facility_id, reading, unit or opening_reading"

MISTAKES = [
    # changed text, its replacement; line, member, what was found, what is allowed
    ("id: rooftop-1", "id: Rooftop_1", 2, "id", "the text 'Rooftop_1'", ID),
    ("id: rooftop-1", "id: -roof", 2, "id", "the text '-roof'", ID),
    ("id: rooftop-1", "id: 1", 2, "id", "1", ID),
    ("id: rooftop-1", "id: 'roof\\n'", 2, "id", "the text 'roof\\\\n'", ID),
    ("name: Rooftop 1", "name: 1", 3, "name", "1", TEXT),
    ("name: Rooftop 1", "name: true", 3, "name", "true", TEXT),
    ("name: Rooftop 1", "name: ''", 3, "name", "nothing", TEXT),
    ("name: Rooftop 1", "name:", 3, "name", "nothing", TEXT),
    ("name: Rooftop 1", "name: [a]", 3, "name", "a list", TEXT),
    ("name: Rooftop 1", "name: {a: b}", 3, "name", "an object", TEXT),
    ("Europe/Helsinki", "Europe/Helsinky", 4, "timezone", "the text 'Europe/Helsinky'", ZONE),
    ("Europe/Helsinki", "europe/helsinki", 4, "timezone", "the text 'europe/helsinki'", ZONE),
    ("Europe/Helsinki", "../UTC", 4, "timezone", "the text '../UTC'", ZONE),
    ("Europe/Helsinki", "Europe", 4, "timezone", "the text 'Europe'", ZONE),
    ("Europe/Helsinki", "2", 4, "timezone", "2", ZONE),
    ("start: 2019-01-01", "start: 2019-02-30", 5, "start", "the text '2019-02-30'", DAY),
    ("start: 2019-01-01", "start: 20190101", 5, "start", "20190101", DAY),
    ("start: 2019-01-01", "start: '20190101'", 5, "start", "the text '20190101'", DAY),
    (
        "start: 2019-01-01",
        "start: 2014-12-31",
        5,
        "start",
        "2014-12-31",
        "not before ENERGY_FIRST_DAY, which is 2015-01-01",
    ),
    ("api: v2", "api: v3", 7, "enlighten.api", "the text 'v3'", "v2 or v4"),
    ("system_id: 67", "system_id: '67'", 8, "enlighten.system_id", "the text '67'", WHOLE),
    ("system_id: 67", "system_id: 0", 8, "enlighten.system_id", "0", WHOLE),
    ("system_id: 67", "system_id: 067", 8, "enlighten.system_id", "the text '067'", WHOLE),
    ("system_id: 67", "system_id: 6.7", 8, "enlighten.system_id", "6.7", WHOLE),
    ("system_id: 67", "system_id: true", 8, "enlighten.system_id", "true", WHOLE),
    (
        "system_id: 67",
        f"system_id: {2**63}",
        8,
        "enlighten.system_id",
        str(2**63),
        WHOLE,
    ),
    (USER_ID, "4d7 a", 9, "enlighten.user_id", "a value (not shown)", SECRET),
    (USER_ID, "4537", 9, "enlighten.user_id", "a value (not shown)", SECRET),
    (
        USER_ID,
        "",
        9,
        "enlighten.user_id",
        "nothing",
        "the user id that the owner's consent gave, which v2 needs",
    ),
    (
        "production: micro",
        "owner: larkspur",
        10,
        "enlighten.owner",
        "the text 'larkspur'",
        "nothing: v2 knows the owner by the user_id, only v4 by an authorization",
    ),
    (
        "production: micro",
        "production: both",
        10,
        "enlighten.production",
        "the text 'both'",
        "micro or meter",
    ),
    (
        "host: 192.168.1.67",
        "host: http://envoy",
        12,
        "envoy.host",
        "the text 'http://envoy'",
        "HOST or HOST:PORT",
    ),
    ('"122117051926"', "122117051926", 13, "envoy.serial", "122117051926", SERIAL),
    ('"122117051926"', "'1221'", 13, "envoy.serial", "the text '1221'", SERIAL),
    (
        "tls_fingerprint: null",
        "tls_fingerprint: ab",
        14,
        "envoy.tls_fingerprint",
        "the text 'ab'",
        "a SHA-256 fingerprint: 64 hex digits, with or without colons",
    ),
    (
        "tls_fingerprint: null",
        "token_env: 1 TOKEN",
        14,
        "envoy.token_env",
        "the text '1 TOKEN'",
        VARIABLE,
    ),
    (
        "tls_fingerprint: null",
        "token_env: eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiIxMjIxIn0.c2lnbmF0dXJl",
        14,
        "envoy.token_env",
        "a value (not shown)",
        VARIABLE,
    ),
    ("tls_fingerprint: null", "max_power_w: 0", 14, "envoy.max_power_w", "0", POWER),
    ("tls_fingerprint: null", "bridge_hours: 25", 14, "envoy.bridge_hours", "25", BRIDGE),
    ("tls_fingerprint: null", "bridge_hours: -1", 14, "envoy.bridge_hours", "-1", BRIDGE),
    (
        "tls_fingerprint: null",
        "bridge_hours: '6'",
        14,
        "envoy.bridge_hours",
        "the text '6'",
        BRIDGE,
    ),
    (
        "production: enlighten",
        "production: cloud",
        16,
        "streams.production",
        "the text 'cloud'",
        "enlighten, envoy or auto",
    ),
    (
        "production: enlighten",
        "solar: enlighten",
        16,
        "streams.solar",
        "an unknown member",
        STREAM_NAMES,
    ),
    ("stream: production", "stream: sun", 18, "uploads[0].stream", "the text 'sun'", STREAM_NAMES),
    ("stream: production", "stream: [sun]", 18, "uploads[0].stream", "a list", STREAM_NAMES),
    ("meter_id: 101", "meter_id: -1", 19, "uploads[0].meter_id", "-1", WHOLE),
    ("facility_id: 11", "facility_id: x", 20, "uploads[0].facility_id", "the text 'x'", WHOLE),
    (
        "reading: consumption",
        "reading: register",
        21,
        "uploads[0].reading",
        "the text 'register'",
        "consumption or cumulative",
    ),
    ("unit: kWh", "unit: kwh", 22, "uploads[0].unit", "the text 'kwh'", "Wh, kWh or MWh"),
    (
        "opening_reading: 0",
        "opening_reading: 5",
        23,
        "uploads[0].opening_reading",
        "5",
        "0 or nothing, because only a cumulative upload has a register",
    ),
    (
        "opening_reading: 12.5",
        "opening_reading: -1",
        28,
        "uploads[1].opening_reading",
        "-1",
        "a number, 0 or more",
    ),
    (
        "opening_reading: 12.5",
        "opening_reading: '1'",
        28,
        "uploads[1].opening_reading",
        "the text '1'",
        "a number, 0 or more",
    ),
    (
        "unit: kWh",
        "unit: kWh\n        factor: 2",
        23,
        "uploads[0].factor",
        "an unknown member",
        UPLOAD,
    ),
    (
        "meter_id: 102",
        "meter_id: 101",
        25,
        "uploads[1].meter_id",
        "101, which is sites[0].uploads[0].meter_id already",
        "each meter_id once in the file",
    ),
    (
        "reading: consumption",
        "reading: cumulative",
        26,
        "uploads[1].reading",
        "a second cumulative upload of the text 'production', after sites[0].uploads[0]",
        "one cumulative upload for each stream of a site",
    ),
    (
        "name: Rooftop 1",
        "name: Rooftop 1\n    name: Rooftop 2",
        4,
        "name",
        "the member a second time, first in line 3",
        "each member once",
    ),
    ("name: Rooftop 1", "name: !env NAME", 3, "name", "a tag", "a value without a tag"),
]


@pytest.mark.parametrize(("old", "new", "line", "member", "found", "allowed"), MISTAKES)
def test_a_mistake_is_named_exactly(
    tmp_path: Path, old: str, new: str, line: int, member: str, found: str, allowed: str
):
    (problem,) = problems(tmp_path, changed((old, new)))
    assert problem.where == f"{tmp_path / 'sites.yaml'}:{line}"
    assert problem.member == f"sites[0].{member}"
    assert problem.found == found
    assert problem.allowed == allowed
    assert str(problem) == f"{problem.where}: {problem.member}: found {found}; allowed: {allowed}"


@pytest.mark.parametrize(
    ("removed", "line", "member"),
    [
        ("    name: Rooftop 1\n", 2, "sites[0].name"),
        ("    timezone: Europe/Helsinki\n", 2, "sites[0].timezone"),
        ("    start: 2019-01-01\n", 2, "sites[0].start"),
        ("      system_id: 67\n", 6, "sites[0].enlighten.system_id"),
        (f"      user_id: {USER_ID}\n", 6, "sites[0].enlighten.user_id"),
        ("      host: 192.168.1.67\n", 11, "sites[0].envoy.host"),
        ('      serial: "122117051926"\n', 11, "sites[0].envoy.serial"),
        ("        meter_id: 101\n", 18, "sites[0].uploads[0].meter_id"),
        ("        reading: consumption\n", 18, "sites[0].uploads[0].reading"),
        ("        unit: MWh\n", 24, "sites[0].uploads[1].unit"),
    ],
)
def test_a_missing_member_has_the_line_of_the_object_that_lacks_it(
    tmp_path: Path, removed: str, line: int, member: str
):
    text = changed((removed, ""))
    (problem,) = problems(tmp_path, text)
    assert problem.found == "nothing"
    assert located(tmp_path, text) == [(line, member)]


def test_the_default_dialect_counts_where_a_site_names_none(tmp_path: Path):
    text = changed(("      api: v2\n", ""))
    text = text.replace(f"      user_id: {USER_ID}\n", "")
    path = tmp_path / "sites.yaml"
    path.write_text(text)
    sites = load_registry(path, Settings()).sites
    assert {site.enlighten.api for site in sites if site.enlighten} == {"v4"}

    found = problems(tmp_path, text, SETTINGS)
    assert {problem.member.rpartition(".")[2] for problem in found} == {"user_id"}


def test_streams_that_only_v4_has(tmp_path: Path):
    text = changed(("production: enlighten", "grid_import: enlighten"))
    (problem,) = problems(tmp_path, text)
    assert problem.member == "sites[0].streams.grid_import"
    assert "v2 has production and consumption alone" in problem.found


def test_an_id_that_two_sites_have(tmp_path: Path):
    (problem,) = problems(tmp_path, changed(("id: warehouse-2", "id: rooftop-1")))
    assert problem.where.endswith(":29")
    assert problem.member == "sites[1].id"
    assert problem.found == "the text 'rooftop-1', which is sites[0].id already"


def test_a_truth_value_is_no_id_that_could_be_repeated(tmp_path: Path):
    text = changed(("meter_id: 101", "meter_id: 1"), ("meter_id: 102", "meter_id: true"))
    (problem,) = problems(tmp_path, text)
    assert (problem.member, problem.found) == ("sites[0].uploads[1].meter_id", "true")


def test_a_meter_that_two_sites_push_to(tmp_path: Path):
    text = changed(("meter_id: 201", "meter_id: 102"))
    assert located(tmp_path, text) == [(38, "sites[1].uploads[0].meter_id")]


def test_a_site_without_a_source(tmp_path: Path):
    lines = VALID.splitlines(keepends=True)
    text = "".join(line for at, line in enumerate(lines, 1) if not 33 <= at <= 35)
    (problem,) = problems(tmp_path, text)
    assert problem.where.endswith(":29")
    assert problem.allowed == "at least one source: enlighten or envoy"


def test_a_stream_from_a_source_that_the_site_does_not_have(tmp_path: Path):
    streams = f"user_id: {USER_ID}\n    streams:\n      consumption: envoy\n    uploads:\n"
    text = VALID.replace("production: micro", "production: meter")
    head, tail = text.rsplit(f"user_id: {USER_ID}\n    uploads:\n", 1)
    (problem,) = problems(tmp_path, head + streams + tail)
    assert problem.where.endswith(":37")
    assert problem.member == "sites[1].streams.consumption"
    assert problem.found == "the text 'envoy', which this site does not have"


def test_streams_of_different_sites_have_registers_of_their_own(tmp_path: Path):
    text = changed(("id: warehouse-2", "id: Warehouse"))  # both have a cumulative production
    assert located(tmp_path, text) == [(29, "sites[1].id")]


def test_all_mistakes_at_once_in_the_order_of_the_file(tmp_path: Path):
    text = changed(
        ("id: rooftop-1", "id: Roof"),
        ("    name: Rooftop 1\n", ""),
        ("start: 2019-01-01", "start: soon"),
        (f"user_id: {USER_ID}", "user_id: 5\n      user: 6"),
        ("unit: kWh", "unit: J"),
        ("meter_id: 102", "meter_id: 101"),
        ("timezone: Asia/Kolkata", "timezone: Asia/Calcuta"),
        ("meter_id: 201", "meter_id: 101"),
    )
    assert located(tmp_path, text) == [
        (2, "sites[0].id"),
        (2, "sites[0].name"),
        (4, "sites[0].start"),
        (8, "sites[0].enlighten.user_id"),
        (9, "sites[0].enlighten.user"),
        (22, "sites[0].uploads[0].unit"),
        (25, "sites[0].uploads[1].meter_id"),
        (31, "sites[1].timezone"),
        (38, "sites[1].uploads[0].meter_id"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "member", "found", "allowed"),
    [
        ("", 1, "the file", "nothing", "an object with members"),
        ("- a\n", 1, "the file", "a list", "an object with members"),
        ("# only words\n\nsite: []\n", 3, "sites", "nothing", "a list"),
        ("sites:\n", 1, "sites", "nothing", "a list"),
        ("\nsites: []\n", 2, "sites", "an empty list", "a list with at least one site"),
        ("sites: {a: b}\n", 1, "sites", "an object", "a list"),
        ("sites:\n\n  - 5\n", 3, "sites[0]", "5", "an object with members"),
    ],
)
def test_a_file_of_another_form(
    tmp_path: Path, text: str, line: int, member: str, found: str, allowed: str
):
    first = problems(tmp_path, text)[0]
    assert first.where.endswith(f":{line}")
    assert (first.member, first.found, first.allowed) == (member, found, allowed)


@pytest.mark.parametrize(
    "value",
    [
        f"{USER_ID} x",
        f"[{USER_ID}]",
        f"{{a: {USER_ID}}}",
        f"{{{USER_ID}: a}}",
        f"*{USER_ID}",
        f"!{USER_ID} a",
        f"'{USER_ID}",
        f"{USER_ID}: a",
    ],
)
def test_the_text_of_a_secret_is_in_no_message(tmp_path: Path, value: str):
    for problem in problems(tmp_path, changed((USER_ID, value))):
        assert USER_ID not in str(problem)


def test_no_cause_of_the_error_holds_the_value(tmp_path: Path):
    path = tmp_path / "sites.yaml"
    path.write_text(changed((USER_ID, "very secret")))
    with pytest.raises(ConfigurationError) as caught:
        load_registry(path, SETTINGS)
    assert "very secret" not in "".join(traceback.format_exception(caught.value))
