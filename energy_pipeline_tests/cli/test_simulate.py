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

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.steps.enlighten_authorization import application_of

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


def configured(folder: Path, text: str) -> tuple[dict[str, str], int]:
    """Use what is printed as `.env` and `sites.yaml`; return the environment and the system."""
    _, environment, sites = re.split(r"For \S+:\n", text)
    (folder / ".env").write_text(environment)
    (folder / "sites.yaml").write_text(sites.removesuffix("Ctrl+C stops them.\n"))
    settings = load_settings({}, folder / ".env")
    site, with_gateway = load_registry(folder / "sites.yaml", settings).sites
    assert with_gateway.envoy is not None
    assert site.enlighten is not None
    assert site.enlighten.user_id is not None
    assert settings.enlighten_api_key is not None
    assert application_of(settings).base_url == settings.enlighten_base_url
    assert settings.enerkey_api_key_a.value is not None
    access = {
        "enlighten": settings.enlighten_base_url,
        "enerkey": settings.enerkey_base_url,
        "key": settings.enlighten_api_key.get_secret_value(),
        "user_id": site.enlighten.user_id.get_secret_value(),
        "enerkey_key": settings.enerkey_api_key_a.value.get_secret_value(),
        "start": str(site.start),
    }
    return access, site.enlighten.system_id


def answer(url: str, headers: dict[str, str] | None = None) -> dict[str, object]:
    with urlopen(Request(url, headers=headers or {}), timeout=30) as response:
        return json.load(response)


def test_the_printed_configuration_reaches_both_services(tmp_path: Path):
    with simulation() as text:
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
    with simulation("--data", str(export), "--timezone", "UTC") as text:
        access, system_id = configured(tmp_path, text)
        assert access["start"] == "2019-06-01"
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
