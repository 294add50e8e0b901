from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import STREAMS, Registry, load_registry
from energy_pipeline.errors import ConfigurationError
from energy_pipeline_tests.configuration.documents import SETTINGS, USER_ID, VALID


def registry_of(folder: Path, text: str = VALID, settings: Settings = SETTINGS) -> Registry:
    path = folder / "sites.yaml"
    path.write_text(text, encoding="utf-8")
    return load_registry(path, settings)


def test_every_member_arrives(tmp_path: Path):
    site = registry_of(tmp_path).site("rooftop-1")
    assert (site.name, site.start, site.zone) == (
        "Rooftop 1",
        date(2019, 1, 1),
        ZoneInfo("Europe/Helsinki"),
    )
    assert site.enlighten is not None
    assert site.enlighten.user_id is not None
    assert site.enlighten.user_id.get_secret_value() == USER_ID
    assert (site.enlighten.api, site.enlighten.system_id) == ("v2", 67)
    assert site.envoy is not None
    assert (site.envoy.host, site.envoy.serial) == ("192.168.1.67", "122117051926")
    assert (site.envoy.token_env, site.envoy.bridge_hours) == (None, 6)
    assert site.envoy.max_power_w == 40_000
    assert site.streams == {"production": "enlighten"}
    hourly, register = site.uploads
    assert (hourly.meter_id, hourly.facility_id, hourly.unit) == (101, 11, "kWh")
    assert (register.reading, register.facility_id) == ("cumulative", None)
    assert register.opening_reading == 12.5


def test_absent_optional_members_have_their_defaults(tmp_path: Path):
    site = registry_of(tmp_path).site("warehouse-2")
    assert site.envoy is None
    assert site.streams == {}
    assert site.enlighten is not None
    assert (site.enlighten.api, site.enlighten.production) == ("v2", "micro")
    assert site.uploads[0].opening_reading == 0


@pytest.mark.parametrize("member", ["envoy", "streams", "uploads"])
def test_an_optional_member_left_empty_is_absent(tmp_path: Path, member: str):
    head = VALID[: VALID.index("    envoy:")]
    site = registry_of(tmp_path, f"{head}    {member}:\n").sites[0]
    assert not getattr(site, member)


def test_null_in_optional_members_is_absent(tmp_path: Path):
    text = VALID.replace("api: v2", "api: null").replace("facility_id: 11", "facility_id: ~")
    text = text.replace("production: micro", "production:").replace(
        "production: enlighten", "production: null"
    )
    site = registry_of(tmp_path, text).sites[0]
    assert site.enlighten is not None
    assert (site.enlighten.api, site.enlighten.production) == ("v2", "micro")
    assert site.uploads[0].facility_id is None
    assert site.streams == {"production": "auto"}


def test_values_may_come_from_an_anchor(tmp_path: Path):
    text = VALID.replace(f"user_id: {USER_ID}", f"user_id: &user {USER_ID}", 1)
    text = text.replace(f"user_id: {USER_ID}", "user_id: *user")
    accesses = [site.enlighten for site in registry_of(tmp_path, text).sites]
    assert [a.user_id.get_secret_value() for a in accesses if a and a.user_id] == [USER_ID] * 2


def test_a_fingerprint_is_kept_in_one_form(tmp_path: Path):
    colons = ":".join(["AB"] * 32)
    text = VALID.replace("tls_fingerprint: null", f"tls_fingerprint: '{colons}'")
    envoy = registry_of(tmp_path, text).sites[0].envoy
    assert envoy is not None
    assert envoy.tls_fingerprint == "ab" * 32


@pytest.mark.parametrize("host", ["envoy.local", "envoy.local:8443", "'[fe80::1]:443'"])
def test_a_gateway_has_a_name_or_an_address(tmp_path: Path, host: str):
    envoy = registry_of(tmp_path, VALID.replace("192.168.1.67", host)).sites[0].envoy
    assert envoy is not None
    assert envoy.host == host.strip("'")


def test_a_site_may_start_on_the_first_day_of_all(tmp_path: Path):
    site = registry_of(tmp_path, VALID.replace("2019-01-01", "2015-01-01")).sites[0]
    assert site.start == SETTINGS.energy_first_day


def test_a_quoted_day_is_a_day(tmp_path: Path):
    site = registry_of(tmp_path, VALID.replace("2019-01-01", '"2019-01-01"')).sites[0]
    assert site.start == date(2019, 1, 1)


def test_words_that_other_readers_take_for_truth_values_stay_texts(tmp_path: Path):
    assert registry_of(tmp_path, VALID.replace("Rooftop 1", "No")).sites[0].name == "No"


def test_only_narrows_in_the_order_of_the_file(tmp_path: Path):
    registry = registry_of(tmp_path)
    assert registry.only([]) == registry
    both = registry.only(["warehouse-2", "rooftop-1"])
    assert [site.id for site in both.sites] == ["rooftop-1", "warehouse-2"]
    assert [site.id for site in registry.only(["warehouse-2"]).sites] == ["warehouse-2"]


def test_unknown_sites_are_named_with_the_known_ones(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        registry_of(tmp_path).only(["rooftop-1", "roof", "ware"])
    first, second = caught.value.problems
    assert "'roof'" in first.found
    assert "'ware'" in second.found
    assert first.allowed == "rooftop-1 or warehouse-2"


def test_the_user_id_is_in_no_text(tmp_path: Path):
    registry = registry_of(tmp_path)
    texts = f"{registry!r} {registry} {registry.model_dump()} {registry.model_dump_json()}"
    assert USER_ID not in texts


def test_the_streams_of_the_interface():
    assert STREAMS == (
        "production",
        "consumption",
        "grid_import",
        "grid_export",
        "battery_charge",
        "battery_discharge",
    )


def test_a_meter_that_no_upload_names_is_told(tmp_path: Path):
    registry = registry_of(tmp_path)
    registry.expect_meters("consumption", [101])
    with pytest.raises(ConfigurationError) as caught:
        registry.expect_meters("consumption", [101, 102, 7])
    assert [str(problem) for problem in caught.value.problems] == [
        "the run config: release_meters: found 102; allowed: 101 (consumption)",
        "the run config: release_meters: found 7; allowed: 101 (consumption)",
    ]
