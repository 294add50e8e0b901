"""`energy-pipeline enlighten budget`: a table and sentences, and no request."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console
from typer.testing import CliRunner

from energy_pipeline.cli import budget as command
from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.schema import ENLIGHTEN_EVENTS
from energy_pipeline.workbench import open_workbench

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
START = YESTERDAY - timedelta(days=500)
SITES = f"""\
sites:
  - id: larkspur
    name: Larkspur
    timezone: America/Denver
    start: {START}
    enlighten: {{system_id: 4127001}}
"""
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENLIGHTEN_BASE_URL", UNREACHABLE)
    Path("sites.yaml").write_text(SITES)


def budget(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["enlighten", "budget", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_one_site_costs_on_the_free_plan():
    shown = budget()
    lines = [line.split() for line in shown.splitlines()]
    at = lines.index(["larkspur,", "v4", "2", "2", "1", "0", "5", "155", "155"])
    assert lines[at + 1 : at + 3] == [["production_micro"], ["consumption_meter"]]
    assert "The plan: 10 hits a minute, 1,000 a month (plan watt)." in shown
    assert "last 7 days: 186 hits in a month of 31 days, 19% of the plan; 186 when" in shown
    assert "The plan carries 6 such sites." in shown
    assert "What the schedules leave, 814 hits a month, carries a backfill of " in shown
    assert f"A backfill of {START}...{YESTERDAY}: " in shown


def test_with_and_without_the_watch_over_events():
    said = (
        "Events and alarms (the schedule enlighten_watch, 62 hits in such a month) were {}. Without"
        " them 186 hits, and the plan carries 6 such sites, with them 248 hits, and the plan"
        " carries 4 such sites."
    )
    assert said.format("not fetched in the last 2 days: not counted above") in budget()

    with open_workbench() as bench:
        seen_at = bench.clock.now()
        row = {"site": "larkspur", "system_id": 4127001, "kind": "status", "id": "unknown"}
        row |= {"status": "normal", "fetched_at": seen_at}
        table = pa.Table.from_pylist([row], ENLIGHTEN_EVENTS.schema)
        bench.store.write_snapshot(ENLIGHTEN_EVENTS, table)
    shown = budget()
    assert said.format("fetched in the last 2 days: counted above") in shown
    assert "last 7 days: 248 hits in a month of 31 days, 25% of the plan; 248 when" in shown
    assert "The plan carries 4 such sites." in shown


def test_dialect_v2_has_no_events_to_watch():
    access = 'enlighten: {api: v2, system_id: 4127001, user_id: "4d6a51330a"}'
    Path("sites.yaml").write_text(SITES.replace("enlighten: {system_id: 4127001}", access))
    assert "enlighten_watch" not in budget()


def test_the_table_can_be_read_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "results", lambda: Console(width=80))
    lines = [line.split() for line in budget().splitlines()]
    names = "site intervals totals devices events a day a month at most"
    assert names.split() in lines
    assert ["larkspur,", "v4", "2", "2", "1", "0", "5", "155", "155"] in lines


def test_a_year_costs_53_hits_per_series():
    first, last = YESTERDAY - timedelta(days=464), YESTERDAY - timedelta(days=100)
    shown = budget("--from", str(first), "--to", str(last))
    assert f"A backfill of {first}...{last}: 106 hits; 11 minutes of asking" in shown


def test_a_larger_plan_and_numbers_of_ones_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENLIGHTEN_PLAN", "kilowatt")
    assert "50 hits a minute, 50,000 a month (plan kilowatt)" in budget()
    monkeypatch.setenv("ENLIGHTEN_REQUESTS_PER_MONTH", "100")
    shown = budget()
    assert "50 hits a minute, 100 a month (by ENLIGHTEN_REQUESTS_PER_MINUTE and _MONTH)" in shown
    assert "MORE THAN THE PLAN HAS" in shown
    assert "carries no backfill" in shown
    assert "the schedules leave no room for them" in shown


def test_days_that_the_vendor_keeps_no_more():
    Path("sites.yaml").write_text(SITES.replace(str(START), "2019-01-01"))
    shown = budget("--from", "2019-01-01", "--to", "2019-12-31")
    assert "the vendor keeps intervals of 2019-01-01...2019-12-31 no more" in shown


def test_mistakes_of_the_range():
    for arguments, words in (
        (["--from", "2025-02-01", "--to", "2025-01-01"], "--from: found 2025-02-01"),
        (["--from", "soon"], "a day is written YYYY-MM-DD"),
    ):
        result = CliRunner().invoke(app, ["enlighten", "budget", *arguments])
        assert result.exit_code != 0
        assert words in result.stderr


def test_no_site_at_enlighten():
    Path("sites.yaml").write_text(
        SITES.replace(
            "enlighten: {system_id: 4127001}", 'envoy: {host: envoy, serial: "122117051926"}'
        )
    )
    shown = budget()
    assert "0 hits in a month" in shown
    assert "such sites" not in shown
    assert "A backfill of" not in shown
