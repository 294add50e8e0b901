import base64
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION, Application
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.oauth.tokens import TokenOffice
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.enlighten.asking import send, simulator
from energy_pipeline_tests.simulators.enlighten.consenting import decide

CALLBACK = "http://127.0.0.1:8911/callback"
OTHER = Application("other-id", "other-secret", "other-key", "2", "Another application")
DAY_S = 86_400


def authorization(application=DEMO_APPLICATION):
    pair = f"{application.client_id}:{application.client_secret}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def ask_token(sim, *, application=DEMO_APPLICATION, **members):
    return send(sim, "POST", "/oauth/token", params=members, headers=authorization(application))


def refresh(sim, token, **members):
    return ask_token(sim, grant_type="refresh_token", refresh_token=token, **members)


def code_for(sim, application=DEMO_APPLICATION):
    url = (
        f"/oauth/authorize?response_type=code&client_id={application.client_id}"
        f"&redirect_uri={quote(CALLBACK)}"
    )
    return parse_qs(urlsplit(decide(sim, url).headers["Location"]).query)["code"][0]


def redeem(sim, code, redirect_uri=CALLBACK, **members):
    return ask_token(
        sim, grant_type="authorization_code", code=code, redirect_uri=redirect_uri, **members
    )


def knows(sim, token):
    """Tell whether the cloud takes the access token."""
    now = int(sim.clock.now().timestamp())
    return sim._state.tokens.bearer(token, "access", now) is not None


