"""The example files at the root are valid, and nothing that can be said is missing in them."""

import re
from collections.abc import Iterator

import pytest
from dotenv import dotenv_values

from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import STREAMS, load_registry
from energy_pipeline.errors import ConfigurationError
from energy_pipeline_tests.conftest import REPOSITORY

ENVIRONMENT = REPOSITORY / ".env.example"
SITES = REPOSITORY / "sites.example.yaml"

DATED_KEYS = [
    f"ENERKEY_{whose}_KEY_{slot}" for whose in ("API", "TENANT", "PARTNER") for slot in "AB"
]
VARIABLES = {
    "ENERGY_SITES_FILE",
    "ENERGY_PROVISIONING_FILE",
    "ENERGY_DATA_URI",
    "ENERGY_STATE_URL",
    "ENERGY_TOKEN_KEY",
    "ENLIGHTEN_API",
    "ENLIGHTEN_BASE_URL",
    "ENLIGHTEN_API_KEY",
    "ENLIGHTEN_CLIENT_ID",
    "ENLIGHTEN_CLIENT_SECRET",
    "ENLIGHTEN_REFRESH_TOKEN",
    "ENLIGHTEN_PLAN",
    "ENLIGHTEN_REQUESTS_PER_MINUTE",
    "ENLIGHTEN_REQUESTS_PER_MONTH",
    "ENPHASE_EMAIL",
    "ENPHASE_PASSWORD",
    "ENPHASE_LOGIN_URL",
    "ENPHASE_ENTREZ_URL",
    "ENVOY_POLL_MINUTES",
    "ENERKEY_BASE_URL",
    *DATED_KEYS,
    *(f"{key}_VALID_FROM" for key in DATED_KEYS),
    *(f"{key}_VALID_TO" for key in DATED_KEYS),
    "ENERKEY_FACILITIES",
    "ENERKEY_READ_ONLY",
    "ENERKEY_REPUSH",
    "ENERKEY_QUIET_SECONDS",
    "ENERGY_FIRST_DAY",
    "ENERGY_SETTLE_HOURS",
    "ENERGY_GIVE_UP_DAYS",
    "ENERKEY_REQUESTS_PER_SECOND",
    "ENERKEY_REQUESTS_PER_DAY",
    "ENERKEY_MAX_PUSH_DAYS",
}
MEMBERS = {
    "sites": {"id", "name", "timezone", "start", "enlighten", "envoy", "streams", "uploads"},
    "enlighten": {"api", "system_id", "user_id", "owner", "production"},
    "envoy": {
        "host",
        "serial",
        "tls_fingerprint",
        "token_env",
        "bridge_hours",
        "max_power_w",
    },
    "uploads": {"stream", "meter_id", "facility_id", "reading", "unit", "opening_reading"},
}


def assignments() -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^#([A-Z_]+)=(.*)$", ENVIRONMENT.read_text("utf-8"), re.MULTILINE)


def test_the_example_environment_sets_every_variable_once():
    names = [name for name, _ in assignments()]
    assert len(names) == len(set(names))
    assert set(names) == VARIABLES


def test_the_example_environment_is_the_defaults():
    assert load_settings(dict(assignments()), None) == load_settings({}, None)


def test_a_copy_of_the_example_sets_nothing():
    """Dagster's commands put every line of `.env` over the real environment."""
    assert dotenv_values(ENVIRONMENT) == {}


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_of_the_interface_is_read(name: str):
    """A value that no variable takes is refused, so that none can be forgotten in silence."""
    if name in {
        "ENERGY_SITES_FILE",
        "ENERGY_PROVISIONING_FILE",
        "ENPHASE_EMAIL",
        "ENPHASE_PASSWORD",
    }:
        assert load_settings({name: "x"}, None) != load_settings({}, None)
    else:
        with pytest.raises(ConfigurationError, match=rf"^environment: {name}: "):
            load_settings({name: "ftp:// \x01"}, None)


def test_the_example_sites_are_valid_and_use_every_member():
    registry = load_registry(SITES, load_settings({}, ENVIRONMENT))
    assert [site.id for site in registry.sites] == ["rooftop-1", "warehouse-2"]
    text = SITES.read_text("utf-8")
    for members in MEMBERS.values():
        for member in members:
            assert re.search(rf"^[ -]*{member}:", text, re.MULTILINE), member


def test_the_members_are_those_of_the_models():
    site = load_registry(SITES, load_settings({}, ENVIRONMENT)).sites[0]
    assert set(type(site).model_fields) == MEMBERS["sites"]
    assert set(type(site.enlighten).model_fields) == MEMBERS["enlighten"]
    assert set(type(site.envoy).model_fields) == MEMBERS["envoy"]
    assert set(type(site.uploads[0]).model_fields) == MEMBERS["uploads"]


def test_the_examples_name_every_choice():
    text = SITES.read_text("utf-8")
    choices = (*STREAMS, "v2", "v4", "micro", "meter", "auto", "consumption", "cumulative", "MWh")
    assert all(choice in text for choice in choices)
    repush = "unknown overwrite_hour sum timestamp_upsert reject keep_first"
    assert all(choice in ENVIRONMENT.read_text("utf-8") for choice in repush.split())
