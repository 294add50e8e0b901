"""`energy-pipeline enlighten authorize` in dialect v4: from the owner's yes to tokens and sites."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import AccessRefused, EnergyPipelineError, RequestRefused
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import Owner
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_OWNER,
    DEMO_USER_ID,
    Fleet,
    Grant,
    user_id_of,
)
from energy_pipeline.simulators.enlighten.model import modelled_fleet
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.cli.consenting import (
    SIGN_IN,
    at_home,
    come_back,
    command,
    consent,
    requests_to,
    words_of,
)

NEIGHBOUR = Owner("neighbour@example.com", "another-password", user_id_of(2))

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EnlightenSimulator]:
    clock = VirtualClock()
    systems = {s.system_id: s for s in modelled_fleet(3, clock.now(), 2)}
    grants = {
        DEMO_USER_ID: Grant(frozenset({1000, 1001})),
        NEIGHBOUR.user_id: Grant(frozenset({1002})),
    }
    fleet = Fleet(systems, grants, owners=(DEMO_OWNER, NEIGHBOUR))
    cloud = EnlightenSimulator(fleet, clock)
    with serve(cloud.app) as server:
        at_home(tmp_path, server.base_url, "v4", monkeypatch)
        yield cloud


def sites():
    return load_registry(Path("sites.yaml"), Settings()).sites


def access_of(number: int):
    access = sites()[number].enlighten
    assert access is not None
    return access


def run(*arguments: str, text: str = ""):
    return CliRunner().invoke(app, ["enlighten", *arguments], input=text)


def test_an_owners_yes_becomes_tokens_and_a_site_file(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    with command(monkeypatch) as terminal:
        first, last = come_back(consent(terminal.address()))
        words = terminal.last_words()
    assert terminal.end.result() is None
    assert first.status_code == 303
    assert (last.url.path, last.url.query) == ("/result", b"")
    shown = words_of(last)
    assert "2 systems can be read now" in shown
    assert "2 new sites in sites.yaml." in words
    assert [(access_of(n).system_id, access_of(n).owner) for n in (0, 1)] == [
        (1000, None),
        (1001, None),
    ]
    found = [site.timezone for site in sites()]
    assert found == [cloud.fleet.systems[n].timezone for n in (1000, 1001)]
    assert cloud.hits == 1


def test_the_tokens_serve_the_next_command(cloud: EnlightenSimulator):
    asked = run("authorize", "--paste", text="Ab12Cd\n")
    assert asked.exit_code == 1
    with pytest.MonkeyPatch.context() as patched, command(patched) as terminal:
        come_back(consent(terminal.address()))
    Path("sites.yaml").unlink()
    assert requests_to(cloud, "/oauth/token") == 2
    again = run("systems")
    assert again.exit_code == 0, again.output
    assert "new site modelled-house-1000" in again.stdout
    assert len(sites()) == 2
    assert requests_to(cloud, "/oauth/token") == 2


def test_an_answer_to_another_question_is_not_taken(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    with command(monkeypatch) as terminal:
        address = terminal.address()
        root = httpx.URL(address).params["redirect_uri"]
        for members in ({"code": "Ab12Cd"}, {"code": "Ab12Cd", "state": "another"}, {}):
            assert httpx.get(root, params=members).status_code == 400
        assert requests_to(cloud, "/oauth/token") == 0
        come_back(consent(address))
    assert len(sites()) == 2


def test_one_answer_is_used_once_however_often_it_comes(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    with command(monkeypatch) as terminal:
        answer = consent(terminal.address())
        for _ in range(2):
            assert httpx.get(answer.headers["Location"]).status_code == 303
        come_back(answer)
    assert terminal.end.result() is None
    assert requests_to(cloud, "/oauth/token") == 1


def test_an_owner_who_says_no(monkeypatch: pytest.MonkeyPatch):
    with command(monkeypatch) as terminal:
        _, last = come_back(consent(terminal.address(), "reject"))
    error = terminal.end.exception()
    assert isinstance(error, AccessRefused)
    assert "the owner said no: no access was given and nothing was changed" in str(error)
    assert "the owner said no" in words_of(last)
    assert not Path("sites.yaml").exists()


def test_a_code_that_is_refused_is_told_on_the_page_and_in_the_terminal(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    with command(monkeypatch) as terminal:
        answer = consent(terminal.address())
        cloud.clock.advance(3600)
        _, last = come_back(answer)
    error = terminal.end.exception()
    assert "invalid_grant" in str(error)
    assert httpx.URL(answer.headers["Location"]).params["code"] not in str(error)
    assert "invalid_grant" in words_of(last)


def test_a_list_that_fails_leaves_the_tokens_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("ENLIGHTEN_API_KEY", "another-key")
    with command(monkeypatch) as terminal:
        _, last = come_back(consent(terminal.address()))
    assert isinstance(terminal.end.exception(), EnergyPipelineError)
    assert "energy-pipeline enlighten systems goes on from here" in words_of(last)
    monkeypatch.setenv("ENLIGHTEN_API_KEY", DEMO_API_KEY)
    assert run("systems").exit_code == 0
    assert len(sites()) == 2


def test_who_has_no_tokens_is_not_told_of_access(cloud: EnlightenSimulator):
    result = run("systems")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there are no tokens yet" in result.stderr
    assert not cloud.requests


def test_each_owner_has_a_name(monkeypatch: pytest.MonkeyPatch):
    with command(monkeypatch) as terminal:
        come_back(consent(terminal.address()))
    monkeypatch.setitem(SIGN_IN, "username", NEIGHBOUR.email)
    monkeypatch.setitem(SIGN_IN, "password", NEIGHBOUR.password)
    with command(monkeypatch) as terminal:
        come_back(consent(terminal.address()))
    error = terminal.end.exception()
    assert isinstance(error, RequestRefused)
    assert "another Enlighten user" in str(error)
    assert "--owner NAME" in str(error)
    assert len(sites()) == 2
    with command(monkeypatch, owner="larkspur") as terminal:
        come_back(consent(terminal.address()))
    assert terminal.end.result() is None
    assert (access_of(2).system_id, access_of(2).owner) == (1002, "larkspur")
    assert "is site modelled-house-1000 already" in run("systems").stdout
    assert "is site modelled-house-1002 already" in run("systems", "--owner", "larkspur").stdout
    checked = CliRunner().invoke(app, ["check", "--connect"])
    assert checked.exit_code == 0, checked.output
    assert "Enlighten, user of modelled-house-1000 and 1 more: systems seen: 2" in checked.stdout
    assert "Enlighten, user of modelled-house-1002: systems seen: 1" in checked.stdout


def test_another_user_may_take_the_place_on_purpose(monkeypatch: pytest.MonkeyPatch):
    with command(monkeypatch) as terminal:
        come_back(consent(terminal.address()))
    monkeypatch.setitem(SIGN_IN, "username", NEIGHBOUR.email)
    monkeypatch.setitem(SIGN_IN, "password", NEIGHBOUR.password)
    with command(monkeypatch, replace=True) as terminal:
        come_back(consent(terminal.address()))
    assert [site.enlighten and site.enlighten.system_id for site in sites()] == [1000, 1001, 1002]


@pytest.mark.parametrize("what", ["code", "address"])
def test_a_code_may_be_pasted(monkeypatch: pytest.MonkeyPatch, what: str):
    pasted: list[str] = []

    def prompt(_: str, *, hide_input: bool) -> str:
        assert hide_input
        answer = consent(terminal.address()).headers["Location"]
        pasted.append(httpx.URL(answer).params["code"])
        return pasted[0] if what == "code" else answer

    monkeypatch.setattr("energy_pipeline.cli.authorize.typer.prompt", prompt)
    with command(monkeypatch, paste=True) as terminal:
        words = terminal.last_words()
    assert terminal.end.result() is None
    assert pasted[0] not in words
    assert len(sites()) == 2


def test_an_address_of_another_question_is_not_taken(cloud: EnlightenSimulator):
    result = run("authorize", "--paste", text="http://127.0.0.1/?code=Ab12Cd&state=other\n")
    assert result.exit_code == 1
    assert "the text is not the answer to this question" in result.stderr
    assert "Ab12Cd" not in result.output
    assert cloud.requests == ()


def test_the_consent_wins_over_the_token_of_the_environment(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ENLIGHTEN_REFRESH_TOKEN", str(cloud.new_tokens()["refresh_token"]))
    with command(monkeypatch) as terminal:
        come_back(consent(terminal.address()))
    assert run("systems").exit_code == 0
    assert requests_to(cloud, "/oauth/token") == 1, "the older token is not used any more"


def test_a_key_that_was_lost_is_no_obstacle_to_a_new_consent(monkeypatch: pytest.MonkeyPatch):
    for _ in range(2):
        monkeypatch.setenv("ENERGY_TOKEN_KEY", Fernet.generate_key().decode())
        with command(monkeypatch) as terminal:
            come_back(consent(terminal.address()))
        assert terminal.end.result() is None
    monkeypatch.setenv("ENERGY_TOKEN_KEY", Fernet.generate_key().decode())
    assert "ENERGY_TOKEN_KEY: found another key" in run("systems").stderr


def test_the_application_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ENLIGHTEN_CLIENT_SECRET")
    result = run("authorize")
    assert result.exit_code == 1
    assert "ENLIGHTEN_CLIENT_SECRET: found nothing" in result.stderr
    monkeypatch.delenv("ENLIGHTEN_API_KEY")
    assert "ENLIGHTEN_API_KEY: found nothing" in run("authorize").stderr
    assert "a name is made of small letters" in run("systems", "--owner", "No").stderr
