"""One request of dialect v4 at the transport seam: credentials, every refusal, the quota."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
import pytest
from pydantic import SecretStr

from energy_pipeline.errors import (
    AccessRefused,
    EnergyPipelineError,
    NotFound,
    QuotaSpent,
    RequestRefused,
    ServiceUnavailable,
)
from energy_pipeline.http.client import open_client
from energy_pipeline.sources.enlighten.counted_requests import READS
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.v4.connection import Connection
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sources.enlighten.bodies import REPORTED, SYSTEM, epoch
from energy_pipeline_tests.sources.enlighten.cloud import (
    API_KEY,
    PLAN,
    Cloud,
    answered,
    new_clock,
)
from energy_pipeline_tests.sources.enlighten.v4.tokens import CountedTokens

Found = TypeVar("Found")
PATH = f"/api/v4/systems/{SYSTEM}/telemetry/battery"
GOOD = answered({"system_id": SYSTEM})
OUTSIDE = "Requested date range is invalid for this system"


def no(status: int, message: str, details: str, **members: Any) -> httpx.Response:
    return answered({"message": message, "details": details, "code": status, **members}, status)


EXPIRED = no(401, "Not Authorized", "User is not authorized")
FULL = no(429, "Too Many Requests", "Usage limit exceeded for plan Watt")


def ask(
    cloud: Cloud,
    folder: Path,
    question: Callable[[Connection], Awaitable[Found]],
    clock: ManualClock | None = None,
    tokens: CountedTokens | None = None,
) -> Found:
    async def run() -> Found:
        now = clock or new_clock()
        quota = Quota(state, "Enlighten", account_fingerprint(API_KEY), PLAN, now)
        transport = httpx.MockTransport(cloud)
        async with open_client("https://api.enphaseenergy.com", transport=transport) as http:
            connection = Connection(http, quota, SecretStr(API_KEY), tokens or CountedTokens(), now)
            return await question(connection)

    state = StateDatabase(f"sqlite:///{folder}/state.db")
    try:
        return asyncio.run(run())
    finally:
        state.close()


def battery(connection: Connection) -> Awaitable[httpx.Response]:
    return connection.get(PATH, {"granularity": "day"})


def test_key_and_token_are_in_headers_alone(tmp_path: Path) -> None:
    cloud = Cloud(GOOD)

    response = ask(cloud, tmp_path, battery)

    assert response.content == GOOD.content
    (request,) = cloud.requests
    assert request.url == f"https://api.enphaseenergy.com{PATH}?granularity=day"
    assert request.headers["key"] == API_KEY
    assert request.headers["authorization"] == "Bearer token-0"


def test_a_question_with_a_body(tmp_path: Path) -> None:
    cloud = Cloud(GOOD)
    path = "/api/v4/systems/search"

    ask(cloud, tmp_path, lambda connection: connection.post(path, {"system": {}}, {"page": "2"}))

    (request,) = cloud.requests
    assert (request.method, request.url.query) == ("POST", b"page=2")
    assert orjson.loads(request.content) == {"system": {}}


def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    cloud, tokens = Cloud(EXPIRED, GOOD), CountedTokens()

    async def question(connection: Connection) -> int:
        await battery(connection)
        await battery(connection)
        return connection.quota.spent_by_this_object

    assert ask(cloud, tmp_path, question, tokens=tokens) == 3
    sent = [request.headers["authorization"] for request in cloud.requests]
    assert sent == ["Bearer token-0", "Bearer token-1", "Bearer token-1"]
    assert tokens.renewals == 1


def test_a_token_that_is_refused_again_ends_it(tmp_path: Path) -> None:
    cloud, tokens = Cloud(EXPIRED), CountedTokens()

    with pytest.raises(AccessRefused, match="energy-pipeline enlighten authorize"):
        ask(cloud, tmp_path, battery, tokens=tokens)

    assert (len(cloud.requests), tokens.renewals) == (2, 1)


@pytest.mark.parametrize(
    ("refused", "error", "words"),
    [
        (
            no(401, "Not authorized to access requested resource.", "Keys are missing at Header"),
            AccessRefused,
            ["Keys are missing", "ENLIGHTEN_API_KEY"],
        ),
        (
            no(401, "API Key -Client mismatch", "API Key and Client ID … do not match"),
            AccessRefused,
            ["another application", "enlighten authorize"],
        ),
        (
            no(401, "Not Authorized", "Not authorized to access this resource"),
            AccessRefused,
            ["'Site Level Consumption Monitoring'", "plan", "ticked"],
        ),
        (
            no(403, "Forbidden", "Not authorized to access this resource"),
            AccessRefused,
            ["does not share this system", "system_id"],
        ),
        (
            no(404, "Not Found", 'System not found for {:id=>"4127001"}'),
            NotFound,
            ["System not found", "system_id"],
        ),
        (
            no(404, "Not Authorized", 'System not found for {:id=>"4127001"}'),
            NotFound,
            ["system_id"],
        ),
        (
            answered({"reason": "405", "message": ["Method not allowed"]}, 405),
            NotFound,
            ["Method not allowed", "ENLIGHTEN_BASE_URL"],
        ),
        (
            answered({"reason": "501", "message": ["Not Implemented"]}, 501),
            NotFound,
            ["Not Implemented"],
        ),
        (answered(b"", 302), RequestRefused, ["Redirects"]),
        (
            no(422, "Unprocessable Entity", f"{OUTSIDE}. {{:start_at=>1, :last_interval=>nil}}"),
            RequestRefused,
            [OUTSIDE],
        ),
        (
            answered({"message": "Bad request", "code": "400", "details": ["Invalid"]}, 400),
            RequestRefused,
            ["Bad request; Invalid"],
        ),
        (
            no(500, "Internal Server Error", 'Problem parsing time. … {:start_date=>"2019-08-33"}'),
            RequestRefused,
            ["2019-08-33"],
        ),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    tmp_path: Path, refused: httpx.Response, error: type[EnergyPipelineError], words: list[str]
) -> None:
    cloud, tokens = Cloud(refused), CountedTokens()

    with pytest.raises(error) as raised:
        ask(cloud, tmp_path, battery, tokens=tokens)

    text = str(raised.value)
    assert text.startswith(f"GET {PATH}: Enlighten answered {refused.status_code}")
    assert all(word in text for word in words), text
    assert (len(cloud.requests), tokens.renewals) == (1, 0)


@pytest.mark.parametrize(
    ("refused", "reason", "is_ahead"),
    [
        (
            no(
                422,
                "Unprocessable Entity",
                f"Invalid request because of '{OUTSIDE}. {{:start_at=>1, :end_at=>2, "
                ":first_interval=>1, :last_interval=>1652235600}'",
            ),
            f"{OUTSIDE}; its intervals end at 2022-05-11 02:20 UTC",
            False,
        ),
        (no(422, "Unprocessable Entity", OUTSIDE), OUTSIDE, False),
        (
            no(422, "Unprocessable Entity", "Requested date is in the future"),
            "Requested date is in the future",
            True,
        ),
        (
            no(422, "x", "Invalid request because of 'Requested date is in the future'"),
            "Requested date is in the future",
            True,
        ),
        (answered(b"", 204), "no content", False),
    ],
)
def test_a_refused_time_is_the_vendors_answer(
    tmp_path: Path, refused: httpx.Response, reason: str, is_ahead: bool
) -> None:
    found = ask(Cloud(refused), tmp_path, lambda connection: connection.get_or_refusal(PATH))

    assert found == Refusal(reason, is_ahead)


@pytest.mark.parametrize(
    "trouble",
    [
        no(500, "Internal Server Error", "unable to fetch data"),
        answered({"errorCode": 7, "errorMessages": ["Data is temporarily unavailable"]}, 500),
        answered(b"<html>", 503),
        httpx.ReadTimeout("silent"),
    ],
)
def test_passing_trouble_is_asked_again_and_every_try_is_a_hit(
    tmp_path: Path, trouble: httpx.Response | httpx.TransportError
) -> None:
    cloud, clock = Cloud(trouble, trouble, GOOD), new_clock()

    async def question(connection: Connection) -> int:
        await battery(connection)
        return connection.quota.spent_by_this_object

    assert ask(cloud, tmp_path, question, clock) == 3
    assert len(clock.slept_s) == 2


def test_lasting_trouble_is_given_up(tmp_path: Path) -> None:
    cloud = Cloud(answered(b"<html>", 503))

    with pytest.raises(ServiceUnavailable, match="after 5 tries"):
        ask(cloud, tmp_path, battery)
    assert len(cloud.requests) == READS.tries


def test_a_full_minute_with_its_window_is_waited_for(tmp_path: Path) -> None:
    ends_at = epoch(REPORTED) + 40
    window = {"period": "minute", "period_start": ends_at - 60, "period_end": ends_at, "limit": 10}
    full = no(429, "Too Many Requests", "Usage limit exceeded for plan Watt", **window)
    clock = new_clock()

    ask(Cloud(full, GOOD), tmp_path, battery, clock)

    assert clock.now() - REPORTED == timedelta(seconds=41)


def test_a_full_quota_without_window_is_a_minute(tmp_path: Path) -> None:
    clock = new_clock()

    ask(Cloud(FULL, GOOD), tmp_path, battery, clock)

    assert clock.now() - REPORTED == timedelta(minutes=1)


def test_a_quota_that_is_full_minute_after_minute_is_the_months(tmp_path: Path) -> None:
    """The next run asks no sooner than after hours, and then again in vain but once a time."""
    cloud, clock = Cloud(FULL), new_clock()

    with pytest.raises(QuotaSpent) as raised:
        ask(cloud, tmp_path, battery, clock)
    with pytest.raises(QuotaSpent):
        ask(cloud, tmp_path, battery, clock)

    assert len(cloud.requests) == 3
    assert (raised.value.period, raised.value.limit) == ("month", 1000)
    assert raised.value.goes_on_at == REPORTED + timedelta(minutes=2, hours=4)


def test_a_month_that_is_full_with_its_window_ends_it_at_once(tmp_path: Path) -> None:
    ends_at = epoch(REPORTED) + 9 * 86_400
    window = {"period": "month", "period_start": 0, "period_end": ends_at, "limit": 1000}
    cloud = Cloud(no(429, "Too Many Requests", "Usage limit exceeded for plan Watt", **window))

    with pytest.raises(QuotaSpent) as raised:
        ask(cloud, tmp_path, battery)

    assert raised.value.goes_on_at == REPORTED + timedelta(days=9, seconds=1)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        EXPIRED,
        no(401, f"no {API_KEY}", "Bearer token-0"),
        no(422, "x", f"Failed to parse {API_KEY}"),
        httpx.ConnectError(f"{API_KEY} token-0"),
    ],
)
def test_no_secret_is_in_an_error_a_log_line_or_a_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: Any
) -> None:
    for logger in ("", "httpx", "httpcore", "energy_pipeline"):
        caplog.set_level(logging.DEBUG, logger)
    seen: list[str] = []

    async def question(connection: Connection) -> None:
        seen.append(repr(connection))
        try:
            await battery(connection)
        except EnergyPipelineError as error:
            seen.append(f"{error!r} {error} {error.__cause__!r} {vars(error)}")
            logging.getLogger("energy_pipeline").exception("failed")

    ask(Cloud(trouble), tmp_path, question)

    everything = caplog.text + "".join(seen)
    assert "/api/v4/systems" in everything
    assert not [secret for secret in (API_KEY, "token-0", "token-1") if secret in everything]
