"""Each fault of the way to the gateway, as a plain client sees it."""

import contextlib
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from energy_pipeline.simulators.envoy import EnvoySimulator, Faults, Outage, Switches
from energy_pipeline.simulators.envoy.failing import Failing
from energy_pipeline.simulators.server import serve as serve_app
from energy_pipeline_tests.simulators.envoy.conftest import (
    NOON,
    plain_client,
    unverified,
    usual_site,
)

PATHS = ["/production.json", "/api/v1/production", "/ivp/meters/readings"]


def fail(simulator: EnvoySimulator, *failures: str) -> None:
    simulator.faults = Faults(next_failures=failures)


def test_headers_and_lengths_by_process(ask):
    info, slow, v1, ivp = (ask.get(path) for path in ("/info", *PATHS))
    for answer in (info, slow, v1, ivp):
        assert answer.http_version == "HTTP/1.1"
        assert answer.headers["server"] == "openresty/1.17.8.1"
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    assert info.headers["content-type"] == "text/xml"
    assert (slow.headers["transfer-encoding"], slow.headers["cache-control"]) == (
        "chunked",
        "no-cache",
    )
    assert "content-length" not in slow.headers
    assert slow.text.count("\n") == 0
    assert int(v1.headers["content-length"]) == len(v1.content)
    assert v1.text.startswith('{\n  "wattHoursToday"')
    assert "content-type" not in ivp.headers
    assert ivp.text.startswith('[\n    {\n        "eid"')
    assert info.text.count("\t<device>") == 1


def test_unknown_path_is_a_page(ask):
    answer = ask.get("/api/v1/consumption")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html"
    assert "openresty" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_dropped_connection(path, simulator, ask):
    fail(simulator, "drop")
    with pytest.raises(httpx.TransportError):
        ask.get(path)
    assert ask.get(path).status_code == 200
    assert [(each.status, each.fault) for each in simulator.requests] == [
        (None, "drop"),
        (200, None),
    ]


@pytest.mark.parametrize("path", PATHS)
def test_truncated_body(path, simulator, ask):
    """Head and half a body arrive, whether it is chunked or has a length."""
    fail(simulator, "truncated")
    received = b""
    with pytest.raises(httpx.TransportError), ask.stream("GET", path) as answer:  # noqa: PT012
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            received += piece
    whole = ask.get(path).content
    assert 0 < len(received) < len(whole)
    assert whole.startswith(received)


def test_silence_until_the_client_loses_patience(simulator, ask):
    fail(simulator, "stall")
    with pytest.raises(httpx.ReadTimeout):
        ask.get("/info", timeout=httpx.Timeout(10, read=0.2))
    assert ask.get("/info").status_code == 200


@pytest.mark.parametrize("status", [401, 404, 502, 504])
def test_pages_with_a_status(status, simulator, ask):
    fail(simulator, str(status))
    answer = ask.get("/production.json")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<html>")
    assert "www-authenticate" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_bodies_that_are_not_what_was_asked_for(simulator, ask):
    fail(simulator, "html", "error_json", "empty", "no_content_type")
    html, error, empty, typeless = (ask.get("/production.json") for _ in range(4))
    assert {each.status_code for each in (html, error, empty, typeless)} == {200}
    assert html.headers["content-type"] == "text/html"
    assert html.text.startswith("<html>")
    assert list(error.json()) == ["error"]
    assert empty.content == b""
    assert "content-type" not in typeless.headers
    assert "production" in typeless.json()


def test_boot_phase_is_busy_for_everybody(simulator, clock, ask):
    simulator.faults = Faults(outages=(Outage(NOON, NOON + timedelta(minutes=5), "boot"),))
    for path in ("/info", "/auth/check_jwt", *PATHS):
        answer = ask.get(path)
        assert answer.status_code == 503
        assert "Resource busy, please retry after 30 seconds" in answer.text
    clock.advance(300)
    assert ask.get("/info").status_code == 200


