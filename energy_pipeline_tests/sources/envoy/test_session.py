"""A conversation through its faults: what is asked again, what is renewed, what is given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import httpx
import pytest
from pydantic import SecretStr

from energy_pipeline.errors import (
    AccessRefused,
    NotTrusted,
    RequestRefused,
    SchemaSurprise,
    ServiceUnavailable,
)
from energy_pipeline.sources.envoy.client import open_session
from energy_pipeline.sources.envoy.pins import CertificatePins
from energy_pipeline.sources.envoy.replies import Absent, Document, Reply, Unavailable
from energy_pipeline.sources.envoy.session import GatewayAccess, GatewaySession
from energy_pipeline.sources.envoy.tokens import GatewayToken
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.conftest import SERIAL, Bench

Result = TypeVar("Result")
INFO = (
    f"<envoy_info><time>1781177601</time><device><sn>{SERIAL}</sn><software>D8.3.5289</software>"
    "</device><web-tokens>true</web-tokens></envoy_info>"
)
OLD_INFO = INFO.replace("<web-tokens>true</web-tokens>", "")
PAGE_401 = "<html>\n<head><title>401 Authorization Required</title></head></html>"
FIRST, SECOND = "first-token-value", "second-token-value"
COOKIE = "c00c1e5e5510n"
BUSY = httpx.Response(503, headers={"Retry-After": "30"}, text="Resource busy")


class Tokens:
    """A source of two tokens."""

    def __init__(self) -> None:
        self.renewals = 0

    async def current(self) -> GatewayToken:
        return GatewayToken(SecretStr(FIRST), "a remark about the token")

    async def renewed(self, rejected: SecretStr) -> GatewayToken:
        assert rejected.get_secret_value() == FIRST
        self.renewals += 1
        return GatewayToken(SecretStr(SECOND))


class Box:
    """A gateway whose answers are set by path; one list entry after the other, the last stays."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.tokens = Tokens()
        self.seen: list[tuple[str, str | None, str | None]] = []
        self.good_tokens = {FIRST, SECOND}
        self.answers: dict[str, list[httpx.Response | Exception]] = {
            "/info": [httpx.Response(200, text=INFO)]
        }

    def put(self, path: str, *answers: httpx.Response | Exception) -> None:
        self.answers[path] = list(answers)

    def talk(self, what: Callable[[GatewaySession], Awaitable[Result]]) -> Result:
        access = GatewayAccess("10.0.0.5", SERIAL, None, self.tokens)
        pins = CertificatePins(self.bench.state)

        async def talked() -> Result:
            transport = httpx.MockTransport(self._answer)
            session = open_session(access, pins, self.bench.clock, Random(1), transport=transport)
            async with session as opened:
                return await what(opened)

        return asyncio.run(talked())

    def get(self, *endpoints: Endpoint) -> list[Reply]:
        async def replies(session: GatewaySession) -> list[Reply]:
            return [await session.get(endpoint) for endpoint in endpoints]

        return self.talk(replies)

    def asked(self, path: str) -> int:
        return [seen[0] for seen in self.seen].count(path)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        bearer, cookie = request.headers.get("Authorization"), request.headers.get("Cookie")
        self.seen.append((path, bearer, cookie))
        if path == "/auth/check_jwt" and path not in self.answers:
            return self._check(bearer)
        answers = self.answers.get(path, [httpx.Response(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def _check(self, bearer: str | None) -> httpx.Response:
        if (bearer or "").removeprefix("Bearer ") not in self.good_tokens:
            return httpx.Response(401, text=PAGE_401)
        header = {"Set-Cookie": f"sessionId={COOKIE}; Secure; HttpOnly; path=/"}
        return httpx.Response(200, headers=header, text="<h2>Valid token.</h2>\n")


@pytest.fixture
def box(bench: Bench) -> Box:
    return Box(bench)


METERS, HOME = Endpoint.METERS, Endpoint.HOME
GOOD, REFUSED = httpx.Response(200, text="[]"), httpx.Response(401, text=PAGE_401)


def test_first_who_then_the_token_then_both_token_and_cookie(box: Box):
    box.put("/ivp/meters", GOOD)
    (reply,) = box.get(METERS)
    assert reply == Document([], box.bench.clock.now())
    bearer = f"Bearer {FIRST}"
    assert box.seen == [
        ("/info", None, None),
        ("/auth/check_jwt", bearer, None),
        ("/ivp/meters", bearer, f"sessionId={COOKIE}"),
    ]
    assert box.talk(_remarks) == ["a remark about the token"]


async def _remarks(session: GatewaySession) -> list[str]:
    return session.remarks


def test_a_cookie_that_comes_later_is_the_one_that_counts(box: Box):
    fresh = {"Set-Cookie": "sessionId=fresh-session; Secure; HttpOnly; path=/"}
    box.put("/ivp/meters", httpx.Response(200, headers=fresh, text="[]"))
    box.get(METERS, HOME)
    assert box.seen[-1] == ("/home.json", f"Bearer {FIRST}", "sessionId=fresh-session")


def test_another_serial_gets_no_token(box: Box):
    box.put("/info", httpx.Response(200, text=INFO.replace(SERIAL, "122000000099")))
    with pytest.raises(NotTrusted, match=r"at 10\.0\.0\.5 answers gateway 122000000099"):
        box.get(METERS)
    assert box.seen == [("/info", None, None)]


def test_an_old_gateway_is_told_apart_before_a_token_is_fetched(box: Box):
    box.put("/info", httpx.Response(200, text=OLD_INFO))
    with pytest.raises(RequestRefused, match=r"firmware 8\.3\.5289 takes no tokens"):
        box.get(METERS)
    assert box.seen == [("/info", None, None)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text="<html>login</html>"), SchemaSurprise),
        (httpx.Response(301, headers={"Location": "https://localhost/info"}), ServiceUnavailable),
        (httpx.Response(502, text=PAGE_401), ServiceUnavailable),
        (httpx.ConnectError("refused"), ServiceUnavailable),
    ],
)
def test_who_does_not_say_who_he_is_gets_no_token(box: Box, answer, error):
    box.put("/info", answer)
    with pytest.raises(error, match=r"^GET /info: "):
        box.get(METERS)
    assert {seen[1] for seen in box.seen} == {None}


