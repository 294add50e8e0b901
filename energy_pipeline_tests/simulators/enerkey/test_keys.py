"""Keys: the header's form, validity dates, scopes, services and other profiles' ids."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Key,
    Meter,
    Switches,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.enerkey.conftest import NOON, Running, Start

FROM, TO = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
METERS = [Meter(101, 11, "Meter")]
SECOND = timedelta(seconds=1)


def status(running: Running, authorization: str | None, path: str = "Quantities") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    if authorization is None:
        del running.http.headers["Authorization"]
    return running.http.get(f"/api/v2/{path}", headers=headers).status_code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (SIMULATED_KEY_A, 200),
        (f"Bearer {SIMULATED_KEY_A}", 401),
        (f"ApiKey {SIMULATED_KEY_A}", 401),
        ("unknown", 401),
        ("", 401),
        (None, 401),
    ],
)
def test_header_is_the_bare_key(start: Start, value: str | None, code: int) -> None:
    assert status(start(), value) == code


@pytest.mark.parametrize(
    ("switch", "scheme"), [("apikey_scheme", "ApiKey"), ("bearer_scheme", "bearer")]
)
def test_schemes(start: Start, switch: str, scheme: str) -> None:
    running = start(auth_value=switch)

    assert status(running, f"{scheme} {SIMULATED_KEY_A}") == 200
    assert status(running, SIMULATED_KEY_A) == 401


def test_two_headers_are_none(start: Start) -> None:
    running = start()
    headers = [("Authorization", SIMULATED_KEY_A), ("Authorization", SIMULATED_KEY_A)]

    assert (
        httpx.get(f"{running.http.base_url}/api/v2/Quantities", headers=headers).status_code == 401
    )


@pytest.mark.parametrize(
    ("validity", "now", "code"),
    [
        ("half_open_utc", FROM - SECOND, 401),
        ("half_open_utc", FROM, 200),
        ("half_open_utc", TO - SECOND, 200),
        ("half_open_utc", TO, 401),
        ("inclusive_utc", TO, 200),
        ("inclusive_utc", TO + SECOND, 401),
        ("half_open_helsinki", FROM - timedelta(hours=3), 200),
        ("half_open_helsinki", FROM - timedelta(hours=3) - SECOND, 401),
        ("half_open_helsinki", TO - timedelta(hours=3), 401),
    ],
)
def test_validity_dates(start: Start, validity: str, now: datetime, code: int) -> None:
    given = profile(METERS, keys=[Key("A", "secret-a", FROM, TO)])
    running = start(given=given, now=now, key_validity=validity)

    assert status(running, "secret-a") == code


def test_second_key_takes_over(start: Start) -> None:
    overlap = TO - timedelta(days=7)
    keys = [Key("A", "secret-a", FROM, TO), Key("B", "secret-b", overlap)]
    running = start(given=profile(METERS, keys=keys), now=NOON)

    seen = []
    for now in (overlap - SECOND, overlap, TO):
        running.clock.set(now)
        seen.append((status(running, "secret-a"), status(running, "secret-b")))

    assert seen == [(200, 401), (200, 200), (401, 200)]
    assert [record.key for record in running.simulator.requests] == ["A", None, "A", "B", None, "B"]


@pytest.mark.parametrize(
    ("codes", "key_code", "scope_code", "foreign_code"),
    [
        ("401_403_404", 401, 403, 404),
        ("all_401", 401, 401, 401),
        ("all_403", 403, 403, 403),
        ("scope_404", 401, 404, 404),
    ],
)
def test_denials(codes: str, key_code: int, scope_code: int, foreign_code: int) -> None:
    keys = [Key("A", "secret-a"), Key("T", "secret-t", scopes=frozenset({"tenant"}))]
    with _two_profiles(keys, denial_codes=codes) as running:
        assert status(running, "unknown") == key_code
        assert status(running, "secret-t") == scope_code
        assert status(running, "secret-a", "Meters/201") == foreign_code
        assert status(running, "secret-a", "Facilities/21") == foreign_code
        assert status(running, "secret-a", "Meters/999") == 404
        assert status(running, "secret-b", "Meters/201") == 200


@contextlib.contextmanager
def _two_profiles(keys: list[Key], **switches: Any) -> Iterator[Running]:
    """Serve, beside the first, a profile with meter 201, facility 21 and the key secret-b."""
    simulator = EnerKeySimulator(
        profile(METERS, keys=keys),
        VirtualClock(NOON, fixed=True),
        Switches(**switches),
        other_profiles=[profile([Meter(201, 21, "Foreign")], keys=[Key("B", "secret-b")])],
    )
    with serve(simulator.app) as server:
        running = Running(simulator, server.base_url)
        with running.http:
            yield running


@pytest.mark.parametrize("code", [403, 401, 404])
def test_values_that_are_not_switched_on(start: Start, code: int) -> None:
    running = start(given=profile(METERS, values_enabled=False), service_not_enabled=code)

    answer = running.hourly(101, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")

    assert answer.status_code == code
    assert status(running, SIMULATED_KEY_A, "Meters") == 200


def test_no_secret_is_shown(start: Start) -> None:
    running = start()
    status(running, SIMULATED_KEY_A)

    shown = [
        repr(Key("A", SIMULATED_KEY_A)),
        repr(running.simulator.requests),
        running.http.get("/_sim/config").text,
        running.http.get("/_sim/requests").text,
        running.http.get("/_sim/state").text,
    ]

    assert not [text for text in shown if SIMULATED_KEY_A in text]
