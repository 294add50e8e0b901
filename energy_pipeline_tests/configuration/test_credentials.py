from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from energy_pipeline.configuration.credentials import gateway_tokens, missing_credentials
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline_tests.configuration.documents import SETTINGS, VALID

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LOGIN = {"ENPHASE_EMAIL": "c", "ENPHASE_PASSWORD": "d"}
KEYS = {"ENLIGHTEN_API_KEY": "a", "ENERKEY_API_KEY_A": "b", **LOGIN}
GATEWAY_ONLY = """\
sites:
  - id: roof
    name: Roof
    timezone: UTC
    start: 2020-01-01
    envoy: {host: envoy.local, serial: "122117051926"}
"""
READY_TOKEN = GATEWAY_ONLY.replace('051926"', '051926", token_env: MY_TOKEN')


def lacking(folder: Path, environ: dict[str, str], text: str = VALID) -> list[Problem]:
    path = folder / "sites.yaml"
    path.write_text(text)
    return missing_credentials(load_registry(path, SETTINGS), load_settings(environ, None), NOW)


def test_nothing_is_missing(tmp_path: Path):
    assert lacking(tmp_path, KEYS) == []
    assert lacking(tmp_path, {**LOGIN, "ENLIGHTEN_API_KEY": "a", "ENERKEY_API_KEY_B": "b"}) == []


def test_each_key_that_the_sites_need_is_named(tmp_path: Path):
    enlighten, email, password, enerkey = lacking(tmp_path, {})
    assert (enlighten.member, enlighten.found) == ("ENLIGHTEN_API_KEY", "nothing")
    assert "rooftop-1" in enlighten.allowed
    assert [p.member for p in (email, password)] == ["ENPHASE_EMAIL", "ENPHASE_PASSWORD"]
    assert "rooftop-1" in email.allowed
    assert (enerkey.member, enerkey.found) == ("ENERKEY_API_KEY_A or ENERKEY_API_KEY_B", "nothing")


def test_dialect_v4_needs_an_application(tmp_path: Path):
    in_v4 = VALID.replace("api: v2", "api: v4")

    found = [problem.member for problem in lacking(tmp_path, KEYS, in_v4)]

    assert found == ["ENLIGHTEN_CLIENT_ID", "ENLIGHTEN_CLIENT_SECRET"]
    application = {"ENLIGHTEN_CLIENT_ID": "c", "ENLIGHTEN_CLIENT_SECRET": "d"}
    assert lacking(tmp_path, KEYS | application, in_v4) == []


def test_keys_that_no_site_needs_may_lack(tmp_path: Path):
    assert lacking(tmp_path, LOGIN, GATEWAY_ONLY) == []
    assert lacking(tmp_path, {}, READY_TOKEN) == []


def tokens(folder: Path, environ: dict[str, str], dotenv: str = "") -> dict[str, SecretStr]:
    path, env = folder / "sites.yaml", folder / ".env"
    path.write_text(READY_TOKEN)
    env.write_text(dotenv)
    return gateway_tokens(load_registry(path, SETTINGS), environ, env)


def test_a_ready_token_comes_from_the_variable_that_the_site_names(tmp_path: Path):
    found = tokens(tmp_path, {"MY_TOKEN": " eyJ.a.b\n"}, "MY_TOKEN=other\n")
    assert {site: token.get_secret_value() for site, token in found.items()} == {"roof": "eyJ.a.b"}
    assert "eyJ" not in repr(found)
    from_file = tokens(tmp_path, {"MY_TOKEN": ""}, "MY_TOKEN=other\n")
    assert from_file["roof"].get_secret_value() == "other"


def test_a_token_variable_that_is_not_set(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        tokens(tmp_path, {"MY_TOKEN": " "})
    (problem,) = caught.value.problems
    assert (problem.member, problem.found) == ("MY_TOKEN", "nothing")
    assert problem.allowed == "the token of the gateway of roof"


@pytest.mark.parametrize(
    ("dates", "holds"),
    [
        ({"VALID_FROM": "2026-06-01T00:00:00Z"}, True),
        ({"VALID_FROM": "2026-06-01T00:00:01Z"}, False),
        ({"VALID_TO": "2026-06-01T00:00:01Z"}, True),
        ({"VALID_TO": "2026-06-01T00:00:00Z"}, False),
    ],
)
def test_a_key_has_to_hold_now(tmp_path: Path, dates: dict[str, str], holds: bool):
    dated = {f"ENERKEY_API_KEY_A_{end}": instant for end, instant in dates.items()}
    problems = lacking(tmp_path, KEYS | dated)
    assert [problem.found for problem in problems] == (
        [] if holds else ["no key that holds today by its dates"]
    )


def test_the_other_key_may_hold(tmp_path: Path):
    over = {"ENERKEY_API_KEY_A_VALID_TO": "2026-01-01T00:00:00Z", "ENERKEY_API_KEY_B": "c"}
    assert lacking(tmp_path, KEYS | over) == []
