"""The token endpoint: what is sent, what every answer means, and that no message tells a secret."""

import asyncio
import base64
import logging
from datetime import timedelta
from random import Random
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import orjson
import pytest
from pydantic import SecretStr

from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    RequestRefused,
    SchemaSurprise,
    ServiceError,
    ServiceUnavailable,
)
from energy_pipeline.sources.enlighten.oauth.endpoint import Application, TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.simulators.enlighten.asking import NOON

APPLICATION = Application(
    "https://api.enphaseenergy.com", SecretStr("client-57c1"), SecretStr("secret-90ab")
)
GRANT = "Ab12Cd"
ANSWER = {
    "access_token": "access-31d7",
    "token_type": "bearer",
    "refresh_token": "refresh-62e8",
    "expires_in": 86393,
    "scope": "read write",
    "enl_uid": "3341907",
    "enl_cid": "",
    "app_type": "system",
}
SECRETS = ("client-57c1", "secret-90ab", GRANT, "access-31d7", "refresh-62e8", "3341907")


class Service:
    """Answers with the same body and remembers what it was asked."""

    def __init__(self, body: object, status: int = 200) -> None:
        self.content = body if isinstance(body, bytes) else orjson.dumps(body)
        self.status = status
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, content=self.content)

    def endpoint(self) -> TokenEndpoint:
        transport = httpx.MockTransport(self)
        return TokenEndpoint(APPLICATION, ManualClock(NOON), Random(1), transport=transport)

    def refreshed(self) -> OwnerTokens:
        return asyncio.run(self.endpoint().refreshed(SecretStr(GRANT)))

    def refused(self) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self.refreshed()
        assert not [secret for secret in SECRETS if secret in str(caught.value)]
        return caught.value


def test_a_refresh_token_is_sent_as_a_form_by_the_application():
    service = Service(ANSWER)
    tokens = service.refreshed()
    (request,) = service.asked
    assert (request.method, str(request.url)) == ("POST", f"{APPLICATION.base_url}/oauth/token")
    pair = base64.b64encode(b"client-57c1:secret-90ab").decode()
    assert request.headers["Authorization"] == f"Basic {pair}"
    form = dict(parse_qsl(request.content.decode()))
    assert form == {"grant_type": "refresh_token", "refresh_token": GRANT}
    assert tokens.access.get_secret_value() == "access-31d7"
    assert tokens.access_until == NOON + timedelta(seconds=86393)
    assert tokens.refresh.get_secret_value() == "refresh-62e8"
    assert tokens.refresh_until == NOON + timedelta(days=30)
    assert not [secret for secret in SECRETS if secret in repr(tokens)]


def test_a_code_is_sent_with_the_address_that_it_was_asked_for():
    service = Service(ANSWER)
    asyncio.run(service.endpoint().exchanged(SecretStr(GRANT), "http://127.0.0.1:8123/"))
    assert dict(parse_qsl(service.asked[0].content.decode())) == {
        "grant_type": "authorization_code",
        "code": GRANT,
        "redirect_uri": "http://127.0.0.1:8123/",
    }


def test_the_authorization_page_is_asked_for_a_code():
    parts = urlsplit(APPLICATION.authorization_url("http://127.0.0.1:8123/?a=b", "x y"))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://api.enphaseenergy.com/oauth/authorize"
    )
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["client-57c1"],
        "redirect_uri": ["http://127.0.0.1:8123/?a=b"],
        "state": ["x y"],
    }


def test_a_refresh_token_that_names_its_end_is_believed():
    end = NOON + timedelta(days=7)
    token = jwt.encode({"exp": int(end.timestamp())}, "k" * 32)
    assert Service({**ANSWER, "refresh_token": token}).refreshed().refresh_until == end
    for odd in (0, -1, 10**13, "soon", None):
        signed = jwt.api_jws.PyJWS().encode(orjson.dumps({"exp": odd}), "k" * 32, "HS256")
        tokens = Service({**ANSWER, "refresh_token": signed}).refreshed()
        assert tokens.refresh_until == NOON + timedelta(days=30), odd


def test_owners_are_told_apart_without_being_known():
    first, again = (Service(ANSWER).refreshed().user for _ in range(2))
    other = Service({**ANSWER, "enl_uid": "3341908"}).refreshed().user
    assert first == again != other
    assert first is not None
    assert "3341907" not in first
    assert Service({**ANSWER, "enl_uid": ""}).refreshed().user is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            400,
            {"error": "invalid_grant", "error_description": f"Invalid refresh token: {GRANT}"},
            GrantRefused,
            "400 (invalid_grant; Invalid refresh token)",
        ),
        (401, {"error": "invalid_grant"}, GrantRefused, "good for one use"),
        (401, {"error": "unauthorized"}, AccessRefused, "ENLIGHTEN_CLIENT_SECRET"),
        (400, {"error": "invalid_client"}, AccessRefused, "ENLIGHTEN_CLIENT_ID"),
        (403, b"", AccessRefused, "ENLIGHTEN_CLIENT_ID"),
        (400, {"error": "unsupported_grant_type"}, RequestRefused, "please report it"),
        (404, b"<html>", NotFound, "ENLIGHTEN_BASE_URL"),
        (405, {"reason": "405"}, RequestRefused, "ENLIGHTEN_BASE_URL"),
        (302, b"", RequestRefused, "ENLIGHTEN_BASE_URL"),
        (501, b"", ServiceUnavailable, "501"),
        (503, f"busy with {GRANT}".encode(), ServiceUnavailable, "after 3 tries"),
        (429, {"message": "Too Many Requests"}, ServiceUnavailable, "after 3 tries"),
        (200, b"<html>", SchemaSurprise, "the body: found something else"),
        (200, {**ANSWER, "refresh_token": None}, SchemaSurprise, "refresh_token: found nothing"),
        (200, {**ANSWER, "access_token": 5}, SchemaSurprise, "access_token: found a value of type"),
        (200, {**ANSWER, "expires_in": "soon"}, SchemaSurprise, "expires_in: found a value of"),
        (200, {**ANSWER, "expires_in": 0}, SchemaSurprise, "expires_in"),
    ],
)
def test_every_refusal_says_what_to_do(status: int, body: object, kind: type, words: str):
    service = Service(body, status)
    error = service.refused()
    assert type(error) is kind
    assert words in str(error)
    assert error.request == "POST /oauth/token"
    assert len(service.asked) == (3 if status in (429, 503) else 1)


def test_nothing_of_a_conversation_is_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        tokens = Service(ANSWER).refreshed()
        Service({"error": "invalid_grant"}, 400).refused()
        logging.getLogger("anybody").warning(
            "a mistake prints %s", tokens.access.get_secret_value()
        )
    assert not [secret for secret in SECRETS if secret in caplog.text]
