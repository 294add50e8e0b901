"""`energy-pipeline enlighten authorize` in dialect v2: from the owner's yes to `sites.yaml`."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Fleet
from energy_pipeline.simulators.enlighten.model import modelled_fleet
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.cli.consenting import (
    at_home,
    come_back,
    command,
    consent,
    words_of,
)

pytestmark = pytest.mark.usefixtures("cloud")

ASKED = {"app_id": DEMO_APPLICATION.app_id}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EnlightenSimulator]:
    clock = VirtualClock()
    cloud = EnlightenSimulator(Fleet.of(modelled_fleet(2, clock.now(), 2)), clock)
    with serve(cloud.app) as server:
        at_home(tmp_path, server.base_url, "v2", monkeypatch)
        yield cloud


def sites(path: str = "sites.yaml"):
    return load_registry(Path(path), Settings(enlighten_api="v2")).sites


def test_an_owners_yes_becomes_a_site_file(
    cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch
):
    with command(monkeypatch, **ASKED) as terminal:
        first, last = come_back(consent(terminal.address()))
        words = terminal.last_words()
    assert terminal.end.result() is None
    assert first.status_code == 303
    assert (last.url.path, last.url.query) == ("/result", b"")
    shown = words_of(last)
    assert shown.startswith("2 systems can be read now 2 systems can be read now system name")
    assert "2 new sites in sites.yaml." in shown
    assert "2 new sites in sites.yaml." in words
    assert DEMO_USER_ID not in words
    found = sites()
    assert [s.enlighten and s.enlighten.system_id for s in found] == [1000, 1001]
    assert [s.timezone for s in found] == [s.timezone for s in cloud.fleet.systems.values()]
    assert {s.enlighten and s.enlighten.user_id.get_secret_value() for s in found} == {DEMO_USER_ID}
    assert cloud.hits == 1


def test_a_second_time_finds_nothing_new(monkeypatch: pytest.MonkeyPatch):
    for _ in range(2):
        with command(monkeypatch, **ASKED) as terminal:
            come_back(consent(terminal.address()))
            words = terminal.last_words()
    assert "Nothing had to be written into sites.yaml." in words
    assert len(sites()) == 2


@pytest.mark.parametrize("how", ["header", "form", "json"])
def test_the_user_id_may_come_in_a_header_or_in_the_body(monkeypatch: pytest.MonkeyPatch, how: str):
    members = {"user_id": DEMO_USER_ID}
    sent = {
        "header": {"headers": {"enlighten-api-user-id": DEMO_USER_ID}},
        "form": {"data": members},
        "json": {"json": members},
    }[how]
    with command(monkeypatch, **ASKED) as terminal:
        address = httpx.URL(terminal.address()).params["redirect"]
        assert httpx.post(address, **sent).status_code == 303
        assert httpx.get(httpx.URL(address).join("/result")).status_code == 200
    assert len(sites()) == 2


def test_another_page_s_answer_is_not_taken(monkeypatch: pytest.MonkeyPatch):
    with command(monkeypatch, **ASKED) as terminal:
        address = terminal.address()
        root = httpx.URL(httpx.URL(address).params["redirect"]).copy_with(path="/")
        assert httpx.get(root, params={"user_id": "4d6a"}).status_code == 404
        assert httpx.get(httpx.URL(address).params["redirect"]).status_code == 400
        assert httpx.get(root.join("/result")).status_code == 404
        come_back(consent(address))
    assert len(sites()) == 2


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch):
    with command(monkeypatch, wait_s=0.3, **ASKED) as terminal:
        address = httpx.URL(terminal.address()).params["redirect"]
    assert "nobody answered within" in str(terminal.end.exception())
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    assert not Path("sites.yaml").exists()


def test_a_port_that_is_taken_is_told(cloud: EnlightenSimulator, monkeypatch: pytest.MonkeyPatch):
    with serve(cloud.app) as other:
        with command(monkeypatch, port=other.port, **ASKED) as terminal:
            pass
        error = terminal.end.exception()
    assert isinstance(error, EnergyPipelineError)
    assert f"port {other.port} of 127.0.0.1: " in str(error)


def paste(*arguments: str, text: str = ""):
    result = CliRunner().invoke(app, ["enlighten", "authorize", "--paste", *arguments], input=text)
    assert DEMO_USER_ID not in result.output
    return result


def test_what_the_page_shows_may_be_pasted():
    shown = f"Access given Your user id: {DEMO_USER_ID}"
    result = paste("--app-id", DEMO_APPLICATION.app_id, text=f"{shown}\n")
    assert result.exit_code == 0, result.output
    assert f"/app_user_auth/new?app_id={DEMO_APPLICATION.app_id}\n" in result.stdout
    assert len(sites()) == 2


def test_a_text_without_a_user_id_is_refused():
    result = paste("--app-id", DEMO_APPLICATION.app_id, text="Access given to all\n")
    assert result.exit_code == 1
    assert "there is no user id in the text" in result.stderr
    assert not Path("sites.yaml").exists()


def test_the_number_of_the_application_is_asked_for():
    result = paste()
    assert result.exit_code == 1
    assert "--app-id: found nothing; allowed: the number in your application's" in result.stderr


def test_a_key_that_is_refused_writes_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENLIGHTEN_API_KEY", "another-key")
    result = paste("--app-id", DEMO_APPLICATION.app_id, text=f"{DEMO_USER_ID}\n")
    assert result.exit_code == 1
    assert "401" in result.stderr
    assert "Access is given, but no site is written" in result.stdout
    assert not Path("sites.yaml").exists()


def test_mistakes_of_the_site_file_come_first(cloud: EnlightenSimulator):
    Path("sites.yaml").write_text("sites: []\n")
    result = paste("--app-id", DEMO_APPLICATION.app_id, text="x\n")
    assert result.exit_code == 1
    assert "an empty list" in result.stderr
    assert cloud.requests == ()
