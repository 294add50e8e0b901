import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.cli.site_table import site_table
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline_tests.configuration.documents import SETTINGS, USER_ID, VALID, changed

KEYS = """\
ENLIGHTEN_API=v2
ENLIGHTEN_API_KEY=hush-enlighten
ENERKEY_API_KEY_A=hush-enerkey
ENPHASE_EMAIL=hush@example.com
ENPHASE_PASSWORD=hush-enphase
"""


_SMALL = """\
product_codes: ["1000"]
customers:
  - {externalCustomerId: C-1, externalCustomerName: Esimerkki Oy, productCode: "1000"}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the files of a user in good order, and nothing in the real environment."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.yaml").write_text(VALID)
    (tmp_path / ".env").write_text(KEYS)
    return tmp_path


def test_all_is_well(here: Path):
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert USER_ID not in result.stdout
    assert "hush" not in result.stdout
    shown = " ".join(result.stdout.split())
    for word in (
        *("rooftop-1", "Rooftop 1", "Europe/Helsinki", "2019-01-01", "Enlighten v2 67, micro"),
        *("gateway 122117051926 at 192.168.1.67", "streams: production enlighten"),
        *("production: meter 101, kWh, consumption", "production: meter 102, MWh, cumulative"),
        *("warehouse-2", "Asia/Kolkata", "2022-06-15", "streams: production auto"),
        "production: meter 201, Wh, cumulative",
    ):
        assert word in shown
    assert not (here / "data").exists()


def test_the_sites_can_be_read_on_a_narrow_terminal(here: Path):
    table = site_table(load_registry(here / "sites.yaml", SETTINGS))
    console = Console(width=80, file=io.StringIO())
    console.print(table)
    told = console.file.getvalue()
    assert "│ production: meter 102, MWh, cumulative from 12.5 " in told
    assert "│ gateway 122117051926 at 192.168.1.67 " in told


def test_a_misspelt_variable_is_told(here: Path):
    (here / "sites.yaml").write_text(changed(("tls_fingerprint: null", "token_env: ENVOY_TOKEN_1")))
    more = "ENERGY_SETTLE_HOUR=4\nENVOY_TOKEN_1=hush\nPATH_OF_ELSEWHERE=1\nENERKEY_PROXY=a\n"
    (here / ".env").write_text(KEYS + more)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == [
        ".env:6: ENERGY_SETTLE_HOUR: found a variable that nothing reads; allowed: "
        "ENERGY_SETTLE_HOURS, or another one of .env.example",
        ".env:9: ENERKEY_PROXY: found a variable that nothing reads; allowed: one of .env.example",
    ]


def test_a_name_is_text_and_no_markup(here: Path):
    (here / "sites.yaml").write_text(changed(("name: Rooftop 1", "name: '[red]Roof[/red] :sun:'")))
    assert "[red]Roof[/red] :sun:" in CliRunner().invoke(app, ["check"]).stdout


def test_every_mistake_is_on_standard_error(here: Path):
    (here / "sites.yaml").write_text(
        changed(("unit: kWh", "unit: J"), ("Europe/Helsinki", "Europa"), (USER_ID, "hush hush"))
    )
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert result.stdout == ""
    heading, *lines = result.stderr.splitlines()
    assert heading == "3 mistakes in the configuration:"
    assert [line.split(": ")[:2] for line in lines] == [
        ["sites.yaml:4", "sites[0].timezone"],
        ["sites.yaml:9", "sites[0].enlighten.user_id"],
        ["sites.yaml:22", "sites[0].uploads[0].unit"],
    ]
    assert "hush" not in result.stderr


def test_a_mistake_of_the_environment_names_the_variable(here: Path):
    (here / ".env").write_text(KEYS + "ENERKEY_REPUSH=maybe\n")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "1 mistake in the configuration:\n.env:6: ENERKEY_REPUSH: found" in result.stderr


def test_the_real_environment_wins(here: Path, monkeypatch: pytest.MonkeyPatch):
    (here / "other.yaml").write_text(changed(("unit: kWh", "unit: J")))
    monkeypatch.setenv("ENERGY_SITES_FILE", "other.yaml")
    assert "other.yaml:22" in CliRunner().invoke(app, ["check"]).stderr


def test_keys_that_the_sites_need_are_asked_for(here: Path):
    (here / ".env").write_text("ENLIGHTEN_API=v2\n")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "rooftop-1" in result.stdout
    assert "environment: ENLIGHTEN_API_KEY: found nothing" in result.stderr
    assert "ENERKEY_API_KEY_A or ENERKEY_API_KEY_B: found nothing" in result.stderr


def test_a_token_that_a_site_names_is_asked_for(here: Path):
    (here / "sites.yaml").write_text(changed(("tls_fingerprint: null", "token_env: ROOF_TOKEN")))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "environment: ROOF_TOKEN: found nothing" in result.stderr


@pytest.mark.usefixtures("here")
def test_the_installed_command_says_it_without_a_traceback():
    Path("sites.yaml").unlink()
    command = [str(Path(sys.executable).with_name("energy-pipeline")), "check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "1 mistake in the configuration:\n"
        "sites.yaml: the file: found no such file; allowed: a file, see sites.example.yaml\n"
    )


def test_the_provisioning_file_is_looked_at_where_there_is_one(here: Path):
    (here / "provisioning.yaml").write_text(_SMALL)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "provisioning.yaml: 1 customers, 0 facilities; provisioning is off" in result.stdout
    (here / "provisioning.yaml").write_text(_SMALL.replace('"1000"]', '"1001"]'))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "provisioning.yaml:3: customers[0].productCode" in result.stderr
