import traceback
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dotenv import dotenv_values

from energy_pipeline.configuration.environment import Settings, load_settings
from energy_pipeline.errors import ConfigurationError, Problem


def refused(environ: dict[str, str], dotenv: Path | None = None) -> list[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, dotenv)
    return list(caught.value.problems)


def plain(settings: Settings, field: str) -> object:
    """Return a field's value as a person would write it; secrets in clear."""
    value = getattr(settings, field)
    value = getattr(value, "value", value)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


DEFAULTS: dict[str, object] = {
    "energy_sites_file": Path("sites.yaml"),
    "energy_provisioning_file": Path("provisioning.yaml"),
    "energy_data_uri": "data",
    "energy_state_url": None,
    "energy_token_key": None,
    "enlighten_api": "v4",
    "enlighten_base_url": "https://api.enphaseenergy.com",
    "enlighten_api_key": None,
    "enlighten_client_id": None,
    "enlighten_client_secret": None,
    "enlighten_refresh_token": None,
    "enlighten_plan": "watt",
    "enlighten_requests_per_minute": 10,
    "enlighten_requests_per_month": 1000,
    "enphase_email": None,
    "enphase_password": None,
    "enphase_login_url": "https://enlighten.enphaseenergy.com",
    "enphase_entrez_url": "https://entrez.enphaseenergy.com",
    "envoy_poll_minutes": 5,
    "enerkey_base_url": "https://api.enerkey.com",
    "enerkey_api_key_a": None,
    "enerkey_api_key_b": None,
    "enerkey_tenant_key_a": None,
    "enerkey_tenant_key_b": None,
    "enerkey_partner_key_a": None,
    "enerkey_partner_key_b": None,
    "enerkey_facilities": frozenset(),
    "enerkey_read_only": False,
    "enerkey_repush": "unknown",
    "enerkey_quiet_seconds": None,
    "energy_first_day": date(2015, 1, 1),
    "energy_settle_hours": 2,
    "energy_give_up_days": 7,
    "enerkey_requests_per_second": 2,
    "enerkey_requests_per_day": 36_000,
    "enerkey_max_push_days": 365,
}

