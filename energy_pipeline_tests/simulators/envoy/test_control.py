"""The control space: for people, and for tests in another process."""

from datetime import timedelta

import pytest

from energy_pipeline.simulators.envoy import CaptureBackend, EnvoySimulator
from energy_pipeline_tests.simulators.envoy.conftest import NOON, START, plain_client


@pytest.fixture
def control(gateway):
    with plain_client(gateway) as client:
        yield client


def test_configuration_is_shown(control, simulator):
    shown = control.get("/_sim/config").json()
    assert shown["hardware"]["serial"] == simulator.hardware.serial
    assert shown["switches"]["installer_paths"] == ["/stream/meter"]
    assert shown["faults"]["next_failures"] == []
    assert simulator.requests == []


def test_clock_is_set_and_advanced(control, clock):
    assert control.post("/_sim/clock", json={"advance": 90}).status_code == 200
    assert clock.now() == NOON + timedelta(seconds=90)
    control.post("/_sim/clock", json={"set": "2026-06-12T10:00:00+02:00"})
    assert clock.now().isoformat() == "2026-06-12T08:00:00+00:00"
    control.post("/_sim/clock", json={"set": int(NOON.timestamp())})
    assert clock.now() == NOON.replace(microsecond=0)


def test_faults_and_switches_change_by_member(control, simulator):
    control.post("/_sim/faults", json={"nightly_outage_s": 300})
    changed = control.post(
        "/_sim/faults",
        json={
            "resets": [{"at": "2026-06-11T10:00:00Z", "of": "production"}],
            "failing_paths": {"/home": "502"},
        },
    )
    assert changed.status_code == 200
    assert simulator.faults.nightly_outage_s == 300
    assert simulator.faults.resets[0].of == "production"
    assert simulator.faults.failing_paths == {"/home": "502"}
    control.post("/_sim/switches", json={"wrap": "whole_sum", "installer_paths": ["/home"]})
    assert simulator.switches.wrap == "whole_sum"
    assert simulator.switches.installer_paths == frozenset({"/home"})


def test_another_firmware_runs_from_now_on(control, simulator):
    updated = control.post("/_sim/firmware", json={"software": "D8.3.5433"})
    assert updated.json()["software"] == "D8.3.5433"
    assert simulator.switches.today == "lifetime"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("faults", {"nightly_outage": 1}, "nightly_outage"),
        ("faults", {"next_failures": ["explode"]}, "next_failures"),
        ("faults", {"stale_from": "2026-06-11T10:00:00"}, "timezone"),
        ("switches", {"wrap": "twice"}, "wrap"),
        ("clock", {"set": "2026-06-11T10:00:00"}, "offset"),
        ("clock", {"forward": 1}, "forward"),
        ("clock", [1], "JSON object"),
        ("firmware", {"version": "D8.3.5433"}, "software"),
        ("token", {"rank": "owner"}, "rank"),
    ],
)
def test_what_cannot_be_is_told(path, body, named, control):
    answer = control.post(f"/_sim/{path}", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_token_of_the_control_space_opens_the_gateway(control):
    token = control.post("/_sim/token", json={}).json()["token"]
    good = {"Authorization": f"Bearer {token}"}
    assert control.get("/ivp/meters", headers=good).status_code == 200
    expired = control.post("/_sim/token", json={"role": "installer", "life_s": -1}).json()["token"]
    bad = {"Authorization": f"Bearer {expired}"}
    assert control.get("/ivp/meters", headers=bad).status_code == 401
    assert [each["status"] for each in control.get("/_sim/requests").json()] == [200, 401]


def test_restart_ends_the_sessions(control, ask):
    cookie = ask.get("/auth/check_jwt").headers["set-cookie"].partition(";")[0]
    assert control.post("/_sim/restart").status_code == 200
    assert control.get("/ivp/meters", headers={"Cookie": cookie}).status_code == 401


def test_truth_is_told_for_a_model(control, simulator):
    asked = {"stream": "grid_import", "start": START.isoformat(), "end": NOON.isoformat()}
    told = control.get("/_sim/truth", params=asked).json()["energy_wh"]
    assert told == pytest.approx(simulator.truth_wh("grid_import", START, NOON))
    asked["stream"] = "battery_charge"
    assert control.get("/_sim/truth", params=asked).status_code == 400


def test_truth_of_a_capture_is_unknown(recordings, clock, serve):
    backend = CaptureBackend(recordings / "envoy" / "5.0.62")
    with plain_client(serve(EnvoySimulator(backend, clock))) as control:
        assert "modelled" in control.get("/_sim/truth").json()["error"]
