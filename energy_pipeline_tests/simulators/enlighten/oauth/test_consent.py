import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION, DEMO_PASSWORD
from energy_pipeline_tests.simulators.enlighten.asking import send, simulator
from energy_pipeline_tests.simulators.enlighten.consenting import Form, decide

CALLBACK = "http://127.0.0.1:8911/callback?site=1"
AUTHORIZE = (
    f"/oauth/authorize?response_type=code&client_id={DEMO_APPLICATION.client_id}"
    f"&redirect_uri={quote(CALLBACK)}&state=a%26b"
)


def members(answer):
    assert answer.status_code == 302, answer.text
    url = urlsplit(answer.headers["Location"])
    return f"{url.scheme}://{url.netloc}{url.path}", parse_qs(url.query)


def test_the_page_asks_the_owner_to_sign_in_and_to_decide():
    answer = send(simulator(), "GET", AUTHORIZE)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert DEMO_APPLICATION.name in answer.text
    form = Form(answer)
    assert form.fields == {"username", "password"}
    assert form.decisions == ["approve", "reject"]
    assert form.hidden["state"] == "a&b"


def test_consent_comes_back_with_a_short_code_and_the_state():
    address, told = members(decide(simulator(), AUTHORIZE))
    assert address == "http://127.0.0.1:8911/callback"
    assert (told["site"], told["state"]) == (["1"], ["a&b"])
    assert re.fullmatch(r"\w{6}", told["code"][0])


def test_a_refusal_comes_back_as_access_denied():
    _, told = members(decide(simulator(), AUTHORIZE, "reject", username="", password=""))
    assert told == {"site": ["1"], "state": ["a&b"], "error": ["access_denied"]}


def test_a_wrong_password_asks_again_and_does_not_show_it():
    answer = decide(simulator(), AUTHORIZE, password="not-mine")
    assert answer.status_code == 401
    assert Form(answer).hidden["redirect_uri"] == CALLBACK
    assert "wrong" in answer.text
    assert "not-mine" not in answer.text


def test_without_an_address_the_code_is_shown():
    sim = simulator()
    url = f"/oauth/authorize?response_type=code&client_id={DEMO_APPLICATION.client_id}"
    address, told = members(decide(sim, url))
    assert address == "http://sim/oauth/redirect_uri"
    assert set(told) == {"code"}
    shown = send(sim, "GET", address, params={"code": told["code"][0]})
    assert f'<code id="code">{told["code"][0]}</code>' in shown.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("response_type=code&client_id=nobody", "client_id"),
        ("response_type=token&client_id=simulated-client-id", "response_type"),
        (
            "response_type=code&client_id=simulated-client-id&redirect_uri=javascript:alert(1)",
            "redirect_uri",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_cannot_be_asked_is_told_on_a_page(method, query, said):
    sim = simulator()
    body = {} if method == "GET" else {"data": dict(p.split("=") for p in query.split("&"))}
    answer = send(sim, method, f"/oauth/authorize?{query}", **body)
    assert answer.status_code == 400
    assert said in answer.text


def test_what_comes_from_the_address_is_text_on_the_page():
    answer = send(simulator(), "GET", AUTHORIZE + "%22%3E%3Cscript%3E")
    assert "<script>" not in answer.text
    assert Form(answer).hidden["state"] == 'a&b"><script>'
    unknown = send(simulator(), "GET", "/oauth/authorize?client_id=%3Cscript%3E")
    assert "<script>" not in unknown.text


def test_the_visit_is_written_down_without_secrets_and_costs_no_hit():
    sim = simulator()
    decide(sim, AUTHORIZE)
    assert [(r.method, r.path, r.status) for r in sim.requests] == [
        ("GET", "/oauth/authorize", 200),
        ("POST", "/oauth/authorize", 302),
    ]
    assert DEMO_PASSWORD not in repr(sim.requests)
    assert sim.hits == 0
