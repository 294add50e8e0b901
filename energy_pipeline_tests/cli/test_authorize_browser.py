"""The whole way, in a real browser and without: address, sign-in, consent, result, `sites.yaml`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from energy_pipeline.configuration.environment import PATH_OF_VARIABLE, Settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_APPLICATION,
    DEMO_EMAIL,
    DEMO_PASSWORD,
)
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import Fleet
from energy_pipeline.simulators.enlighten.model import modelled_fleet
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.browser import opened_browser
from energy_pipeline_tests.cli.consenting import SECRETS, SIGN_IN, come_back, environment, words_of
from energy_pipeline_tests.simulators.enlighten.consenting import Form

_MAIN = "from energy_pipeline.cli.main import app; app()"


@contextmanager
def authorizing(folder: Path, base_url: str, api: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as a user does."""
    others = {name: text for name, text in os.environ.items() if name not in PATH_OF_VARIABLE}
    command = [sys.executable, "-c", _MAIN, "enlighten", "authorize"]
    with subprocess.Popen(
        [*command, "--app-id", DEMO_APPLICATION.app_id],
        env={**others, **environment(base_url, api)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http"):
            return line.strip()
    pytest.fail("the command has shown no address")


@dataclass(frozen=True)
class Seen:
    """What an owner saw: the question, the result, and where and how that page was."""

    question: str
    result: str
    address: str
    page: str


def in_chromium(folder: Path, address: str) -> Seen:
    with opened_browser(folder / "profile") as tab:
        tab.open(address)
        question = tab.text()
        tab.type("username", DEMO_EMAIL)
        tab.type("password", DEMO_PASSWORD)
        tab.press("Approve")
        tab.wait_for("location.pathname === '/result' && document.readyState === 'complete'")
        page = str(tab.run("document.documentElement.outerHTML"))
        return Seen(question, tab.text(), str(tab.run("location.href")), page)


def without_a_browser(_folder: Path, address: str) -> Seen:
    """Fill in the same form and follow the same redirects over HTTP."""
    with httpx.Client() as http:
        asked = http.get(address)
        filled = {**Form(asked).hidden, **SIGN_IN, "decision": "approve"}
        last = come_back(http.post(address, data=filled))[-1]
    question = " ".join(re.sub(r"<[^>]+>", " ", asked.text).split())
    return Seen(question, words_of(last), str(last.url), last.text)


@pytest.mark.parametrize("see", [in_chromium, without_a_browser])
@pytest.mark.parametrize("api", ["v2", "v4"])
def test_an_owner_says_yes(tmp_path: Path, api: str, see: Callable[[Path, str], Seen]):
    clock = VirtualClock()
    cloud = EnlightenSimulator(Fleet.of(modelled_fleet(2, clock.now(), 2)), clock)
    with (
        serve(cloud.app) as server,
        authorizing(tmp_path, server.base_url, api) as process,
    ):
        seen = see(tmp_path, address_of(process))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "Energy pipeline asks to read the data of your systems" in seen.question
    assert "2 systems can be read now" in seen.result
    assert "Modelled house 1000" in seen.result
    assert "Europe/London" in seen.result
    assert not [secret for secret in SECRETS if secret in seen.page + seen.address + output]
    assert seen.address.endswith("/result")
    settings = Settings(enlighten_api=api)
    sites = load_registry(tmp_path / "sites.yaml", settings).sites
    assert [site.id for site in sites] == ["modelled-house-1000", "modelled-house-1001"]
