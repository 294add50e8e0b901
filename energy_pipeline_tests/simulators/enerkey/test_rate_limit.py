"""The daily limit and the burst limit: windows, headers, and the answer to a request too many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from energy_pipeline.simulators.enerkey import SIMULATED_KEY_B
from energy_pipeline_tests.simulators.enerkey.conftest import NOON, Running, Start

DAY_S = 86_400


def ask(running: Running) -> httpx.Response:
    return running.http.get("/api/v2/Quantities")


def codes(running: Running, count: int) -> list[int]:
    return [ask(running).status_code for _ in range(count)]


def test_headers_count_down(start: Start) -> None:
    running = start()

    ask(running)
    running.clock.advance(60)
    second = ask(running)

    assert {name: value for name, value in second.headers.items() if name.startswith("x-")} == {
        "x-rate-limit": "39998",
        "x-rate-limit-limit": "1d",
        "x-rate-limit-remaining": "39998",
        "x-rate-limit-reset": "2026-06-02T12:00:00.0000000Z",
    }


@pytest.mark.parametrize(
    ("switch", "names"),
    [
        ("single_only", ["x-rate-limit"]),
        ("trio_only", ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"]),
    ],
)
def test_fewer_headers(start: Start, switch: str, names: list[str]) -> None:
    answer = ask(start(rate_headers=switch))

    assert [name for name in answer.headers if name.startswith("x-")] == names


def test_refused_requests_carry_the_headers_too(start: Start) -> None:
    running = start()

    assert "X-Rate-Limit" in running.http.get("/api/v2/Meters/999").headers
    assert "X-Rate-Limit" not in running.http.get("/nowhere").headers
    wrong_key = running.http.get("/api/v2/Meters", headers={"Authorization": "unknown"})
    assert "X-Rate-Limit" not in wrong_key.headers
    assert ask(running).headers["X-Rate-Limit"] == "39998"


def test_one_request_too_many(start: Start) -> None:
    running = start(daily_request_limit=2)
    codes(running, 2)
    running.clock.advance(100.5)

    refused = ask(running)

    assert refused.status_code == 429
    assert refused.text == "API calls quota exceeded! maximum admitted 2 per 1d."
    assert refused.headers["Content-Type"] == "text/plain"
    assert refused.headers["Retry-After"] == str(DAY_S - 100)
    assert "X-Rate-Limit" not in refused.headers


def test_push_too_many_is_not_done(start: Start) -> None:
    running = start(daily_request_limit=1)
    ask(running)

    answer = running.push(101, [{"timestamp": "2026-01-01T00:00:00Z", "value": 1}])

    assert answer.status_code == 429
    assert running.simulator.stored_hours(101) == {}


def test_each_key_has_its_own_limit(start: Start) -> None:
    running = start(daily_request_limit=1)
    assert codes(running, 2) == [200, 429]

    other = running.http.get("/api/v2/Quantities", headers={"Authorization": SIMULATED_KEY_B})

    assert other.status_code == 200


WINDOWS: list[tuple[str, list[int]]] = [
    # requests at 0, 20, 30, 43 and 49 hours after noon with 2 in 24 hours
    ("rolling", [200, 200, 200, 429, 200]),
    ("fixed_from_first", [200, 200, 200, 200, 429]),
    ("calendar_day", [200, 200, 200, 200, 200]),
]


@pytest.mark.parametrize(("window", "expected"), WINDOWS)
def test_windows(start: Start, window: str, expected: list[int]) -> None:
    running = start(daily_request_limit=2, rate_window=window)

    seen = []
    for hour in (0, 20, 30, 43, 49):
        running.clock.set(NOON + timedelta(hours=hour))
        seen.append(ask(running).status_code)

    assert seen == expected


@pytest.mark.parametrize(
    ("window", "reset"),
    [
        ("rolling", datetime(2026, 6, 2, 12, tzinfo=UTC)),
        ("fixed_from_first", datetime(2026, 6, 2, 12, tzinfo=UTC)),
        ("calendar_day", datetime(2026, 6, 2, tzinfo=UTC)),
    ],
)
def test_retry_after_is_kept(start: Start, window: str, reset: datetime) -> None:
    running = start(daily_request_limit=1, rate_window=window)
    assert ask(running).headers["X-Rate-Limit-Reset"] == f"{reset:%Y-%m-%dT%H:%M:%S}.0000000Z"
    running.clock.advance(3600)

    wait_s = int(ask(running).headers["Retry-After"])

    assert NOON + timedelta(seconds=3600 + wait_s) == reset
    running.clock.advance(wait_s - 1)
    assert ask(running).status_code == 429
    running.clock.advance(1)
    assert ask(running).status_code == 200


@pytest.mark.parametrize(
    ("counting", "expected"), [("accepted_only", [200, 429, 200]), ("all", [200, 429, 429])]
)
def test_refused_requests_in_a_rolling_window(
    start: Start, counting: str, expected: list[int]
) -> None:
    running = start(daily_request_limit=1, rate_counting=counting)

    seen = []
    for hour in (0, 12, 25):
        running.clock.set(NOON + timedelta(hours=hour))
        seen.append(ask(running).status_code)

    assert seen == expected


def test_retry_after_counts_refused_requests_where_they_count(start: Start) -> None:
    running = start(daily_request_limit=1, rate_counting="all")
    ask(running)
    running.clock.advance(DAY_S / 2)

    assert ask(running).headers["Retry-After"] == str(DAY_S)


def test_refused_requests_do_not_prolong_a_fixed_window(start: Start) -> None:
    running = start(daily_request_limit=1, rate_counting="all", rate_window="fixed_from_first")
    assert codes(running, 3) == [200, 429, 429]

    running.clock.advance(DAY_S)

    assert codes(running, 1) == [200]


def test_burst(start: Start) -> None:
    running = start(burst_limit="20_per_10s")
    assert codes(running, 20) == [200] * 20

    refused = ask(running)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert refused.text == "API calls quota exceeded! maximum admitted 20 per 10s."
    running.clock.advance(10)
    after = ask(running)
    assert after.headers["X-Rate-Limit"] == str(40_000 - 21)


def test_longer_wait_counts_when_both_limits_are_reached(start: Start) -> None:
    running = start(burst_limit="20_per_10s", daily_request_limit=20)
    codes(running, 20)

    assert ask(running).headers["Retry-After"] == str(DAY_S)


def test_no_burst_limit_by_default(start: Start) -> None:
    assert codes(start(), 21) == [200] * 21


@pytest.mark.parametrize(
    ("switch", "code", "media_type", "headers"),
    [
        ("problem_429", 429, "application/problem+json", {"Retry-After"}),
        ("problem_503", 503, "application/problem+json", {"Retry-After"}),
        ("gateway_403", 403, "application/json", set()),
    ],
)
def test_other_rejections(
    start: Start, switch: str, code: int, media_type: str, headers: set[str]
) -> None:
    running = start(daily_request_limit=1, rate_rejection=switch)
    ask(running)

    answer: Any = ask(running)

    assert (answer.status_code, answer.headers["Content-Type"]) == (code, media_type)
    assert ("Retry-After" in answer.headers) is bool(headers)
    assert "quota exceeded" in answer.text
