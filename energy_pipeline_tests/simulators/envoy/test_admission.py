"""Who is let in: tokens, cookies, roles, and a request log that keeps no secret."""

from datetime import timedelta

import httpx
import pytest

from energy_pipeline.simulators.envoy import (
    EnvoySimulator,
    Faults,
    Switches,
    TokenAuthority,
    hardware,
)
from energy_pipeline_tests.simulators.envoy.conftest import (
    modelled_site,
    plain_client,
    usual_site,
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def session_of(ask: httpx.Client) -> str:
    return ask.get("/auth/check_jwt").headers["set-cookie"].partition(";")[0]


@pytest.fixture
def anybody(gateway):
    with plain_client(gateway) as client:
        yield client


def test_identity_is_open_and_nothing_else(anybody):
    info = anybody.get("/info")
    assert info.status_code == 200
    assert "<sn>122000000001</sn>" in info.text
    assert "<imeter>true</imeter>" in info.text
    for path in ("/production.json", "/ivp/meters", "/home.json", "/auth/check_jwt", "/nowhere"):
        refused = anybody.get(path)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "text/html"
        assert "/home" in refused.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_token_check_opens_a_session(method, ask):
    answer = ask.request(method, "/auth/check_jwt")
    assert answer.status_code == 200
    assert answer.text == "<!DOCTYPE html><h2>Valid token.</h2>\n"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("sessionId=")
    assert cookie.endswith("; Secure; HttpOnly; path=/")


def test_cookie_alone_is_enough_until_it_idles(clock, ask, anybody):
    cookie = {"Cookie": session_of(ask)}
    for _ in range(3):
        clock.advance(500)
        assert anybody.get("/ivp/meters", headers=cookie).status_code == 200
    clock.advance(601)
    assert anybody.get("/ivp/meters", headers=cookie).status_code == 401


def test_a_restart_ends_sessions_and_keeps_tokens(simulator, ask, anybody):
    cookie = {"Cookie": session_of(ask)}
    simulator.restart()
    assert anybody.get("/ivp/meters", headers=cookie).status_code == 401
    assert ask.get("/ivp/meters").status_code == 200


def test_token_lives_until_it_expires_by_the_gateways_clock(simulator, clock, anybody):
    token = bearer(simulator.token("installer"))
    clock.advance(12 * 3600 - 1)
    assert anybody.get("/ivp/meters", headers=token).status_code == 200
    clock.advance(1)
    assert anybody.get("/ivp/meters", headers=token).status_code == 401
    assert anybody.get("/auth/check_jwt", headers=token).status_code == 401
    owner = bearer(simulator.token())
    clock.advance(364 * 86_400)
    assert anybody.get("/ivp/meters", headers=owner).status_code == 200


@pytest.mark.parametrize("forgery", ["stranger", "other_serial", "mangled", "cut", "short"])
def test_tokens_that_open_nothing(forgery, simulator, clock, anybody):
    token = simulator.token()
    forged = {
        "stranger": TokenAuthority().issue("122000000001", clock.now()),
        "other_serial": simulator.authority.issue("122000000002", clock.now()),
        "mangled": token[:-4] + "AAAA",
        "cut": token.rpartition(".")[0],
        "short": "x",
    }[forgery]
    assert anybody.get("/ivp/meters", headers=bearer(forged)).status_code == 401
    assert anybody.get("/auth/check_jwt", headers=bearer(forged)).status_code == 401


def test_another_box_behind_the_address(simulator, ask):
    simulator.faults = Faults(other_serial="122999999999")
    assert "<sn>122999999999</sn>" in ask.get("/info").text
    assert ask.get("/production.json").status_code == 401
    assert simulator.requests[-1].had_token


def test_every_token_is_rejected_after_an_update(simulator, ask):
    simulator.faults = Faults(rejects_tokens=True)
    assert ask.get("/auth/check_jwt").status_code == 401
    assert ask.get("/ivp/meters").status_code == 401
    assert ask.get("/info").status_code == 200


def test_roles(simulator, ask, anybody):
    simulator.switches = Switches(installer_paths=frozenset({"/ivp/ensemble/power"}))
    assert ask.get("/ivp/ensemble/power").status_code == 401
    assert ask.get("/auth/check_jwt").status_code == 200
    installer = bearer(simulator.token("installer"))
    assert anybody.get("/ivp/ensemble/power", headers=installer).status_code == 200


def test_firmware_that_wants_the_cookie_below_ivp(simulator, ask):
    simulator.switches = Switches(cookie_needed_on_ivp=True, login_page="/login.html")
    refused = ask.get("/ivp/meters")
    assert refused.status_code == 401
    assert "/login.html" in refused.text
    assert ask.get("/production.json").status_code == 200
    assert ask.get("/ivp/meters", headers={"Cookie": session_of(ask)}).status_code == 200


def test_newest_firmware_sends_the_cookie_with_every_reply(clock, serve):
    simulator = EnvoySimulator(usual_site("production_only"), clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        assert "set-cookie" not in ask.get("/info").headers
        first, second = (ask.get("/ivp/meters").headers["set-cookie"] for _ in range(2))
        assert first == second
        assert "content-type" not in ask.get("/info").headers


def test_old_firmware_knows_no_tokens(clock, serve):
    site = modelled_site(hardware("non_metered", software="D5.0.62"))
    with plain_client(serve(EnvoySimulator(site, clock))) as anybody:
        assert anybody.get("/api/v1/production").status_code == 200


def test_log_says_whether_a_token_came_and_never_which(simulator, ask):
    token = simulator.token()
    cookie = session_of(ask)
    ask.get("/production.json?details=1", headers={**bearer(token), "Cookie": cookie})
    record = simulator.requests[-1]
    assert (record.path, record.query, record.status) == ("/production.json", "details=1", 200)
    assert (record.had_token, record.had_cookie) == (True, True)
    shown = ask.get("/_sim/requests").text + repr(simulator.requests)
    for secret in (token, cookie.partition("=")[2], ask.headers["Authorization"][7:]):
        assert secret not in shown


def test_serial_of_the_tokens_is_the_gateways(simulator):
    claims = simulator.authority.check(simulator.token(), "122000000001", simulator.clock.now())
    assert claims is not None
    assert claims.role == "owner"
    expires = int((simulator.clock.now() + timedelta(days=365)).timestamp())
    assert claims.expires_at == expires