def test_nightly_outage_follows_the_gateways_zone_and_daylight_saving(simulator, clock, ask):
    simulator.faults = Faults(nightly_outage_s=360, inactive_after_outage_s=120)
    eleven = datetime(2026, 6, 11, 21, 0, tzinfo=UTC)  # 23:00 in Amsterdam in summer
    told = {}
    for second in (-1, 0, 359, 360, 479, 480):
        clock.set(eleven + timedelta(seconds=second))
        try:
            told[second] = ask.get("/production.json").json()["production"][1]["activeCount"]
        except httpx.TransportError:
            told[second] = None
    assert told == {-1: 1, 0: None, 359: None, 360: 0, 479: 0, 480: 1}
    clock.set(datetime(2026, 1, 11, 22, 5, tzinfo=UTC))  # in winter an hour later
    with pytest.raises(httpx.TransportError):
        ask.get("/info")


def test_one_path_fails_and_the_others_do_not(simulator, ask):
    simulator.faults = Faults(failing_paths={"/production.json": "502"})
    assert [ask.get(path).status_code for path in PATHS] == [502, 200, 200]
    simulator.faults = Faults(next_failures=("504",), only_path="/ivp")
    assert [ask.get(path).status_code for path in PATHS] == [200, 200, 504]


def test_a_share_of_the_requests_fails_by_the_seed(simulator, ask):
    simulator.faults = Faults(failing_share=0.4, shared_failure="502", seed=1)
    outcomes = [ask.get("/info").status_code for _ in range(30)]
    assert 4 < outcomes.count(502) < 20
    assert outcomes.count(200) == 30 - outcomes.count(502)


def test_more_requests_at_once_than_it_bears(simulator, gateway):
    simulator.switches = Switches(parallel_requests=1)
    simulator.faults = Faults(next_failures=("stall",))
    address = ("127.0.0.1", int(gateway.host.rpartition(":")[2]))
    with socket.create_connection(address) as first, unverified().wrap_socket(first) as waiting:
        waiting.sendall(b"GET /info HTTP/1.1\r\nHost: gateway\r\n\r\n")
        while not simulator.requests:
            waiting.settimeout(0.01)
            with contextlib.suppress(TimeoutError):
                waiting.recv(1)
        with plain_client(gateway) as second, pytest.raises(httpx.TransportError):
            second.get("/info")
    assert simulator.most_at_once == 2


def test_requests_wait_for_the_only_worker(simulator, ask):
    impatient = httpx.Timeout(10, read=0.3)
    simulator.switches = Switches(has_one_worker=True)
    simulator.faults = Faults(latency_s=60)
    with pytest.raises(httpx.ReadTimeout):
        ask.get("/info", timeout=impatient)
    simulator.faults = Faults()
    with pytest.raises(httpx.ReadTimeout):  # the worker is still at the first
        ask.get("/info", timeout=impatient)
    simulator.switches = Switches()
    assert ask.get("/info").status_code == 200


def test_latency_is_drawn_by_seed():
    def waits(seed: int) -> list[float]:
        failing = Failing()
        return [failing.latency_s(Faults(latency_s=1, jitter_s=2, seed=seed)) for _ in range(50)]

    assert waits(1) == waits(1) != waits(2)
    assert all(1 <= each <= 3 for each in waits(1))
    assert max(waits(1)) > 2.5 > 1.5 > min(waits(1))


def test_latency_is_real(simulator, ask):
    simulator.faults = Faults(latency_s=60)
    with pytest.raises(httpx.ReadTimeout):
        ask.get("/info", timeout=httpx.Timeout(10, read=0.1))


def test_http_is_redirected_by_old_firmware_and_silent_on_new(clock, serve):
    simulator = EnvoySimulator(usual_site("full_ct"), clock)
    gateway = serve(simulator)
    with serve_app(simulator.http_app(gateway.base_url)) as plain:
        answer = httpx.get(f"{plain.base_url}/production.json?details=1")
        assert answer.status_code == 301
        target = f"{gateway.base_url}/production.json?details=1"
        assert answer.headers["location"] == target
        simulator.switches = Switches(redirects_http=False)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{plain.base_url}/info")


def test_faults_that_cannot_be():
    with pytest.raises(ValueError, match="next_failures"):
        Faults(next_failures=("explode",))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="timezone"):
        Faults(stale_from=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="ends after it starts"):
        Outage(NOON, NOON)
