"""A user at a terminal, an owner at a browser, and the simulated cloud between them."""

import queue
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from energy_pipeline.cli import authorize
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_API_KEY,
    DEMO_APPLICATION,
    DEMO_EMAIL,
    DEMO_PASSWORD,
)
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID
from energy_pipeline_tests.simulators.enlighten.consenting import Form

SIGN_IN = {"username": DEMO_EMAIL, "password": DEMO_PASSWORD}
SECRETS = (DEMO_USER_ID, DEMO_API_KEY, DEMO_APPLICATION.client_secret, DEMO_PASSWORD, "eyJ")


def environment(base_url: str, api: str) -> dict[str, str]:
    return {
        "ENLIGHTEN_API": api,
        "ENLIGHTEN_BASE_URL": base_url,
        "ENPHASE_LOGIN_URL": base_url,
        "ENLIGHTEN_API_KEY": DEMO_API_KEY,
        "ENLIGHTEN_CLIENT_ID": DEMO_APPLICATION.client_id,
        "ENLIGHTEN_CLIENT_SECRET": DEMO_APPLICATION.client_secret,
    }


@dataclass
class Terminal:
    """A command that runs: what it has said, and how it ends."""

    said: "queue.Queue[str]"
    end: "Future[None]"

    def address(self) -> str:
        """The first web address that the command shows."""
        text = self.said.get(timeout=60)
        found = re.search(r"^http\S+$", text, re.MULTILINE)
        assert found, text
        return found[0]

    def last_words(self) -> str:
        self.end.exception(timeout=60)
        words = ""
        while not self.said.empty():
            words = self.said.get()
        return words


@contextmanager
def command(monkeypatch: pytest.MonkeyPatch, wait_s: float = 60, **question) -> Iterator[Terminal]:
    """Run `authorize` beside the test."""
    said: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(authorize, "_say", lambda *lines: said.put("\n".join(lines)))
    with ThreadPoolExecutor(1) as pool:
        asked = authorize.Question(**question)
        yield Terminal(said, pool.submit(authorize.run_authorize, asked, wait_s))


def at_home(folder: Path, base_url: str, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in the folder of a user whose environment names the simulated cloud."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(folder)
    for name, value in environment(base_url, api).items():
        monkeypatch.setenv(name, value)


def consent(address: str, decision: str = "approve") -> httpx.Response:
    """Open the vendor's page, sign in and decide; return the vendor's answer."""
    with httpx.Client() as browser:
        form = Form(browser.get(address))
        return browser.post(address, data={**form.hidden, **SIGN_IN, "decision": decision})


def come_back(answer: httpx.Response) -> list[httpx.Response]:
    """Follow the vendor's redirect to the end, as a browser does."""
    answers: list[httpx.Response] = []
    with httpx.Client() as browser:
        address = answer.headers["Location"]
        while address:
            answers.append(browser.get(address))
            address = answers[-1].headers.get("Location")
            address = address and urljoin(str(answers[-1].url), address)
    return answers


def words_of(page: httpx.Response) -> str:
    """The text of a page, in which no secret may be."""
    assert not [secret for secret in SECRETS if secret in page.text]
    assert page.headers["Cache-Control"] == "no-store"
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return " ".join(unescape(text).split())


def requests_to(cloud: EnlightenSimulator, path: str) -> int:
    return [request.path for request in cloud.requests].count(path)
