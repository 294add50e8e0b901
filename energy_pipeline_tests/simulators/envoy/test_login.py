"""The login services: two steps to a token, and every way in which they refuse."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import jwt
import pytest

from energy_pipeline.simulators.envoy import Account, LoginSimulator, LoginSwitches
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.envoy.conftest import NOON

SERIAL = "122000000001"
EMAIL, PASSWORD = "owner+solar@example.com", "pass & wörd="


@pytest.fixture
def login(clock, authority) -> LoginSimulator:
    def account(email: str, **members: object) -> Account:
        return Account(email=email, password=PASSWORD, serials=frozenset({SERIAL}), **members)

    accounts = [
        account(EMAIL),
        account("installer@example.com", role="installer"),
        account("mfa@example.com", has_mfa=True),
    ]
    return LoginSimulator(authority, clock, accounts)


@pytest.fixture
def http(login) -> Iterator[httpx.Client]:
    with serve(login.app) as server, httpx.Client(base_url=server.base_url) as client:
        yield client


def log_in(http: httpx.Client, email: str = EMAIL, password: str = PASSWORD) -> httpx.Response:
    fields = {"user[email]": (None, email), "user[password]": (None, password)}
    return http.post("/login/login.json?", files=fields)


def ask_token(
    http: httpx.Client, session_id: str, serial: str = SERIAL, email: str = EMAIL
) -> httpx.Response:
    asked = {"session_id": session_id, "serial_num": serial, "username": email}
    return http.post("/tokens", json=asked)


@pytest.mark.parametrize(
    ("email", "role", "life_s"),
    [
        (EMAIL, "owner", 365 * 86_400),
        ("installer@example.com", "installer", 43_200),
    ],
)
def test_two_steps_to_a_token(email, role, life_s, http, authority):
    session = log_in(http, email)
    assert session.status_code == 200
    assert session.json()["message"] == "success"
    assert len(session.json()["session_id"]) == 32
    answer = ask_token(http, session.json()["session_id"], email=email)
    assert answer.text.count(".") == 2
    assert answer.headers["content-type"].startswith("text/plain")
    claims = jwt.decode(answer.text, options={"verify_signature": False})
    assert jwt.get_unverified_header(answer.text)["alg"] == "ES256"
    assert (claims["aud"], claims["iss"], claims["enphaseUser"]) == (SERIAL, "Entrez", role)
    assert claims["exp"] - claims["iat"] == life_s
    assert claims["username"] == email
    assert authority.check(answer.text, SERIAL, NOON) is not None


def test_urlencoded_form_is_taken_too(http):
    answer = http.post("/login/login.json", data={"user[email]": EMAIL, "user[password]": PASSWORD})
    assert "session_id" in answer.json()


def test_browser_way_by_cookie(http):
    log_in(http)
    told = http.get("/entrez-auth-token", params={"serial_num": SERIAL}).json()
    assert told["expires_at"] - told["generation_time"] == 365 * 86_400
    assert told["token"].count(".") == 2
    assert http.get("/entrez-auth-token", params={"serial_num": "1"}).status_code == 401


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD)]
)
def test_wrong_credentials(email, password, http):
    assert log_in(http, email, password).status_code == 401


def test_second_factor_gives_no_session(http):
    answer = log_in(http, "mfa@example.com")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "isBlocked": False}
    assert "login_otp_nonce" in answer.cookies


@pytest.mark.parametrize(("refusal", "status"), [("401", 401), ("empty", 200), ("html", 200)])
def test_ways_to_refuse_a_token(refusal, status, login, http):
    login.switches = LoginSwitches(refusal=refusal)
    session_id = log_in(http).json()["session_id"]
    for answer in (
        ask_token(http, session_id, serial="999999999999"),
        ask_token(http, "unknown"),
        ask_token(http, session_id, email="installer@example.com"),
    ):
        assert answer.status_code == status
        assert answer.text.count(".") < 2
    assert answer.text == "" if refusal == "empty" else answer.text


def test_bad_body_and_an_outage(login, http):
    assert http.post("/tokens", content=b"{}").status_code == 400
    login.switches = LoginSwitches(is_down=True)
    assert log_in(http).status_code == 503
    assert ask_token(http, "any").status_code == 503


def test_expired_and_misdirected_tokens(login, http, authority):
    session_id = log_in(http).json()["session_id"]
    login.switches = LoginSwitches(life=timedelta(seconds=-1))
    assert authority.check(ask_token(http, session_id).text, SERIAL, NOON) is None
    login.switches = LoginSwitches(issues_for="122000000002")
    token = ask_token(http, session_id).text
    assert authority.check(token, SERIAL, NOON) is None
    assert authority.check(token, "122000000002", NOON) is not None


def test_log_keeps_no_secret(login, http):
    session_id = log_in(http).json()["session_id"]
    ask_token(http, session_id)
    assert [(each.path, each.status) for each in login.requests] == [
        ("/login/login.json", 200),
        ("/tokens", 200),
    ]
    shown = repr(login.requests) + repr(Account(email=EMAIL, password=PASSWORD))
    assert PASSWORD not in shown
    assert session_id not in shown
