"""The plan at a terminal: what it says, and by which exit status scripts know."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.steps.provisioning import provision
from energy_pipeline_tests.configuration.documents import VALID
from energy_pipeline_tests.sinks.enerkey.provisioning.files import customer, facility, meter
from energy_pipeline_tests.steps.tenancy import FIVE, Tenancy, tenancy


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenancy]:
    """A user's folder and a tenant that has taken five customers."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.yaml").write_text(VALID)
    with tenancy(tmp_path) as made:
        url = made.bench.settings.enerkey_base_url
        for name, value in (
            ("ENLIGHTEN_API", "v2"),
            ("ENERKEY_BASE_URL", url),
            ("ENERGY_STATE_URL", f"sqlite:///{tmp_path}/state.db"),
        ):
            monkeypatch.setenv(name, value)
        made.write(facilities=[facility("F-1", meter("M-1"))])
        provision(made.bench, "customers")
        provision(made.bench, "facilities")
        yield made


def plan(*options: str) -> Result:
    return CliRunner().invoke(app, ["provisioning", "plan", *options])


@pytest.mark.usefixtures("ours")
def test_no_change() -> None:
    result = plan()

    assert result.exit_code == 0
    assert "customers: nothing changes" in result.stdout
    assert "facilities: nothing changes" in result.stdout


def test_changes(ours: Tenancy) -> None:
    more = [*FIVE, customer("C-6", "[red]Six[/red]", email="owner@example.com")]
    ours.write([{**more[0], "phoneNumber": "+358401234567"}, *more[1:]], [facility("F-1")])
    ours.write(more, facilities=[facility("F-1", meter("M-1"), name="New [b]name")])
    before = ours.operations()
    result = plan()

    assert result.exit_code == 2
    assert "1 added, 0 changed, 0 renamed, 0 deleted" in result.stdout
    assert "[red]Six[/red]" in result.stdout
    assert "New [b]name" in result.stdout
    assert "owner@example.com" not in result.output
    assert ours.operations() == before


def test_refused(ours: Tenancy) -> None:
    ours.write(FIVE[1:], [facility("F-1", meter("M-1"), of="C-2")])
    result = plan()

    assert result.exit_code == 3
    assert "deleted" in result.stdout
    assert 'confirm_delete: ["C-1"]' in result.stderr
    assert plan("--confirm-delete", "C-1").exit_code == 2


def test_half_refused_without_the_hash(ours: Tenancy) -> None:
    ours.write(FIVE[2:], [facility("F-1", meter("M-1"), of="C-3")])
    named = ["--confirm-delete", "C-1", "--confirm-delete", "C-2"]
    assert plan(*named).exit_code == 2
    ours.write(FIVE[3:], [facility("F-1", meter("M-1"), of="C-4")])
    named += ["--confirm-delete", "C-3"]
    refused = plan(*named)
    hash = refused.stderr.split('confirm_plan: "')[1].split('"')[0]

    assert refused.exit_code == 3
    assert hash in refused.stdout
    assert plan(*named, "--confirm-plan", hash).exit_code == 2


def test_mistakes_in_the_file_are_a_refusal(ours: Tenancy) -> None:
    ours.write([customer("C-1"), customer("C-1", "Other")])
    result = plan()

    assert result.exit_code == 3
    assert "provisioning.yaml:1: customers[1].externalCustomerId" in result.stderr


def test_no_file(ours: Tenancy) -> None:
    ours.file.unlink()

    assert plan().exit_code == 3
