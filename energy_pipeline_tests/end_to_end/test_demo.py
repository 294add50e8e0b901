"""The first command of a newcomer, on a day of an export instead of its three months."""

import subprocess
import sys
from pathlib import Path

import orjson
import pandas as pd
import pytest
import yaml
from dagster import DagsterInstance, RunsFilter
from typer.testing import CliRunner

from energy_pipeline.calendar import HOUR
from energy_pipeline.cli import demo_world, fast_polls
from energy_pipeline.cli.main import app
from energy_pipeline_tests.end_to_end.town import PROJECT

COMMAND = str(Path(sys.executable).with_name("energy-pipeline"))


def export(path: Path) -> Path:
    """Write a local day of quarter hours: 96 of production and of consumption."""
    at = pd.date_range("2024-03-01", periods=96, freq="15min", tz="UTC")
    rows = {"Date/Time": at.strftime("%Y-%m-%d %H:%M:%S +0000")}
    rows |= {"Energy Produced (Wh)": [100] * 96, "Energy Consumed (Wh)": [50] * 96}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_the_demo_shows_every_stage_and_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    state = tmp_path / "of-the-user.db"
    (tmp_path / ".env").write_text(f"ENERKEY_FACILITIES=7\nENERGY_STATE_URL=sqlite:///{state}\n")
    monkeypatch.setenv("ENERKEY_READ_ONLY", "true")
    answer = subprocess.run(
        [COMMAND, "demo", "--data", str(export(tmp_path / "export.csv")), "--timezone", "UTC"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert not state.exists()
    lines = answer.stdout.splitlines()
    months = [line.split("│")[1:-1] for line in lines if line.startswith("│ 2024-03")]
    assert len(months) == 3
    for _, fetched, hourly, pushed, read_back, _, agrees in months:
        assert 4 < float(read_back) == float(pushed) <= float(hourly) == float(fetched) < 10
        assert agrees.strip() == "yes"
    assert "EnerKey register 103" in answer.stdout
    assert "3 messages pushed" in answer.stdout
    assert "grid_import" in answer.stdout
    assert max(map(len, lines)) <= 80
    monkeypatch.chdir(tmp_path)
    kept = orjson.loads(Path(".demo/enerkey.json").read_bytes())["provisioned"]["customers"]
    assert [each["externalCustomerId"] for each in kept] == ["C-1001", "C-1002", "C-1003"]
    assert jobs_with_runs(Path(".demo")) == {"daily_energy", "poll_envoy"}


@pytest.mark.timeout(300)
def test_the_demo_shows_a_gateways_hours_beside_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an export the houses are modelled, so that the truth is known; here for ten days."""
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_world, "MODELLED_DAYS", 10)
    monkeypatch.setattr(fast_polls, "_POLL_EVERY", HOUR)
    answer = CliRunner().invoke(app, ["demo", "--timezone", "UTC"])

    assert answer.exit_code == 0, answer.output
    table = answer.output[answer.output.index("polled: kWh of") :]
    lines = [line.split("│")[1:-1] for line in table.splitlines() if line.startswith("│")]
    shown = {name.strip(): figures for name, *figures in lines if len(figures) == 6}
    assert shown.keys() >= {"production", "consumption"}
    for stream in ("production", "consumption"):
        truth, hourly, read_back, off_wh, held, agrees = shown[stream]
        assert float(truth) == pytest.approx(float(hourly), abs=0.001)
        assert float(truth) > 0
        assert float(off_wh) <= 0.01
        assert float(read_back) == pytest.approx(float(truth), abs=0.001) or float(held) > 0
        assert agrees.strip() == "yes"


def jobs_with_runs(home: Path) -> set[str]:
    """The jobs at which the page shows a run: it asks for the runs of its code location."""
    workspace = yaml.safe_load((PROJECT / "workspace.yaml").read_text())
    location = workspace["load_from"][0]["python_module"]["location_name"]
    of_location = RunsFilter(tags={".dagster/repository": f"__repository__@{location}"})
    with DagsterInstance.from_config(str(home)) as instance:
        return {run.job_name for run in instance.get_runs(of_location)}
