from urllib.parse import quote

import pytest

from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID
from energy_pipeline_tests.simulators.enlighten.asking import KEYS, ask, send, simulator
from energy_pipeline_tests.simulators.enlighten.consenting import Form, decide

PAGE = f"/app_user_auth/new?app_id={DEMO_APPLICATION.app_id}"
BACK = "http://127.0.0.1:8911/access?site=1"


def test_the_user_id_comes_back_in_the_query_of_the_redirect():
    sim = simulator()
    answer = decide(sim, f"{PAGE}&redirect={quote(BACK)}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{BACK}&user_id={DEMO_USER_ID}"
    assert ask(sim, "/systems", user_id=DEMO_USER_ID).status_code == 200


def test_without_a_redirect_the_user_id_is_in_the_header_and_in_the_body():
    answer = decide(simulator(), PAGE)
    assert answer.status_code == 200
    assert answer.headers["enlighten-api-user-id"] == DEMO_USER_ID
    assert f">{DEMO_USER_ID}<" in answer.text


def test_only_an_owner_who_agrees_gives_access():
    sim = simulator()
    refused, wrong = decide(sim, PAGE, "reject"), decide(sim, PAGE, password="guessed")
    assert wrong.status_code == 401
    assert Form(wrong).hidden == {"app_id": DEMO_APPLICATION.app_id}
    for answer in (refused, wrong):
        assert "enlighten-api-user-id" not in answer.headers
        assert DEMO_USER_ID not in answer.text


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/app_user_auth/new", 400),
        ("/app_user_auth/new?app_id=1", 400),
        (f"{PAGE}&redirect=javascript:alert(1)", 400),
        ("/app_user_auth/other", 404),
    ],
)
def test_a_page_that_cannot_be_shown_says_why(url, status):
    answer = send(simulator(), "GET", url)
    assert answer.status_code == status
    assert "<form" not in answer.text


def test_neither_the_key_nor_a_hit_is_spent_on_the_page():
    sim = simulator()
    decide(sim, PAGE)
    assert sim.hits == 0
    assert not any(secret in repr(sim.requests) for secret in KEYS.values())
