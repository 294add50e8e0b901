import json
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

from energy_pipeline.calendar import Days
from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE, load_settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.cli.consenting import SIGN_IN, come_back, command, consent

COMMAND = str(Path(sys.executable).with_name("energy-pipeline"))
EXPORT = """\
Date/Time,Energy Produced (Wh),Energy Consumed (Wh)
2019-06-01 10:00:00 +0000,500,100
2019-06-01 10:15:00 +0000,600,110
2019-06-01 10:30:00 +0000,700,120
"""


@contextmanager
def simulation(*options: str) -> Generator[str]:
    """Run the command until the block ends, which stops it as a service manager would."""
    process = subprocess.Popen([COMMAND, "simulate", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        text = ""
        for line in lines:
            text += line
            if line.startswith("Ctrl+C"):
                break
        yield text
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()


def parts_of(text: str) -> list[str]:
    """Return what is printed for `.env`, for `sites.yaml`, and as the first commands."""
    text = text.removesuffix("Ctrl+C stops them.\n")
    return re.split(r"For \.env:\n|For sites\.yaml:\n|Then, in the folder of both:\n", text)[1:]


def configured(folder: Path, text: str) -> tuple[dict[str, str], int]:
    """Use what is printed as `.env` and `sites.yaml`; return the environment and the system."""
    environment, sites, _ = parts_of(text)
    (folder / ".env").write_text(environment)
    (folder / "sites.yaml").write_text(sites)
    settings = load_settings({}, folder / ".env")
    site, with_gateway = load_registry(folder / "sites.yaml", settings).sites
    assert with_gateway.envoy is not None
    assert site.enlighten is not None
    assert settings.enlighten_api_key is not None
    assert settings.enerkey_api_key_a.value is not None
    user_id = site.enlighten.user_id
    access = {
        "enlighten": settings.enlighten_base_url,
        "enerkey": settings.enerkey_base_url,
        "key": settings.enlighten_api_key.get_secret_value(),
        "user_id": user_id.get_secret_value() if user_id else "",
        "enerkey_key": settings.enerkey_api_key_a.value.get_secret_value(),
        "start": str(site.start),
    }
    return access, site.enlighten.system_id


def answer(url: str, headers: dict[str, str] | None = None) -> dict[str, object]:
    with urlopen(Request(url, headers=headers or {}), timeout=30) as response:
        return json.load(response)


@pytest.mark.parametrize("api", ["v4", "v2"])
def test_the_printed_way_leads_from_the_owners_yes_to_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str
):
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    with simulation(*([] if api == "v4" else ["--api", "v2"])) as text:
        configured(tmp_path, text)
        authorize, connect, _, launch, owner, _ = parts_of(text)[2].split("\n", 5)
        assert all(member in owner for member in SIGN_IN.values())
        app_id = re.fullmatch(r"energy-pipeline enlighten authorize(?: --app-id (\d+))?", authorize)
        assert app_id is not None
        with command(monkeypatch, app_id=app_id[1]) as terminal:
            come_back(consent(terminal.address()))
            assert "Nothing had to be written into sites.yaml." in terminal.last_words()

        result = CliRunner().invoke(app, connect.split()[1:])
        assert result.exit_code == 0, result.output
        assert "user of simulated-house: systems seen: 1" in result.stdout

        assert launch.startswith("dg launch --job daily_energy --partition-range '")
        first, last = map(date.fromisoformat, launch.split("'")[1].split("..."))
        with open_workbench() as bench:
            report = fetch_intervals(bench, "consumption", Days(first, last))
        assert (report.hits_spent, report.rows, report.of("failed")) == (1, 96, ())


def test_the_printed_configuration_reaches_both_services(tmp_path: Path):
    with simulation("--api", "v2") as text:
        access, system_id = configured(tmp_path, text)
        assert f"Simulated Enlighten: {access['enlighten']}\n" in text
        assert f"Simulated EnerKey:   {access['enerkey']}\n" in text
        login = urlencode({"key": access["key"], "user_id": access["user_id"]})
        summary = answer(f"{access['enlighten']}/api/v2/systems/{system_id}/summary?{login}")
        assert summary["system_id"] == system_id
        assert date.fromisoformat(access["start"]) < date.fromisoformat(
            str(summary["summary_date"])
        )
        quantities = answer(
            f"{access['enerkey']}/api/v2/Quantities", {"Authorization": access["enerkey_key"]}
        )
        assert quantities


def test_an_export_is_replayed(tmp_path: Path):
    export = tmp_path / "export.csv"
    export.write_text(EXPORT)
    options = ("--api", "v2", "--enerkey", "repush_consumption=reject")
    with simulation("--data", str(export), "--timezone", "UTC", *options) as text:
        assert "EnerKey behaves otherwise than its contract: repush_consumption=reject\n" in text
        access, system_id = configured(tmp_path, text)
        assert access["start"] == "2019-06-01"
        assert "--partition-range '2019-06-01...2019-06-01'" in text
        login = urlencode({"key": access["key"], "user_id": access["user_id"]})
        lifetime = answer(
            f"{access['enlighten']}/api/v2/systems/{system_id}/energy_lifetime?{login}"
        )
        assert lifetime["production"] == [1800, 0]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--timezone", "Mars/Olympus"], 2, "Mars/Olympus"),
        (["--data", "absent.csv"], 2, "absent.csv"),
        (["--enlighten-port", "70000"], 2, "--enlighten-port"),
        (["--enerkey", "repush=sum"], 1, "allowed: key=value with one of"),
        (["--enerkey", "repush_consumption=often"], 1, "repush_consumption"),
    ],
)
def test_wrong_options_are_refused(options: list[str], status: int, said: str):
    result = CliRunner().invoke(app, ["simulate", *options])
    assert result.exit_code == status
    assert said in result.stderr


def test_another_file_than_an_export_is_refused(tmp_path: Path):
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n")
    result = CliRunner().invoke(app, ["simulate", "--data", str(path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}:1: found 'a'; allowed: ")


def test_a_taken_port_is_said(tmp_path: Path):
    with simulation() as text:
        access, _ = configured(tmp_path, text)
        port = access["enlighten"].rpartition(":")[2]
        result = CliRunner().invoke(app, ["simulate", "--enlighten-port", port])
    assert result.exit_code == 1
    assert f"ports {port}, 0, 0 and 0: Address already in use" in result.stderr