def test_a_rejected_token_is_renewed_once(box: Box):
    box.good_tokens = {SECOND}
    box.put("/ivp/meters", GOOD)
    (reply,) = box.get(METERS)
    assert isinstance(reply, Document)
    assert box.tokens.renewals == 1
    assert box.seen[-1] == ("/ivp/meters", f"Bearer {SECOND}", f"sessionId={COOKIE}")


def test_a_new_token_that_is_rejected_too_ends_it(box: Box):
    box.good_tokens = set()
    with pytest.raises(AccessRefused, match=f"{SERIAL} rejects the token, and a new one too"):
        box.get(METERS)
    assert (box.tokens.renewals, box.asked("/auth/check_jwt")) == (1, 2)


def test_a_lost_session_is_opened_anew(box: Box):
    box.put("/ivp/meters", REFUSED, GOOD)
    (reply,) = box.get(METERS)
    assert isinstance(reply, Document)
    assert (box.asked("/auth/check_jwt"), box.tokens.renewals) == (2, 0)


def test_a_role_that_is_too_low_is_no_rejected_token(box: Box):
    for path in ("/ivp/ensemble/power", "/ivp/ensemble/inventory"):
        box.put(path, REFUSED)
    box.put("/ivp/meters", GOOD)
    power, inventory, meters = box.get(Endpoint.ENSEMBLE_POWER, Endpoint.ENSEMBLE_INVENTORY, METERS)
    assert power == inventory == Absent("status 401")
    assert isinstance(meters, Document)
    assert (box.asked("/auth/check_jwt"), box.asked("/ivp/ensemble/inventory")) == (2, 1)
    assert box.tokens.renewals == 0


def test_a_token_that_expires_in_the_middle_is_renewed(box: Box):
    box.put("/ivp/meters", REFUSED, GOOD)

    async def expire(session: GatewaySession) -> Reply:
        box.good_tokens = {SECOND}
        return await session.get(METERS)

    assert isinstance(box.talk(expire), Document)
    assert box.tokens.renewals == 1


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.ReadTimeout("silent"),
        httpx.ConnectTimeout("silent"),
        httpx.Response(502, text=PAGE_401),
        httpx.Response(504),
    ],
)
def test_passing_trouble_is_asked_again(box: Box, trouble):
    box.put("/ivp/meters", trouble, GOOD)
    (reply,) = box.get(METERS)
    assert isinstance(reply, Document)
    assert len(box.bench.clock.slept_s) == 1


def test_a_gateway_that_boots_is_given_the_time_it_asks_for(box: Box):
    box.put("/ivp/meters", BUSY, GOOD)
    (reply,) = box.get(METERS)
    assert isinstance(reply, Document)
    assert box.bench.clock.slept_s == [30.0]


def test_one_that_boots_longer_is_left_for_the_next_poll(box: Box):
    box.put("/ivp/meters", BUSY)
    (reply,) = box.get(METERS)
    assert isinstance(reply, Unavailable)
    assert "503" in reply.why
    assert box.asked("/ivp/meters") == 2


def test_who_becomes_silent_is_left_alone(box: Box):
    gone = httpx.ReadTimeout("silent")
    for path in ("/ivp/meters", "/home.json", "/inventory.json"):
        box.put(path, gone)
    replies = box.get(METERS, HOME, Endpoint.INVENTORY)
    assert all(isinstance(reply, Unavailable) for reply in replies)
    assert (box.asked("/home.json"), box.asked("/inventory.json")) == (3, 0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, text="<html>old page</html>"), Absent),
        (httpx.Response(200, text='{"error": "no meters"}'), Absent),
        (httpx.Response(301, headers={"Location": "https://localhost/"}), Absent),
        (httpx.Response(200, text='[{"eid": 7046'), Unavailable),
        (httpx.Response(200, text=""), Unavailable),
    ],
)
def test_answers_that_are_none(box: Box, answer, kind):
    box.put("/ivp/meters", answer)
    (reply,) = box.get(METERS)
    assert isinstance(reply, kind)


def test_neither_token_nor_cookie_is_logged(box: Box, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"):
        box.put("/ivp/meters", GOOD)
        box.get(METERS)
        logging.getLogger("elsewhere").warning("the cookie is %s", COOKIE)
    assert "https://10.0.0.5/ivp/meters" in caplog.text
    assert FIRST not in caplog.text
    assert COOKIE not in caplog.text