def assert_invalid(answer):
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_a_code_gives_a_pair_of_tokens():
    sim = simulator()
    answer = redeem(sim, code_for(sim))
    assert answer.status_code == 200
    body = answer.json()
    assert {name: type(value) for name, value in body.items()} == {
        "access_token": str,
        "token_type": str,
        "refresh_token": str,
        "expires_in": int,
        "scope": str,
        "enl_uid": str,
        "enl_cid": str,
        "enl_password_last_changed": str,
        "is_internal_app": bool,
        "app_type": str,
        "jti": str,
    }
    assert (body["token_type"], body["scope"], body["expires_in"]) == (
        "bearer",
        "read write",
        86393,
    )
    assert body["access_token"] != body["refresh_token"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_parameters_come_in_the_query_or_in_a_form():
    sim = simulator()
    form = {
        "grant_type": "authorization_code",
        "code": code_for(sim),
        "redirect_uri": CALLBACK,
    }
    answer = send(sim, "POST", "/oauth/token", data=form, headers=authorization())
    assert answer.status_code == 200


def test_a_code_is_used_once():
    sim = simulator()
    code = code_for(sim)
    assert redeem(sim, code).status_code == 200
    again = redeem(sim, code)
    assert_invalid(again)
    assert again.json()["error_description"] == f"Invalid authorization code: {code}"


def test_a_code_needs_its_address_its_application_and_haste():
    sim = simulator(applications=(DEMO_APPLICATION, OTHER))
    code = code_for(sim)
    assert_invalid(redeem(sim, code, "http://127.0.0.1:8911/elsewhere"))
    assert_invalid(redeem(sim, code, application=OTHER))
    assert_invalid(redeem(sim, "Ab12Cd"))
    sim.clock.advance(599)
    assert redeem(sim, code).status_code == 200
    late = code_for(sim)
    sim.clock.advance(600)
    assert_invalid(redeem(sim, late))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        authorization(replace(DEMO_APPLICATION, client_secret="guessed")),
        authorization(OTHER),
        {"Authorization": "Basic not*base64"},
        {"Authorization": authorization()["Authorization"].replace("Basic", "Bearer")},
    ],
)
def test_a_client_that_does_not_prove_itself_is_unauthorized(headers):
    sim = simulator()
    params = {"grant_type": "refresh_token", "refresh_token": sim.new_tokens()["refresh_token"]}
    answer = send(sim, "POST", "/oauth/token", params=params, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert refresh(sim, params["refresh_token"]).status_code == 200


def test_every_refresh_gives_a_new_refresh_token_and_ends_the_old_one():
    sim = simulator()
    tokens, seen = sim.new_tokens(), set()
    for _ in range(4):
        seen.add(tokens["refresh_token"])
        answer = refresh(sim, tokens["refresh_token"])
        assert answer.status_code == 200
        assert_invalid(refresh(sim, tokens["refresh_token"]))
        tokens = answer.json()
        assert tokens["refresh_token"] not in seen


def test_an_access_token_lives_about_a_day_by_the_virtual_clock():
    sim = simulator()
    tokens = sim.new_tokens()
    sim.clock.advance(86_392)
    assert knows(sim, tokens["access_token"])
    sim.clock.advance(1)
    assert not knows(sim, tokens["access_token"])
    assert knows(sim, refresh(sim, tokens["refresh_token"]).json()["access_token"])


@pytest.mark.parametrize("life_days", [30, 7])
def test_a_refresh_token_lives_as_long_as_the_switch_says(life_days):
    sim = simulator(switches=Switches(refresh_token_s=life_days * DAY_S))
    first, second = sim.new_tokens()["refresh_token"], sim.new_tokens()["refresh_token"]
    sim.clock.advance(life_days * DAY_S - 1)
    renewed = refresh(sim, first).json()["refresh_token"]
    sim.clock.advance(1)
    assert_invalid(refresh(sim, second))
    assert refresh(sim, renewed).status_code == 200


def test_a_used_refresh_token_can_have_a_time_of_grace():
    sim = simulator(switches=Switches(refresh_grace_s=60))
    token = sim.new_tokens()["refresh_token"]
    first = refresh(sim, token).json()
    sim.clock.advance(59)
    second = refresh(sim, token).json()
    assert second["refresh_token"] != first["refresh_token"]
    sim.clock.advance(1)
    assert_invalid(refresh(sim, token))
    assert refresh(sim, first["refresh_token"]).status_code == 200


def test_tokens_are_not_exchanged_for_each_other_or_by_others():
    sim = simulator(applications=(DEMO_APPLICATION, OTHER))
    tokens = sim.new_tokens()
    assert_invalid(refresh(sim, tokens["access_token"]))
    assert_invalid(refresh(sim, tokens["refresh_token"], application=OTHER))
    assert_invalid(refresh(sim, tokens["refresh_token"][:-2] + "xx"))
    assert_invalid(refresh(sim, "nothing"))
    assert not knows(sim, tokens["refresh_token"])
    assert refresh(sim, tokens["refresh_token"]).status_code == 200


def test_a_simulator_that_is_started_anew_still_knows_its_tokens():
    before, after = simulator(), simulator()
    token = before.new_tokens()["refresh_token"]
    assert refresh(after, token).status_code == 200


def test_other_ways_are_not_served():
    sim = simulator()
    answer = ask_token(sim, grant_type="password")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert send(sim, "GET", "/oauth/token").status_code == 405


def test_a_failure_before_the_work_leaves_the_refresh_token_good():
    sim = simulator(faults=Faults(next_failures=("500", "503_html"), only_path="/oauth/token"))
    token = sim.new_tokens()["refresh_token"]
    assert [refresh(sim, token).status_code for _ in range(4)] == [500, 503, 200, 400]


@pytest.mark.parametrize("failure", ["drop", "cut"])
def test_an_answer_that_is_lost_on_its_way_has_used_the_refresh_token_up(failure):
    sim = simulator(faults=Faults(next_failures=(failure,)))
    token = sim.new_tokens()["refresh_token"]
    with serve(sim.app) as server:
        params = {"grant_type": "refresh_token", "refresh_token": token}
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{server.base_url}/oauth/token", params=params, headers=authorization())
    assert_invalid(refresh(sim, token))


def test_tokens_and_codes_are_not_written_down():
    sim = simulator()
    code = code_for(sim)
    token = redeem(sim, code).json()["refresh_token"]
    refresh(sim, token)
    text = repr(sim.requests) + repr(sim.fleet)
    assert not any(s in text for s in (code, token, DEMO_APPLICATION.client_secret))
    assert sim.hits == 0


def test_codes_do_not_repeat():
    office = TokenOffice()
    codes = [office.give_code(DEMO_APPLICATION, CALLBACK, "4d6a51330a", 0) for _ in range(200)]
    assert len(set(codes)) == 200
