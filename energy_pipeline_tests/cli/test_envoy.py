"""`energy-pipeline envoy capture` on a real gateway's answers, served over HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.simulators.envoy import (
    CaptureBackend,
    EnvoySimulator,
    Faults,
    ServedGateway,
    serve_gateway,
)
from energy_pipeline.simulators.envoy.tokens import Role

SITES = """\
sites:
  - id: roof
    name: Roof
    timezone: UTC
    start: 2020-01-01
    envoy: {{host: "{host}", serial: "{serial}", token_env: ROOF_TOKEN}}
  - id: cloud
    name: Cloud
    timezone: UTC
    start: 2020-01-01
    enlighten: {{api: v2, system_id: 67, user_id: 4d7a}}
"""


@pytest.fixture
def gateway(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedGateway]:
    """A gateway, and a directory with the files of its owner."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    backend = CaptureBackend(recordings / "envoy" / "7.6.175_with_cts")
    with serve_gateway(EnvoySimulator(backend), tmp_path) as gateway:
        serial = gateway.simulator.hardware.serial
        Path("sites.yaml").write_text(SITES.format(host=gateway.host, serial=serial))
        monkeypatch.setenv("ROOF_TOKEN", gateway.simulator.token())
        yield gateway


def capture(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["envoy", "capture", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_answers_are_written_without_the_serial(gateway: ServedGateway):
    status, shown, mistakes = capture("roof")
    assert (status, mistakes) == (0, "")
    files = {path.name: path.read_text() for path in Path("envoy-roof").iterdir()}
    assert f"{len(files)} files in envoy-roof" in shown
    assert "<sn>900000000001</sn>" in files["info"].replace(" ", "")
    assert "ivp_meters_readings" in files
    assert not any(gateway.simulator.hardware.serial in text for text in files.values())


def test_a_folder_may_be_named_and_is_never_overwritten(gateway: ServedGateway):
    assert capture("roof", "--to", "report/gateway")[0] == 0
    asked = len(gateway.simulator.requests)
    status, _, mistakes = capture("roof", "--to", "report/gateway")
    assert status == 1
    assert "report/gateway: found something; allowed: a new or empty folder" in mistakes
    assert len(gateway.simulator.requests) == asked


@pytest.mark.usefixtures("gateway")
def test_a_site_without_a_gateway():
    status, _, mistakes = capture("cloud")
    assert (status, mistakes) == (
        1,
        "site cloud has no gateway: sites.yaml names no envoy for it\n",
    )
    assert capture("attic")[0] == 1


def test_another_gateway_behind_the_address(gateway: ServedGateway):
    gateway.simulator.faults = Faults(other_serial="122000000099")
    status, _, mistakes = capture("roof")
    assert status == 1
    assert "answers gateway 122000000099" in mistakes
    assert not Path("envoy-roof").exists()


@pytest.mark.parametrize(
    ("role", "whose"),
    [
        ("owner", "an owner's token (of a year)"),
        ("installer", "an installer's token (of 12 hours)"),
    ],
)
def test_check_tells_whose_token_the_gateway_takes(
    gateway: ServedGateway, monkeypatch: pytest.MonkeyPatch, role: Role, whose: str
):
    simulator = gateway.simulator
    token = simulator.token(role)
    monkeypatch.setenv("ROOF_TOKEN", token)
    roof, _, _ = Path("sites.yaml").read_text().partition("  - id: cloud")
    Path("sites.yaml").write_text(roof)
    result = CliRunner().invoke(app, ["check", "--connect"], env={"COLUMNS": "240"})
    shown = " ".join(result.stdout.split())
    assert f"serial {simulator.hardware.serial}, firmware" in shown
    assert f"it takes {whose}, until 20" in shown
    assert token not in result.output
