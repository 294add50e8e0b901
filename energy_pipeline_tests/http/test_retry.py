"""Which answers are asked for again, how long the waits are, and what the errors say."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.errors import RequestRefused, ServiceError, ServiceUnavailable
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, parse_retry_after_s, send_with_retries
from energy_pipeline_tests.clocks import ManualClock

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
NAME = "GET /api/v2/systems/67/stats"
KEY = "9f3b2c7d1e0a4f6b8c5d"

Outcome = httpx.Response | Exception


def response(status: int, retry_after: str | None = None, text: str = "") -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(status, headers=headers, text=text)


class Service:
    """Answers the given outcomes one after the other, the last one for ever."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = outcomes
        self.clock = ManualClock(NOW)
        self.requests = 0

    async def send(self) -> httpx.Response:
        outcome = self._outcomes[min(self.requests, len(self._outcomes) - 1)]
        self.requests += 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def ask(self, policy: RetryPolicy | None = None, seed: int = 1) -> httpx.Response:
        return asyncio.run(
            send_with_retries(
                self.send,
                policy=policy or RetryPolicy(),
                clock=self.clock,
                rng=Random(seed),
                request_name=NAME,
            )
        )


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 404, 409, 422, 429])
def test_an_answer_that_asking_again_cannot_change_is_returned_at_once(status: int) -> None:
    service = Service(response(status, "5"))
    assert service.ask().status_code == status
    assert service.requests == 1
    assert service.clock.slept_s == []


@pytest.mark.parametrize(
    "trouble",
    [response(status) for status in (408, 500, 502, 503, 504)]
    + [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.ConnectTimeout("slow")]
    + [httpx.RemoteProtocolError("closed"), httpx.ReadError("reset"), httpx.PoolTimeout("full")],
)
def test_passing_trouble_is_asked_again(trouble: Outcome) -> None:
    service = Service(trouble, trouble, response(200))
    assert service.ask().status_code == 200
    assert service.requests == 3
    assert len(service.clock.slept_s) == 2


def test_too_many_requests_is_waited_for_only_when_the_policy_says_so() -> None:
    service = Service(response(429, "7"), response(200))
    service.ask(RetryPolicy(statuses=frozenset({429})))
    assert service.clock.slept_s == [7.0]


@given(seed=st.integers(0, 2**32), step_s=st.floats(0, 30), factor=st.floats(1, 4))
def test_waits_are_random_grow_at_most_as_told_and_are_never_instant(
    seed: int, step_s: float, factor: float
) -> None:
    policy = RetryPolicy(
        tries=6, first_step_s=step_s, factor=factor, longest_step_s=40, total_wait_s=1e9
    )
    service = Service(response(503))
    with pytest.raises(ServiceUnavailable):
        service.ask(policy, seed)
    assert len(service.clock.slept_s) == 5
    for n, slept_s in enumerate(service.clock.slept_s):
        assert policy.shortest_wait_s <= slept_s
        assert slept_s <= max(policy.shortest_wait_s, min(40, step_s * factor**n))


def test_two_clients_do_not_wait_alike() -> None:
    waits: set[tuple[float, ...]] = set()
    for seed in range(20):
        service = Service(response(503))
        with pytest.raises(ServiceUnavailable):
            service.ask(seed=seed)
        waits.add(tuple(service.clock.slept_s))
    assert len(waits) == 20


@pytest.mark.parametrize(
    "retry_after",
    [
        "0",
        "-5",
        "0.0",
        "",
        "0.01",
        "soon",
        "nan",
        "inf",
        "1e9",
        "9" * 40,
        format_datetime(NOW),
        format_datetime(NOW - timedelta(days=1)),
        "Mon, 99 Foo 99999 99:99:99 GMT",
    ],
)
def test_a_server_that_names_no_wait_does_not_get_an_instant_loop(retry_after: str) -> None:
    service = Service(response(503, retry_after))
    with pytest.raises(ServiceUnavailable):
        service.ask()
    assert service.requests == 4
    assert min(service.clock.slept_s) >= 0.25
    assert sum(service.clock.slept_s) < 15


@pytest.mark.parametrize(
    "retry_after",
    [
        "90",
        "+90",
        " 90 ",
        format_datetime(NOW + timedelta(seconds=90), usegmt=True),
        "Fri, 01 Mar 2024 14:01:30 +0200",
        "Fri, 01 Mar 2024 12:01:30 -0000",
    ],
)
def test_the_servers_wait_is_kept_in_seconds_and_as_a_date(retry_after: str) -> None:
    service = Service(response(503, retry_after), response(200))
    service.ask()
    assert service.clock.slept_s == [90.0]


def test_a_server_that_asks_for_too_long_a_wait_is_given_up_at_once() -> None:
    service = Service(response(503, "200"))
    with pytest.raises(ServiceUnavailable, match="asked to wait 200 s more"):
        service.ask()
    assert service.requests == 2
    assert service.clock.slept_s == [200.0]


def test_giving_up_names_the_request_the_status_and_the_answer() -> None:
    service = Service(response(500, text='{"errorCode":7, "errorMessages":["unavailable."]}'))
    with pytest.raises(ServiceUnavailable) as caught:
        service.ask()
    error = caught.value
    assert (error.request, error.status, error.is_transient) == (NAME, 500, True)
    assert str(error).startswith(f"{NAME}: no usable answer after 4 tries")
    assert "unavailable." in str(error)


def test_a_lost_connection_has_no_status() -> None:
    with pytest.raises(ServiceUnavailable, match="ConnectError: refused") as caught:
        Service(httpx.ConnectError("refused")).ask()
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("trouble", "becomes"),
    [
        (httpx.LocalProtocolError("Illegal header value b'x'"), RequestRefused),
        (httpx.UnsupportedProtocol("no scheme"), RequestRefused),
        (httpx.DecodingError("bad gzip"), ServiceUnavailable),
    ],
)
def test_trouble_of_our_own_making_is_not_asked_again(
    trouble: Exception, becomes: type[ServiceError]
) -> None:
    service = Service(trouble)
    with pytest.raises(becomes):
        service.ask()
    assert service.requests == 1


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.LocalProtocolError(f"Illegal header value b'{KEY}'"),
        httpx.ReadError(f"while reading https://h/x?key={KEY}"),
        httpx.DecodingError(KEY),
        response(503, text=f"overloaded, token {KEY} was not looked at " * 20),
    ],
)
def test_no_error_shows_a_secret_not_even_in_its_chain(trouble: Outcome) -> None:
    install_log_redaction([KEY])
    with pytest.raises(ServiceError) as caught:
        Service(trouble).ask()
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_foreign_exceptions_pass_through() -> None:
    service = Service(KeyError("mistake"))
    with pytest.raises(KeyError):
        service.ask()
    assert service.requests == 1


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("-5", 0.0),
        ("7.5", 7.5),
        (format_datetime(NOW - timedelta(days=1)), 0.0),
        ("Fri, 01 Mar 99999999999999999999 12:00:00 GMT", None),
        ("Fri, 01 Mar 2024 12:00:00 +9999", None),
        ("", None),
    ],
)
def test_a_wait_is_never_negative_and_nonsense_is_none(value: str, wait_s: float | None) -> None:
    assert parse_retry_after_s(value, NOW) == wait_s


@given(st.text())
def test_no_header_breaks_the_parser(value: str) -> None:
    wait_s = parse_retry_after_s(value, NOW)
    assert wait_s is None or wait_s >= 0
