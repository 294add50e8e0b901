"""The whole way in a real browser: address, sign-in, consent, result, `sites.yaml`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from energy_pipeline_tests.browser import Tab, opened_browser
from energy_pipeline_tests.cli.consenting import SECRETS, environment

_MAIN = "from energy_pipeline.cli.main import app; app()"


@contextmanager
def authorizing(folder: Path, base_url: str, api: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as a user does."""
    others = {name: text for name, text in os.environ.items() if name not in PATH_OF_VARIABLE}
    command = [sys.executable, "-c", _MAIN, "enlighten", "authorize"]
    process = subprocess.Popen(
        [*command, "--app-id", DEMO_APPLICATION.app_id],
        env={**others, **environment(base_url, api)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http"):
            return line.strip()
    pytest.fail("the command has shown no address")


def sign_in(tab: Tab, decision: str) -> None:
    tab.type("username", DEMO_EMAIL)
    tab.type("password", DEMO_PASSWORD)
    tab.press(decision)
    tab.wait_for("location.pathname === '/result' && document.readyState === 'complete'")


@pytest.mark.parametrize("api", ["v2", "v4"])
def test_an_owner_says_yes_in_a_browser(tmp_path: Path, api: str):
    clock = VirtualClock()
    cloud = EnlightenSimulator(Fleet.of(modelled_fleet(2, clock.now(), 2)), clock)
    with (
        opened_browser(tmp_path / "profile") as tab,
        serve(cloud.app) as server,
        authorizing(tmp_path, server.base_url, api) as process,
    ):
        tab.open(address_of(process))
        assert "Energy pipeline asks to read the data of your systems" in tab.text()
        sign_in(tab, "Approve")
        shown, address = tab.text(), str(tab.run("location.href"))
        page = str(tab.run("document.documentElement.outerHTML"))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "2 systems can be read now" in shown
    assert "Modelled house 1000" in shown
    assert "Europe/London" in shown
    assert not [secret for secret in SECRETS if secret in page + address + output]
    assert address.endswith("/result")
    settings = Settings(enlighten_api=api)
    sites = load_registry(tmp_path / "sites.yaml", settings).sites
    assert [site.id for site in sites] == ["modelled-house-1000", "modelled-house-1001"]
