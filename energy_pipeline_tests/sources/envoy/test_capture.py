"""A capture of a gateway: every answer, anonymous, in files that parsers and simulators read."""

import asyncio
import json
from pathlib import Path

import httpx

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import CaptureBackend, EnvoySimulator, Faults, ServedGateway
from energy_pipeline.sources.envoy.capture import capture_files, capture_gateway
from energy_pipeline.sources.envoy.session import RawReply
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.simulators.envoy.conftest import NOON
from energy_pipeline_tests.sources.envoy.conftest import SERIAL, Bench, Serve
from energy_pipeline_tests.sources.envoy.test_poll import counters, poll


def capture(bench: Bench, gateway: ServedGateway) -> dict[str, str]:
    fleet = bench.fleet(gateway)
    return asyncio.run(capture_gateway(fleet, fleet.gateways[0]))


def test_a_capture_replayed_is_polled_as_the_gateway_was(
    bench: Bench, gateway: ServedGateway, serve: Serve, tmp_path: Path
):
    folder = tmp_path / "capture"
    folder.mkdir()
    for name, text in capture(bench, gateway).items():
        (folder / name).write_text(text)
    clock = VirtualClock(NOON, fixed=True)
    replayed = serve(EnvoySimulator(CaptureBackend(folder), clock))
    assert replayed.simulator.hardware.serial == "900000000001"
    assert counters(poll(bench, replayed)) == counters(poll(bench, gateway))


def test_every_endpoint_has_its_files_and_nothing_tells_whose_they_are(
    bench: Bench, gateway: ServedGateway
):
    files = capture(bench, gateway)
    bodies = {
        *("info", "production.json", "production.json_details_1", "api_v1_production"),
        *("api_v1_production_inverters", "inventory.json", "home.json", "ivp_meters"),
        *("ivp_meters_readings", "ivp_pdm_device_data", "ivp_ensemble_inventory"),
        *("ivp_ensemble_power", "ivp_livedata_status"),
    }
    assert set(files) == bodies | {f"{name}_log.json" for name in bodies}
    whole = "\n".join(files.values())
    assert SERIAL not in whole
    assert gateway.simulator.token() not in whole
    assert json.loads(files["ivp_meters_log.json"])["code"] == 200
    serials = {i["serialNumber"] for i in json.loads(files["api_v1_production_inverters"])}
    in_inventory = json.loads(files["inventory.json"])[0]["devices"]
    assert serials == {device["serial_num"] for device in in_inventory}


def test_an_endpoint_that_does_not_answer_is_left_out(bench: Bench, gateway: ServedGateway):
    gateway.simulator.faults = Faults(
        failing_paths={"/home.json": "drop", "/ivp/ensemble/power": "404"}
    )
    files = capture(bench, gateway)
    assert "home.json" not in files
    assert json.loads(files["ivp_ensemble_power_log.json"])["code"] == 404


def test_headers_stay_but_for_the_session():
    headers = httpx.Headers(
        {"Server": "openresty/1.17.8.1", "Set-Cookie": "sessionId=c00c1e; Secure; path=/"}
    )
    files = capture_files({Endpoint.HOME: RawReply(200, headers, b"\xff{}")}, SERIAL)
    assert files["home.json"] == "\ufffd{}"
    log = json.loads(files["home.json_log.json"])
    assert log["code"] == 200
    assert log["headers"]["server"] == "openresty/1.17.8.1"
    assert "c00c1e" not in files["home.json_log.json"]
