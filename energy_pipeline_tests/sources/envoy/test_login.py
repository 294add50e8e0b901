"""The two token services: what is sent to them, and what each of their answers means."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.parser import BytesParser
from random import Random

import httpx
import jwt
import orjson
import pytest
from pydantic import SecretStr

from energy_pipeline.errors import AccessRefused, SchemaSurprise, ServiceUnavailable
from energy_pipeline.sources.envoy.login import Login, LoginRefused, TokenService
from energy_pipeline_tests.clocks import ManualClock

SERIAL = "122000000001"
SESSION = "0123456789abcdef0123456789abcdef"
EMAIL, PASSWORD = "owner@example.com", "correct horse"
SUCCESS = {"message": "success", "session_id": SESSION, "manager_token": "m", "is_consumer": True}
MFA = {"success": True, "isBlocked": False}
PAGE = "<html><body>Sign in</body></html>"

Answer = Callable[[httpx.Request], httpx.Response]


def token_for(serial: str = SERIAL, role: str = "owner") -> str:
    claims = {"aud": serial, "iss": "Entrez", "enphaseUser": role, "exp": 4102444800}
    return jwt.encode(claims, "k" * 32)


class Services:
    """The cloud, with one answer after the other; the last one stays."""

    def __init__(self, logins: list[httpx.Response], tokens: list[httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = {"/login/login.json": logins, "/tokens": tokens}
        self.clock = ManualClock(datetime(2026, 6, 1, tzinfo=UTC))

    def service(self) -> TokenService:
        login = Login(
            "https://login.example", "https://tokens.example", SecretStr(EMAIL), SecretStr(PASSWORD)
        )
        transport = httpx.MockTransport(self._answer)
        return TokenService(login, self.clock, Random(1), transport=transport)

    def token(self, serial: str = SERIAL) -> str:
        return asyncio.run(self.service().token(serial)).get_secret_value()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self._answers[request.url.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def text(body: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=body)


def document(body: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def test_both_steps_send_what_the_services_want():
    services = Services([document(SUCCESS)], [text(token_for() + "\n")])
    assert services.token() == token_for()
    login, tokens = services.requests
    assert (login.method, str(login.url)) == ("POST", "https://login.example/login/login.json")
    kind = login.headers["content-type"]
    assert kind.startswith("multipart/form-data")
    form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + login.content)
    fields = {
        part.get_param("name", header="content-disposition"): part.get_payload()
        for part in form.get_payload()
    }
    assert fields == {"user[email]": EMAIL, "user[password]": PASSWORD}
    assert (tokens.method, str(tokens.url)) == ("POST", "https://tokens.example/tokens")
    assert tokens.headers["content-type"] == "application/json"
    body = {"session_id": SESSION, "serial_num": SERIAL, "username": EMAIL}
    assert orjson.loads(tokens.content) == body


def test_one_login_serves_many_gateways():
    services = Services([document(SUCCESS)], [text(token_for("1")), text(token_for("2"))])

    async def both() -> list[SecretStr]:
        service = services.service()
        return list(await asyncio.gather(service.token("1"), service.token("2")))

    tokens = asyncio.run(both())
    assert [t.get_secret_value() for t in tokens] == [token_for("1"), token_for("2")]
    paths = [request.url.path for request in services.requests]
    assert paths == ["/login/login.json", "/tokens", "/tokens"]


def test_a_session_that_is_over_is_opened_anew_once():
    services = Services(
        [document(SUCCESS)], [text(token_for("1")), text("", 401), text(token_for("2"))]
    )

    async def both() -> None:
        service = services.service()
        await service.token("1")
        await service.token("2")

    asyncio.run(both())
    assert [request.url.path for request in services.requests].count("/login/login.json") == 2


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (document({"message": "Invalid"}, 401), LoginRefused, "ENPHASE_EMAIL and ENPHASE_PASSWORD"),
        (document(MFA), LoginRefused, "second factor.*switch it off.*token_env"),
        (document({"success": True, "isBlocked": True}), LoginRefused, "the account is blocked"),
        (document({"message": "success"}), SchemaSurprise, "session_id: found nothing"),
        (text(PAGE), SchemaSurprise, "no JSON"),
        (text(PAGE, 503), ServiceUnavailable, "after 3 tries"),
        (text("", 302), ServiceUnavailable, "status 302"),
    ],
)
def test_each_refusal_of_a_login_has_its_own_words(answer, error, words: str):
    services = Services([answer], [text(token_for())])
    with pytest.raises(error, match=f"(?s)^POST /login/login.json: .*{words}") as caught:
        services.token()
    assert EMAIL not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert {request.url.path for request in services.requests} == {"/login/login.json"}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (text("Unauthorized", 401), AccessRefused, f"no token for gateway {SERIAL}: compare"),
        (text("", 200), AccessRefused, "whether the account owns the system"),
        (text(PAGE), AccessRefused, "no token for gateway"),
        (text("", 404), AccessRefused, "no token for gateway"),
        (text(token_for("9")), AccessRefused, f"is for gateway 9; allowed: {SERIAL}"),
        (text(PAGE, 500), ServiceUnavailable, "after 3 tries"),
        (text("", 301), ServiceUnavailable, "status 301"),
    ],
)
def test_each_refusal_of_a_token_has_its_own_words(answer, error, words: str):
    services = Services([document(SUCCESS)], [answer])
    with pytest.raises(error, match=f"(?s)^POST /tokens: .*{words}") as caught:
        services.token()
    assert not isinstance(caught.value, LoginRefused)
    assert SESSION not in str(caught.value)


def test_passing_trouble_is_waited_for():
    services = Services([text("", 503), document(SUCCESS)], [text("", 502), text(token_for())])
    assert services.token() == token_for()
    assert len(services.clock.slept_s) == 2


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"):
        yield caplog


def test_no_secret_is_logged(log: pytest.LogCaptureFixture):
    Services([document(SUCCESS)], [text(token_for())]).token()
    logging.getLogger("elsewhere").warning("%s %s %s", PASSWORD, SESSION, token_for())
    assert "POST https://tokens.example/tokens" in log.text
    for secret in (EMAIL, PASSWORD, SESSION, token_for()):
        assert secret not in log.text