GIVEN: dict[str, tuple[str, object]] = {
    "energy_sites_file": ("a/b.yaml", Path("a/b.yaml")),
    "energy_provisioning_file": ("/c.yaml", Path("/c.yaml")),
    "energy_data_uri": ("/srv/energy", "/srv/energy"),
    "energy_state_url": ("postgresql://u:p@db/energy", "postgresql://u:p@db/energy"),
    "energy_token_key": (f"{'a' * 43}=", f"{'a' * 43}="),
    "enlighten_api": ("v2", "v2"),
    "enlighten_base_url": ("http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
    "enlighten_api_key": ("k1", "k1"),
    "enlighten_client_id": ("k2", "k2"),
    "enlighten_client_secret": ("k3", "k3"),
    "enlighten_refresh_token": ("k4", "k4"),
    "enlighten_plan": ("kilowatt", "kilowatt"),
    "enlighten_requests_per_minute": ("51", 51),
    "enlighten_requests_per_month": ("10000", 10_000),
    "enphase_email": ("a@b.example", "a@b.example"),
    "enphase_password": ("with space", "with space"),
    "enphase_login_url": ("https://login.example", "https://login.example"),
    "enphase_entrez_url": ("https://entrez.example:444", "https://entrez.example:444"),
    "envoy_poll_minutes": ("15", 15),
    "enerkey_base_url": ("http://localhost:8002", "http://localhost:8002"),
    "enerkey_api_key_a": ("k5", "k5"),
    "enerkey_api_key_b": ("k6", "k6"),
    "enerkey_tenant_key_a": ("k7", "k7"),
    "enerkey_tenant_key_b": ("k8", "k8"),
    "enerkey_partner_key_a": ("k9", "k9"),
    "enerkey_partner_key_b": ("k10", "k10"),
    "enerkey_facilities": ("11, 12", frozenset({11, 12})),
    "enerkey_read_only": ("true", True),
    "enerkey_repush": ("sum", "sum"),
    "enerkey_quiet_seconds": ("0", 0.0),
    "energy_first_day": ("2019-01-01", date(2019, 1, 1)),
    "energy_settle_hours": ("0.5", 0.5),
    "energy_give_up_days": ("30", 30),
    "enerkey_requests_per_second": ("0.5", 0.5),
    "enerkey_requests_per_day": ("39999", 39_999),
    "enerkey_max_push_days": ("1", 1),
}


def test_defaults_are_those_of_the_interface():
    settings = load_settings({}, None)
    assert set(Settings.model_fields) == set(DEFAULTS)
    assert {field: plain(settings, field) for field in DEFAULTS} == DEFAULTS


def test_every_variable_is_read():
    settings = load_settings({field.upper(): text for field, (text, _) in GIVEN.items()}, None)
    assert set(GIVEN) == set(DEFAULTS)
    for field, (_, value) in GIVEN.items():
        assert plain(settings, field) == value, field
        assert plain(settings, field) != DEFAULTS[field], field


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTPS://API.Example:443/", "https://api.example"),
        ("https://api.example:8443/Base//", "https://api.example:8443/Base"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_one_service_has_one_url_however_it_is_written(text: str, url: str) -> None:
    """What was pushed and spent is remembered by it."""
    assert load_settings({"ENERKEY_BASE_URL": text}, None).enerkey_base_url == url


@pytest.mark.parametrize(
    ("plan", "per_minute", "per_month"),
    [
        ("watt", 10, 1_000),
        ("kilowatt", 50, 50_000),
        ("megawatt", 100, 300_000),
        ("partner", 300, 1_500_000),
    ],
)
def test_a_plan_gives_its_limits_and_a_number_wins(plan: str, per_minute: int, per_month: int):
    settings = load_settings({"ENLIGHTEN_PLAN": plan}, None)
    limits = (settings.enlighten_requests_per_minute, settings.enlighten_requests_per_month)
    assert limits == (per_minute, per_month)
    given = {"ENLIGHTEN_PLAN": plan, "ENLIGHTEN_REQUESTS_PER_MONTH": "77"}
    settings = load_settings(given, None)
    limits = (settings.enlighten_requests_per_minute, settings.enlighten_requests_per_month)
    assert limits == (per_minute, 77)


@pytest.mark.parametrize("slot", ["API_KEY_A", "API_KEY_B", "TENANT_KEY_B", "PARTNER_KEY_A"])
def test_keys_have_dates(slot: str):
    environ = {
        f"ENERKEY_{slot}": "k",
        f"ENERKEY_{slot}_VALID_FROM": "2026-01-31T00:00:00+02:00",
        f"ENERKEY_{slot}_VALID_TO": "2027-01-31T00:00:00Z",
    }
    key = getattr(load_settings(environ, None), f"enerkey_{slot}".lower())
    assert key.value.get_secret_value() == "k"
    assert key.valid_from == datetime(2026, 1, 30, 22, tzinfo=UTC)
    assert key.valid_from.tzinfo is UTC
    assert key.valid_to == datetime(2027, 1, 31, tzinfo=UTC)


URL = "https://HOST, without login and query (http:// for this machine only)"
COUNT = "a whole number greater than 0"
NUMBER = "a number, 0 or more"
INSTANT = "a date and time with offset, for example 2026-01-31T00:00:00+02:00"
ASCII = "a text of visible ASCII characters without spaces (digits in quotes)"
IDS = "whole numbers, separated by commas, for example 11,12"
DATABASE = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
STORE = "a local path, or s3://…, gs://… or abfs://… without login"
REPUSH = "unknown, overwrite_hour, sum, timestamp_upsert, reject or keep_first"


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("ENERGY_DATA_URI", "ftp://host/x", STORE),
        ("ENERGY_DATA_URI", "s3://", STORE),
        ("ENERGY_DATA_URI", "s3://key:hush@bucket", STORE),
        ("ENERGY_STATE_URL", "mysql://hush@host/x", DATABASE),
        ("ENERGY_STATE_URL", "hush", DATABASE),
        ("ENERGY_STATE_URL", "sqlite://", DATABASE),
        ("ENERGY_STATE_URL", "sqlite:///:memory:", DATABASE),
        ("ENLIGHTEN_API", "v3", "v2 or v4"),
        ("ENLIGHTEN_BASE_URL", "http://api.example", URL),
        ("ENLIGHTEN_BASE_URL", "api.example", URL),
        ("ENLIGHTEN_BASE_URL", "https://", URL),
        ("ENLIGHTEN_BASE_URL", "https://me:hush@api.example", URL),
        ("ENLIGHTEN_BASE_URL", "https://api.example?key=1", URL),
        ("ENLIGHTEN_BASE_URL", "https://api.example:x", URL),
        ("ENLIGHTEN_BASE_URL", "https://[", URL),
        ("ENLIGHTEN_BASE_URL", "https://api example", URL),
        ("ENPHASE_LOGIN_URL", "http://x.example", URL),
        ("ENPHASE_ENTREZ_URL", "http://x.example", URL),
        ("ENERKEY_BASE_URL", "http://x.example", URL),
        ("ENLIGHTEN_API_KEY", "hush hush", ASCII),
        ("ENLIGHTEN_API_KEY", "hush\n", ASCII),
        ("ENLIGHTEN_CLIENT_ID", "hüsh", ASCII),
        ("ENLIGHTEN_REQUESTS_PER_MINUTE", "0", COUNT),
        ("ENLIGHTEN_REQUESTS_PER_MONTH", "many", COUNT),
        ("ENLIGHTEN_REQUESTS_PER_MONTH", "1.5", COUNT),
        ("ENERKEY_API_KEY_A", "hush\thush", ASCII),
        ("ENERKEY_API_KEY_A_VALID_FROM", "2026-01-31", INSTANT),
        ("ENERKEY_API_KEY_B_VALID_TO", "2026-01-31T00:00:00", INSTANT),
        ("ENERKEY_TENANT_KEY_A_VALID_TO", "soon", INSTANT),
        ("ENERKEY_FACILITIES", "11,,12", IDS),
        ("ENERKEY_FACILITIES", "main", IDS),
        ("ENERKEY_READ_ONLY", "yes", "true or false"),
        ("ENERKEY_READ_ONLY", "1", "true or false"),
        ("ENERKEY_REPUSH", "Sum", REPUSH),
        ("ENERKEY_QUIET_SECONDS", "-1", NUMBER),
        ("ENERKEY_QUIET_SECONDS", "nan", NUMBER),
        ("ENVOY_POLL_MINUTES", "7", "1, 2, 3, 4, 5, 6, 10, 12 or 15"),
        ("ENVOY_POLL_MINUTES", "30", "1, 2, 3, 4, 5, 6, 10, 12 or 15"),
        ("ENERGY_FIRST_DAY", "20150101", "a day, written YYYY-MM-DD"),
        ("ENERGY_FIRST_DAY", "2015-02-30", "a day, written YYYY-MM-DD"),
        ("ENERGY_SETTLE_HOURS", "-2", NUMBER),
        ("ENERGY_GIVE_UP_DAYS", "inf", NUMBER),
        ("ENERKEY_REQUESTS_PER_SECOND", "0", "a number greater than 0"),
        ("ENERKEY_REQUESTS_PER_DAY", "40000", "a whole number from 1 to 39999"),
        ("ENERKEY_MAX_PUSH_DAYS", "366", "a whole number from 1 to 365"),
        ("ENERKEY_MAX_PUSH_DAYS", "0", "a whole number from 1 to 365"),
    ],
)
def test_a_mistake_names_the_variable(variable: str, text: str, allowed: str):
    (problem,) = refused({variable: text})
    assert (problem.where, problem.member, problem.allowed) == ("environment", variable, allowed)
    assert "hush" not in str(problem)
    assert "hüsh" not in str(problem)
    assert text in problem.found or problem.found == "a value (not shown)"


