import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.connect import Probe, ask_all
from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.errors import AccessRefused
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Meter,
    profile,
)
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    Grant,
    user_id_of,
)
from energy_pipeline.simulators.enlighten.model import modelled_fleet
from energy_pipeline.simulators.server import serve

OTHER_USER_ID = user_id_of(2)
SITE = """\
  - id: {id}
    name: {id}
    timezone: Europe/Helsinki
    start: 2020-01-01
    enlighten: {{system_id: {system_id}, user_id: "{user_id}"}}
"""
UPLOAD = "    uploads: [{stream: production, meter_id: 1, reading: consumption, unit: kWh}]\n"


class Cloud:
    """Both simulated services, and the directory of a user who has them in `.env`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clock = VirtualClock()
        systems = {s.system_id: s for s in modelled_fleet(3, clock.now(), 2)}
        grants = {
            DEMO_USER_ID: Grant(frozenset({1000, 1001})),
            OTHER_USER_ID: Grant(frozenset({1002})),
        }
        fleet = Fleet(systems, grants)
        self.enlighten = EnlightenSimulator(fleet, clock)
        self.enerkey = EnerKeySimulator(profile([Meter(1, 11, "Solar")]), clock)

    def write(self, enlighten_url: str, enerkey_url: str, **changes: str) -> None:
        environment = {
            "ENLIGHTEN_API": "v2",
            "ENLIGHTEN_BASE_URL": enlighten_url,
            "ENLIGHTEN_API_KEY": DEMO_API_KEY,
            "ENERKEY_BASE_URL": enerkey_url,
            "ENERKEY_API_KEY_B": SIMULATED_KEY_A,
        }
        lines = [f"{name}={value}\n" for name, value in (environment | changes).items()]
        (self.folder / ".env").write_text("".join(lines))

    def sites(self, *sites: tuple[str, int, str], uploads: bool = True) -> None:
        entries = [
            SITE.format(id=id, system_id=system, user_id=user) + (UPLOAD if at == 0 else "")
            for at, (id, system, user) in enumerate(sites)
        ]
        text = "sites:\n" + "".join(entries)
        (self.folder / "sites.yaml").write_text(text if uploads else text.replace(UPLOAD, ""))


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Cloud]:
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    cloud = Cloud(tmp_path)
    with serve(cloud.enlighten.app) as enlighten, serve(cloud.enerkey.app) as enerkey:
        cloud.write(enlighten.base_url, enerkey.base_url)
        yield cloud


def connect() -> tuple[int, list[str], str]:
    """Return exit status, what the services said, and standard error."""
    result = CliRunner().invoke(app, ["check", "--connect"])
    assert DEMO_USER_ID not in result.output
    assert DEMO_API_KEY not in result.output
    assert SIMULATED_KEY_A not in result.output
    said = [
        line for line in result.stdout.splitlines() if line.startswith(("Enlighten,", "EnerKey:"))
    ]
    return result.exit_code, said, result.stderr


def test_each_account_is_asked_once(cloud: Cloud):
    cloud.sites(
        ("roof", 1000, DEMO_USER_ID), ("barn", 1001, DEMO_USER_ID), ("mill", 1002, OTHER_USER_ID)
    )
    status, said, error = connect()
    assert (status, error) == (0, "")
    assert said == [
        "Enlighten, user of roof and 1 more: systems seen: 2; requests left this month: 999",
        "Enlighten, user of mill: systems seen: 1; requests left this month: 998",
        "EnerKey: quantities: 4; requests left today: 35999",
    ]
    assert cloud.enlighten.hits == 2
    assert [request.path for request in cloud.enerkey.requests] == ["/api/v2/Quantities"]


def test_the_keys_of_tenant_and_partner_are_tried_where_they_are_set(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    cloud.sites(("roof", 1000, DEMO_USER_ID), uploads=False)
    monkeypatch.setenv("ENERKEY_TENANT_KEY_A", SIMULATED_TENANT_KEY_A)
    monkeypatch.setenv("ENERKEY_PARTNER_KEY_B", SIMULATED_PARTNER_KEY)
    result = CliRunner().invoke(app, ["check", "--connect"])
    assert result.exit_code == 0
    assert "EnerKey, tenant: key accepted" in result.stdout
    assert "EnerKey, partner: key accepted" in result.stdout
    monkeypatch.setenv("ENERKEY_TENANT_KEY_A", SIMULATED_PARTNER_KEY)
    refused = CliRunner().invoke(app, ["check", "--connect"])
    assert refused.exit_code == 1
    assert "EnerKey, tenant: GET /api/v2/Provisioning/ProvisioningStatus" in refused.stderr


def test_a_service_that_no_site_uses_is_not_asked(cloud: Cloud):
    cloud.sites(("roof", 1000, DEMO_USER_ID), uploads=False)
    status, said, _ = connect()
    assert status == 0
    assert len(said) == 1
    assert cloud.enerkey.requests == []


def test_a_system_that_the_user_does_not_see(cloud: Cloud):
    cloud.sites(("roof", 1000, DEMO_USER_ID), ("mill", 1002, DEMO_USER_ID))
    status, said, error = connect()
    assert status == 1
    assert error.splitlines()[0] == (
        "Enlighten, user of roof and 1 more: GET /api/v2/systems:"
        " the user does not see system 1002 of mill"
    )
    assert [line.partition(":")[0] for line in said] == ["EnerKey"]


def test_refused_keys_are_told_apart(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    cloud.sites(("roof", 1000, DEMO_USER_ID))
    monkeypatch.setenv("ENLIGHTEN_API_KEY", "hush-of-enlighten")
    monkeypatch.setenv("ENERKEY_API_KEY_B", "hush-of-enerkey")
    status, said, error = connect()
    assert (status, said) == (1, [])
    first, of_first, second, of_second = error.splitlines()
    assert first.startswith("Enlighten, user of roof: GET /api/v2/systems: ")
    assert "http://127.0.0.1:" in of_first
    assert of_first.endswith(" (ENLIGHTEN_BASE_URL), with ENLIGHTEN_API_KEY")
    assert second.startswith("EnerKey: GET /api/v2/Quantities: ")
    assert of_second.endswith(" (ENERKEY_BASE_URL), with ENERKEY_API_KEY_B")
    assert "hush" not in error


def test_the_configuration_comes_first(cloud: Cloud):
    (cloud.folder / "sites.yaml").write_text("sites: []\n")
    status, _, error = connect()
    assert status == 1
    assert "sites.yaml:1: sites: found an empty list" in error
    assert cloud.enlighten.hits == 0


def test_nobody_waits_for_a_service_without_end(capsys: pytest.CaptureFixture[str]):
    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    async def refused() -> str:
        raise AccessRefused("[no] key", request="GET /x", status=401)

    async def well() -> str:
        return "[all] is well"

    probes = [Probe("a", never), Probe("b", refused, "x (Y)"), Probe("c", well)]
    assert not asyncio.run(ask_all(probes, longest_s=0.01))
    printed = capsys.readouterr()
    assert printed.err == "a: no usable answer within 0.01 s\nb: GET /x: [no] key\n  asked: x (Y)\n"
    assert printed.out == "c: [all] is well\n"
    assert asyncio.run(ask_all(probes[2:]))
