import httpx
import pytest

from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.enlighten.asking import KEYS, simulator


@pytest.fixture
def remote():
    sim = simulator()
    with serve(sim.app) as server, httpx.Client(base_url=server.base_url) as client:
        yield sim, client


def test_requests_and_hits_can_be_seen_from_outside(remote):
    _, client = remote
    client.get("/api/v2/systems/67/summary", params=KEYS)
    client.get("/api/v2/systems/67/stats", params=KEYS | {"key": "wrong"})
    body = client.get("/_sim/requests").json()["requests"]
    assert body[0] == {
        "method": "GET",
        "path": "/api/v2/systems/67/summary",
        "params": {},
        "status": 200,
        "at": "2024-06-10T12:07:00+00:00",
        "counted": True,
    }
    assert client.get("/_sim/hits").json() == {"hits": 1, "requests": 2}
    assert KEYS["key"] not in client.get("/_sim/requests").text


def test_the_clock_is_set_and_advanced_from_outside(remote):
    sim, client = remote
    answer = client.post("/_sim/clock", json={"advance": 86400})
    assert answer.json() == {"now": "2024-06-11T12:07:00+00:00"}
    client.post("/_sim/clock", json={"set": "2024-06-05T09:00:00+03:00"})
    assert sim.clock.now().isoformat() == "2024-06-05T06:00:00+00:00"
    client.post("/_sim/clock", json={"set": 1717923600})
    assert sim.clock.now().timestamp() == 1717923600


@pytest.mark.parametrize(
    "body", [{}, {"advance": "1"}, {"set": "2024-06-05T09:00:00"}, {"set": 1, "advance": 2}, []]
)
def test_a_clock_that_cannot_be_meant_is_refused(remote, body):
    sim, client = remote
    before = sim.clock.now()
    answer = client.post("/_sim/clock", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sim.clock.now() == before


def test_faults_are_changed_member_by_member_from_outside(remote):
    sim, client = remote
    outage = {"start": "2024-06-09T00:00:00+03:00", "end": "2024-06-09T10:00:00Z", "filled": False}
    client.post("/_sim/faults", json={"outages": [outage], "status": {"67": "power"}})
    shown = client.post("/_sim/faults", json={"next_failures": ["500"]}).json()
    assert shown["next_failures"] == ["500"]
    assert len(shown["outages"]) == 1
    url = "/api/v2/systems/67/summary"
    assert client.get(url, params=KEYS).status_code == 500
    assert client.get(url, params=KEYS).json()["status"] == "power"
    (found,) = sim.faults.outages
    assert not found.filled
    assert found.start.isoformat() == "2024-06-09T00:00:00+03:00"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"unknown": 1}, "found 'unknown'; allowed: seed"),
        ({"next_failures": ["418"]}, "next_failures"),
        ({"outages": [{"start": "2024-06-09T00:00:00", "end": "2024-06-10T00:00:00"}]}, "offset"),
        (
            {"outages": [{"start": "2024-06-09T00:00:00Z", "end": "2024-06-08T00:00:00Z"}]},
            "ends after it starts",
        ),
        ({"outages": [{"begin": 1}]}, "outages: found"),
        ({"status": 5}, "status: found 5"),
        ({"error_share": "0.5"}, "error_share: found '0.5'; allowed: a value like 0.0"),
        ({"seed": True}, "seed: found True"),
    ],
)
def test_faults_that_do_not_exist_are_refused(remote, body, said):
    sim, client = remote
    before = sim.faults
    answer = client.post("/_sim/faults", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert sim.faults == before