def test_all_mistakes_at_once():
    environ = {"ENLIGHTEN_API": "v9", "ENERKEY_MAX_PUSH_DAYS": "0", "ENERKEY_API_KEY_A": "a b"}
    members = [problem.member for problem in refused(environ)]
    assert sorted(members) == ["ENERKEY_API_KEY_A", "ENERKEY_MAX_PUSH_DAYS", "ENLIGHTEN_API"]


def test_an_empty_text_is_not_set(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("ENERKEY_MAX_PUSH_DAYS=30\nENLIGHTEN_API=\n")
    settings = load_settings({"ENERKEY_MAX_PUSH_DAYS": "", "ENERKEY_QUIET_SECONDS": ""}, dotenv)
    assert settings.enerkey_max_push_days == 30
    assert settings.enlighten_api == "v4"
    assert settings.enerkey_quiet_seconds is None


def test_other_variables_do_not_matter():
    assert load_settings({"PATH": "/bin", "ENERGY_DRINK": "1"}, None) == load_settings({}, None)


def test_the_real_environment_beats_the_file(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("ENLIGHTEN_API=v2\nENERKEY_REPUSH=sum\n")
    settings = load_settings({"ENERKEY_REPUSH": "reject"}, dotenv)
    assert (settings.enlighten_api, settings.enerkey_repush) == ("v2", "reject")


def test_what_dagster_copies_from_the_file_is_read_from_the_file(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("ENERKEY_API_KEY_A=a${HOME}b\nENERKEY_REPUSH=maybe\n")
    copied = {name: text or "" for name, text in dotenv_values(file).items()}
    assert copied["ENERKEY_API_KEY_A"] != "a${HOME}b"
    (problem,) = refused(copied, file)
    assert problem.where == f"{file}:2"
    settings = load_settings(copied | {"ENERKEY_REPUSH": "sum"}, file)
    assert plain(settings, "enerkey_api_key_a") == "a${HOME}b"
    assert plain(settings, "enerkey_repush") == "sum"


def test_mistakes_of_both_kinds_are_told_at_once():
    ends = {
        "ENERKEY_API_KEY_A": "key",
        "ENERKEY_API_KEY_A_VALID_FROM": "2026-02-01T00:00:00Z",
        "ENERKEY_API_KEY_A_VALID_TO": "2026-01-01T00:00:00Z",
    }
    problems = refused(ends | {"ENERKEY_REPUSH": "maybe"})
    assert [each.member for each in problems] == [
        "ENERKEY_REPUSH",
        "ENERKEY_API_KEY_A_VALID_TO",
    ]


def test_a_mistake_in_the_file_has_its_line(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("# keys\n\nexport ENLIGHTEN_API='v2'\n\n\nENERKEY_MAX_PUSH_DAYS=400 # days\n")
    (problem,) = refused({}, dotenv)
    assert problem.where == f"{dotenv}:6"
    assert (problem.member, problem.found) == ("ENERKEY_MAX_PUSH_DAYS", "the text '400'")


def test_a_line_of_the_file_that_sets_nothing_is_a_mistake(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("ENLIGHTEN_API=v2\n\nENLIGHTEN_API_KEY='hush\nENERKEY_REPUSH=sum\n")
    (problem,) = refused({}, dotenv)
    assert problem.where == f"{dotenv}:3"
    assert "hush" not in str(problem)


def test_the_file_may_be_absent_but_not_unreadable(tmp_path: Path):
    assert load_settings({}, tmp_path / ".env") == load_settings({}, None)
    (problem,) = refused({}, tmp_path)
    assert problem.where == str(tmp_path)
    assert problem.found == "a file that cannot be read: Is a directory"
    (tmp_path / "binary").write_bytes(b"A=1\nB=\xff\n")
    (problem,) = refused({}, tmp_path / "binary")
    assert problem.where == f"{tmp_path / 'binary'}:2"
    assert problem.found == "a byte that is not UTF-8"


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"\xef\xbb\xbfENERKEY_REPUSH=sum\n")
    assert load_settings({}, dotenv).enerkey_repush == "sum"


def test_values_of_the_file_are_taken_as_written(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("ENPHASE_PASSWORD='pa${HOME}$x'\n")
    password = load_settings({}, dotenv).enphase_password
    assert password is not None
    assert password.get_secret_value() == "pa${HOME}$x"


def test_a_key_ends_after_it_begins():
    at = "2026-01-31T00:00:00Z"
    environ = {"ENERKEY_API_KEY_B_VALID_FROM": at, "ENERKEY_API_KEY_B_VALID_TO": at}
    (problem,) = refused(environ)
    assert problem.member == "ENERKEY_API_KEY_B_VALID_TO"
    assert problem.allowed == "an instant after ENERKEY_API_KEY_B_VALID_FROM"


def test_a_remote_store_needs_a_state_database_of_its_own():
    (problem,) = refused({"ENERGY_DATA_URI": "s3://bucket/energy"})
    assert problem.member == "ENERGY_STATE_URL"
    assert problem.found == "nothing"
    url = "postgresql://u:p@db/energy"
    environ = {"ENERGY_DATA_URI": "abfs://box@account/energy", "ENERGY_STATE_URL": url}
    assert load_settings(environ, None).state_url == url


def test_the_state_database_lies_in_the_local_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert load_settings({}, None).state_url == f"sqlite:///{tmp_path}/data/state.db"
    settings = load_settings({"ENERGY_DATA_URI": "/srv/energy"}, None)
    assert settings.state_url == "sqlite:////srv/energy/state.db"


def test_secrets_are_in_no_text():
    secrets = {field.upper(): f"hush-{field}" for field in DEFAULTS if _is_secret(field)}
    secrets["ENERGY_STATE_URL"] = "postgresql://u:hush@db/x"
    secrets["ENERGY_TOKEN_KEY"] = f"{'hush' * 10}hus="
    assert len(secrets) == 14
    settings = load_settings(secrets, None)
    texts = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hush" not in texts


def _is_secret(field: str) -> bool:
    ends = ("key", "key_a", "key_b", "secret", "token", "client_id", "email", "password")
    return field.endswith(ends)


def test_no_cause_of_the_error_holds_a_secret():
    secret = " ".join(["hush"] * 2)
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"ENLIGHTEN_API_KEY": secret, "ENERGY_STATE_URL": secret}, None)
    assert "hush hush" not in "".join(traceback.format_exception(caught.value))


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}, None).enlighten_api = "v2"  # pyright: ignore[reportAttributeAccessIssue]
