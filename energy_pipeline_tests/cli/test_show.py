"""`energy-pipeline enlighten show` and `find` on a simulated cloud, in both dialects."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from energy_pipeline.cli import show as command
from energy_pipeline.cli.enlighten_commands import View
from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import DEMO_API_KEY, DEMO_USER_ID, Fleet
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.model import House, modelled_system
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.site_views import VIEWS

SITES = [
    {"id": "old", "enlighten": {"api": "v2", "system_id": 67, "user_id": DEMO_USER_ID}},
    {"id": "new", "enlighten": {"api": "v4", "system_id": 67}},
    {"id": "local", "envoy": {"host": "192.0.2.7", "serial": "122117051926"}},
]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EnlightenSimulator]:
    """The cloud, and a directory with the files of its user."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    now = datetime.now(UTC)
    days = ((now - timedelta(days=20)).date(), (now + timedelta(days=1)).date())
    house = House(system_id=67, micros=3, battery=Battery(capacity_wh=5000, power_w=2500))
    system = modelled_system(house, *days, "Larkspur House")
    gone = Outage(start=now - timedelta(hours=30), end=now - timedelta(hours=3))
    sim = EnlightenSimulator(
        Fleet({67: system}), VirtualClock(), faults=Faults(late_share=0, outages=(gone,))
    )
    common = {"name": "a", "timezone": "Europe/Helsinki", "start": days[0]}
    Path("sites.yaml").write_text(yaml.safe_dump({"sites": [common | site for site in SITES]}))
    with serve(sim.app) as server:
        variables = {
            "ENLIGHTEN_BASE_URL": server.base_url,
            "ENLIGHTEN_API_KEY": DEMO_API_KEY,
            "ENLIGHTEN_CLIENT_ID": DEMO_APPLICATION.client_id,
            "ENLIGHTEN_CLIENT_SECRET": DEMO_APPLICATION.client_secret,
            "ENLIGHTEN_REFRESH_TOKEN": str(sim.new_tokens()["refresh_token"]),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield sim


def asked(cloud: EnlightenSimulator) -> set[str]:
    """The endpoints of the requests, by the last part of their path."""
    return {each.path.rsplit("/", 1)[-1] for each in cloud.requests if "/api/" in each.path}


def test_every_view_is_offered() -> None:
    assert get_args(View) == tuple(VIEWS)


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["enlighten", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("site", "what", "hits", "shown", "endpoints"),
    [
        ("old", "gateways", 1, "800-00655", "envoys"),
        ("old", "inverters", 1, "IQ7PLUS", "inverters_summary_by_envoy_or_site"),
        ("old", "counters", 1, "EIM1", "production_meter_readings"),
        ("new", "system", 1, "Larkspur House", "67"),
        ("new", "inverters", 1, "IQ7PLUS", "inverters_summary_by_envoy_or_site"),
        (
            "new",
            "counters",
            3,
            "EIM2",
            "production_meter_readings consumption_meter_readings storage_meter_readings",
        ),
        ("old", "phases", 1, "EIM1", "rgm_stats"),
        ("new", "phases", 1, "EIM1", "rgm_stats"),
        ("old", "summary", 1, "energy_lifetime", "summary"),
        ("new", "summary", 1, "energy_lifetime", "summary"),
        ("new", "power", 1, "encharges", "latest_telemetry"),
        ("new", "alarms", 2, "True", "alarms"),
    ],
)
def test_a_view_is_a_table_and_costs_few_hits(
    cloud: EnlightenSimulator, site: str, what: str, hits: int, shown: str, endpoints: str
) -> None:
    status, told, mistakes = ask("show", site, what)
    assert (status, mistakes) == (0, "")
    assert shown in told
    assert cloud.hits == hits
    assert f"{1000 - hits} this month" in told
    assert asked(cloud) == set(endpoints.split())


@pytest.mark.parametrize("site", ["old", "new"])
def test_a_summary_has_units_and_instants(cloud: EnlightenSimulator, site: str) -> None:
    told = "".join(ask("show", site, "summary")[1].split())
    for name in ("current_power_w", "energy_today_wh", "energy_lifetime_wh"):
        assert name in told
    assert f"{cloud.clock.now():%Y-%m-}" in told
    assert "UTC" in told


@pytest.mark.usefixtures("cloud")
def test_a_narrow_terminal_gets_a_line_for_each_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "results", lambda: Console(width=80))
    lines = ask("show", "new", "summary")[1].splitlines()
    assert "system_id             67" in [line.rstrip() for line in lines]
    assert "\u2502" not in "".join(lines)


@pytest.mark.parametrize(
    ("site", "what", "said"),
    [
        (
            "old",
            "power",
            "power: not in dialect v2, which has: summary, gateways, inverters, counters, phases",
        ),
        ("new", "gateways", "gateways: not in dialect v4, which has: summary, system, inverters"),
        ("local", "inverters", "site local: sites.yaml names no enlighten for it"),
        ("none", "system", "none"),
    ],
)
def test_what_cannot_be_shown_costs_nothing(
    cloud: EnlightenSimulator, site: str, what: str, said: str
) -> None:
    status, told, mistakes = ask("show", site, what)
    assert (status, told) == (1, "")
    assert said in mistakes
    assert cloud.hits == 0


@pytest.mark.parametrize(
    ("site", "text", "endpoint"),
    [
        ("old", "{serial}", "search_system_id"),
        ("old", "larkspur", "systems"),
        ("old", "LARK", "systems"),
        ("new", "{serial}", "retrieve_system_id"),
        ("new", "larkspur", "search"),
        ("new", "LARK", "search"),
    ],
)
def test_a_system_is_found_by_gateway_and_name(
    cloud: EnlightenSimulator, site: str, text: str, endpoint: str
) -> None:
    serial = cloud.fleet.systems[67].gateway_serial
    status, told, mistakes = ask("find", text.format(serial=serial), "--site", site)
    assert (status, mistakes) == (0, "")
    assert "67" in told
    assert (cloud.hits, asked(cloud)) == (1, {endpoint})


def test_the_first_site_tells_in_whose_name_to_ask(cloud: EnlightenSimulator) -> None:
    assert "nothing" in ask("find", "Nowhere")[1]
    assert cloud.requests[-1].path == "/api/v2/systems"


@pytest.mark.parametrize("site", ["old", "new"])
def test_an_unknown_gateway_is_told(cloud: EnlightenSimulator, site: str) -> None:
    status, _, mistakes = ask("find", "999999999999", "--site", site)
    assert (status, cloud.hits) == (1, 1)
    assert "Envoy not found" in mistakes
