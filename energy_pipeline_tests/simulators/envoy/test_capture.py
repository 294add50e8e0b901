"""A captured gateway says what its files say, byte by byte."""

import json
import re
from pathlib import Path

import httpx
import pytest

from energy_pipeline.simulators.envoy import CaptureBackend, EnvoySimulator, Faults
from energy_pipeline_tests.simulators.envoy.conftest import Serve, plain_client

# The paths of the files, since an underscore may stand for any of `/ ? = &` or for itself.
PATHS = {
    "info": "/info",
    "home": "/home",
    "production": "/production",
    "production.json": "/production.json",
    "production.json_details_1": "/production.json?details=1",
    "api_v1_production": "/api/v1/production",
    "api_v1_production_inverters": "/api/v1/production/inverters",
    "inventory.json_deleted_1": "/inventory.json?deleted=1",
    "ivp_meters": "/ivp/meters",
    "ivp_meters_readings": "/ivp/meters/readings",
    "ivp_pdm_device_data": "/ivp/pdm/device_data",
    "ivp_ensemble_inventory": "/ivp/ensemble/inventory",
    "ivp_ensemble_power": "/ivp/ensemble/power",
    "ivp_ensemble_secctrl": "/ivp/ensemble/secctrl",
    "ivp_ensemble_status": "/ivp/ensemble/status",
    "admin_lib_tariff": "/admin/lib/tariff",
}


def captures(recordings: Path) -> list[Path]:
    return sorted(each for each in (recordings / "envoy").iterdir() if each.is_dir())


def served(folder: Path, clock, serve: Serve) -> tuple[EnvoySimulator, httpx.Client]:
    simulator = EnvoySimulator(CaptureBackend(folder), clock)
    return simulator, plain_client(serve(simulator), simulator.token())


def logged(file: Path) -> tuple[int, dict[str, str]]:
    log = file.with_name(f"{file.name}_log.json")
    if not log.is_file():
        return 200, {}
    told = json.loads(log.read_bytes())
    return told["code"], {name.lower(): value for name, value in told["headers"].items()}


def test_every_capture_gives_the_bytes_of_its_files(recordings, clock, serve):
    folders = captures(recordings)
    assert len(folders) >= 19
    for folder in folders:
        simulator, ask = served(folder, clock, serve)
        with ask:
            told = 0
            for name, path in PATHS.items():
                file = folder / name
                if not file.is_file():
                    continue
                answer, (status, headers) = ask.get(path), logged(file)
                assert answer.content == file.read_bytes(), file
                assert answer.status_code == status, file
                if headers:
                    assert answer.headers.get("content-type") == headers.get("content-type"), file
                told += 1
            assert told >= 4
        serial = re.search(r"<sn>(\w+)</sn>", (folder / "info").read_text())
        assert serial is not None
        assert simulator.hardware.serial == serial[1]


def test_what_was_not_captured_is_not_there(recordings, clock, serve):
    _, ask = served(recordings / "envoy" / "7.6.175_standard", clock, serve)
    with ask:
        assert ask.get("/ivp/meters").status_code == 404


def test_details_are_the_plain_path_where_only_that_was_captured(recordings, clock, serve):
    folder = recordings / "envoy" / "7.6.175_with_cts"
    _, ask = served(folder, clock, serve)
    with ask:
        answer = ask.get("/production.json?details=1")
        assert answer.content == (folder / "production.json").read_bytes()


def test_home_is_found_under_both_names(recordings, clock, serve):
    _, ask = served(recordings / "envoy" / "8.3.5289_modGone", clock, serve)
    with ask:
        assert ask.get("/home.json").json()["timezone"] == "Europe/Brussels"


@pytest.mark.parametrize(("name", "is_open"), [("5.0.62", True), ("7.6.175_with_cts", False)])
def test_tokens_are_needed_since_firmware_seven(name, is_open, recordings, clock, serve):
    simulator = EnvoySimulator(CaptureBackend(recordings / "envoy" / name), clock)
    with plain_client(serve(simulator)) as anybody:
        status = anybody.get("/api/v1/production").status_code
    assert status == (200 if is_open else 401)


def test_another_box_has_another_serial(recordings, clock, serve):
    folder = recordings / "envoy" / "7.6.175_with_cts"
    simulator, ask = served(folder, clock, serve)
    simulator.faults = Faults(other_serial="122999999999")
    with ask:
        assert "<sn>122999999999</sn>" in ask.get("/info").text


def test_folder_without_an_identity(tmp_path):
    with pytest.raises(ValueError, match="found no file info"):
        CaptureBackend(tmp_path)
    (tmp_path / "info").write_text("<envoy_info/>")
    with pytest.raises(ValueError, match="no serial"):
        CaptureBackend(tmp_path)


def test_only_a_model_knows_the_truth(recordings, clock):
    backend = CaptureBackend(recordings / "envoy" / "5.0.62")
    with pytest.raises(ValueError, match="modelled"):
        EnvoySimulator(backend, clock).truth_wh("production", clock.now(), clock.now())
