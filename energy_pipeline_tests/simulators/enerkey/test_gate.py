"""The strict order of the checks, paths, media types and error bodies."""

import socket
from typing import Any

import pytest

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Key,
    Meter,
    profile,
)
from energy_pipeline_tests.simulators.enerkey.conftest import NOON, Start, row

PUSH = "/api/v2/Values/PushConsumptionsForMeter"
ROWS = [row("2026-01-01T00:00:00Z", 1)]
TENANT = Key("tenant", "tenant-secret", scopes=frozenset({"tenant"}))


def test_each_check_comes_before_the_next(start: Start) -> None:
    """A request with every mistake; each answer is what remains when the mistake is mended."""
    meters = [Meter(101, 11, "Meter"), Meter(102, 11, "Register", reading_type="cumulative")]
    given = profile(meters, keys=[Key("A", SIMULATED_KEY_A), TENANT])
    running = start(given=given, daily_request_limit=1, max_body_bytes=400)
    spent = {"Authorization": TENANT.secret}
    running.http.get("/api/v2/Quantities", headers=spent)  # the tenant's only request, 403
    answers: list[int] = []

    def ask(method: str, path: str, key: str, **rest: Any) -> None:
        headers = {"Authorization": key, **rest.pop("headers", {})}
        answers.append(running.http.request(method, path, headers=headers, **rest).status_code)

    long = {"content": b"x" * 401}
    ask("DELETE", "/api/v2/Values/Nothing/9", "unknown", **long)
    ask("DELETE", f"{PUSH}/9", "unknown", **long)
    ask("POST", f"{PUSH}/9", "unknown", **long)
    ask("POST", f"{PUSH}/9", TENANT.secret, **long)
    running.clock.advance(86_400)
    ask("POST", f"{PUSH}/9", TENANT.secret, **long)
    ask("POST", f"{PUSH}/9", SIMULATED_KEY_A, **long)
    running.clock.advance(86_400)
    as_json = {"headers": {"Content-Type": "application/json"}}
    ask("POST", f"{PUSH}/9", SIMULATED_KEY_A, **long, **as_json)
    running.clock.advance(86_400)
    ask("POST", f"{PUSH}/9", SIMULATED_KEY_A, content=b"x", **as_json)
    running.clock.advance(86_400)
    ask("POST", f"{PUSH}/9", SIMULATED_KEY_A, json=ROWS)
    running.clock.advance(86_400)
    ask("POST", f"{PUSH}/102", SIMULATED_KEY_A, json=ROWS)

    assert answers == [404, 405, 401, 429, 403, 415, 413, 400, 404, 422]
    assert not any(record.is_committed for record in running.simulator.requests)


def test_unknown_path_and_wrong_method(start: Start) -> None:
    running = start()

    unknown = running.http.get("/api/v2/Provisioning/Elsewhere")
    wrong = running.http.put("/api/v2/Meters")

    assert (unknown.status_code, unknown.content) == (404, b"")
    assert (wrong.status_code, wrong.headers["Allow"], wrong.content) == (405, "GET", b"")
    assert [record.operation for record in running.simulator.requests] == [None, None]


def test_letter_case_of_paths_does_not_matter(start: Start) -> None:
    running = start()

    assert running.http.get("/API/V2/quantities").status_code == 200
    assert running.http.get("/api/v2/METERS/101").json()["id"] == 101


def test_lower_case_routes_are_exact(start: Start) -> None:
    running = start(route_style="lowercase_rest")

    assert running.http.get("/api/v2/quantities").status_code == 200
    assert running.http.get("/api/v2/Quantities").status_code == 404


def test_prefix(start: Start) -> None:
    running = start(path_prefix="/api")

    assert running.http.get("/api/Quantities").status_code == 200
    assert running.http.get("/api/v2/Quantities").status_code == 404


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/json; charset=latin-1", 415),
        ("text/json", 415),
        ("", 415),
    ],
)
def test_media_type(start: Start, content_type: str, code: int) -> None:
    running = start()
    content = b'[{"timestamp":"2026-01-01T00:00:00Z","value":1}]'
    headers = {"Content-Type": content_type} if content_type else {}

    assert running.http.post(f"{PUSH}/101", content=content, headers=headers).status_code == code


def test_body_without_a_length_is_measured_too(start: Start) -> None:
    running = start(max_body_bytes=100)
    headers = {"Content-Type": "application/json"}

    answer = running.http.post(f"{PUSH}/101", content=iter([b" " * 60] * 2), headers=headers)

    assert answer.status_code == 413


def test_body_that_is_announced_too_long_is_not_read(start: Start) -> None:
    running = start(max_body_bytes=100)
    url = running.http.base_url
    head = (
        f"POST {PUSH}/101 HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: {SIMULATED_KEY_A}\r\n"
        "Content-Type: application/json\r\nContent-Length: 101\r\n\r\n"
    )

    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(head.encode())

        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("meter_id", ["x", "0", "-1", "2147483648", "1.0", "٣"])
def test_path_id_that_is_none(start: Start, meter_id: str) -> None:
    assert start().http.get(f"/api/v2/Meters/{meter_id}").status_code == 404


def test_wide_ids(start: Start) -> None:
    meters = [Meter(2**40, 11, "Meter")]
    running = start(given=profile(meters), id_type="int64")

    assert running.http.get(f"/api/v2/Meters/{2**40}").json()["id"] == 2**40


@pytest.mark.parametrize(
    ("style", "media_type", "start_of_body"),
    [
        ("problem_json", "application/problem+json", b'{"type":"https://tools.ietf.org/html/rfc'),
        ("gateway_json", "application/json", b'{"statusCode":404,"message":"Meter 999'),
        ("text", "text/plain; charset=utf-8", b"Meter 999"),
        ("html", "text/html; charset=utf-8", b"<html>"),
        ("empty", None, b""),
    ],
)
def test_error_bodies(
    start: Start, style: str, media_type: str | None, start_of_body: bytes
) -> None:
    answer = start(error_body=style).http.get("/api/v2/Meters/999")

    assert answer.status_code == 404
    assert answer.headers.get("Content-Type") == media_type
    assert answer.content.startswith(start_of_body)
    assert bool(answer.content) is bool(start_of_body)


def test_most_errors_of_an_answer(start: Start) -> None:
    answer = start().push(101, [{}] * 1000)

    assert len(answer.json()["errors"]) == 200


def test_ids_and_keys_belong_to_one_profile() -> None:
    clock = VirtualClock(NOON, fixed=True)
    one = profile([Meter(1, 11, "One")])
    with pytest.raises(ValueError, match="two profiles"):
        EnerKeySimulator(one, clock, other_profiles=[one])
    other = profile([Meter(2, 12, "Two")])
    with pytest.raises(ValueError, match="same secret"):
        EnerKeySimulator(one, clock, other_profiles=[other])
