"""What a person reads of devices, events and months on the page."""

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from energy_pipeline.defs.enlighten import (
    enlighten_daily_energy,
    enlighten_production,
    enlighten_systems,
)
from energy_pipeline.defs.enlighten_months import (
    enlighten_monthly_production,
    months_agree_with_days,
)
from energy_pipeline.defs.enlighten_sites import enlighten_devices, enlighten_events
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY, ENLIGHTEN_DEVICES
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
ASSETS = [
    enlighten_systems,
    enlighten_devices,
    enlighten_events,
    enlighten_production,
    enlighten_daily_energy,
    enlighten_monthly_production,
    months_agree_with_days,
]


def on_the_page(made: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(WorkbenchResource, "clock", lambda _: made.clock)
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    """A house in each dialect, and an outage that goes on."""
    systems = [house(67), house(68, micros=3)]
    entries = [entry(systems[0], api="v2"), entry(systems[1], api="v4")]
    gone = Outage(start=NOW - timedelta(hours=30), end=NOW + timedelta(days=1), system_id=68)
    faults = Faults(late_share=0, outages=(gone,))
    with place(tmp_path, entries, systems, NOW, faults=faults) as made:
        yield on_the_page(made, monkeypatch)


def launch(*assets: str, day: date | None = None, **config: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        ASSETS,
        selection=list(assets),
        resources={"workbench": WorkbenchResource()},
        run_config={"ops": {asset: {"config": members} for asset, members in config.items()}},
        partition_key=str(day) if day else None,
        raise_on_error=False,
    )


def said(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    assert result.success
    [event] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def rows(value: Any) -> list[dict[str, Any]]:
    return [record.data for record in value.records]


def test_devices_tell_what_can_be_measured(here: Place) -> None:
    told = said(launch("enlighten_devices"), "enlighten_devices")
    assert (told["sites_asked"], told["hits_spent"]) == (2, 2)
    assert told["devices"] == len(here.bench.store.read_snapshot(ENLIGHTEN_DEVICES))
    streams = {row["site"]: row["can be measured"] for row in rows(told["streams"])}
    assert "production" in streams["house-67"]
    assert streams["house-68"] == "consumption, grid_export, grid_import, production"
    assert told["hits_left_this_month"] == 1_000_000 - 2


def test_production_without_its_device_is_told_with_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = house(measured_by="micro")
    with place(tmp_path, [entry(system, "meter", "v4")], [system], NOW) as made:
        on_the_page(made, monkeypatch)
        said(launch("enlighten_devices"), "enlighten_devices")
        launched = launch("enlighten_production", day=NOW.date() - timedelta(days=1))
    told = said(launched, "enlighten_production")
    without = "house-67 (set `production: micro` in sites.yaml)"
    assert (told["sites_without_a_device"], told["hits_spent"]) == (without, 0)


def test_a_site_without_an_answer_is_in_a_table(here: Place) -> None:
    here.cloud.faults = Faults(next_failures=("500",) * 5, only_path="/67/")
    told = said(launch("enlighten_devices"), "enlighten_devices")
    assert [row["site"] for row in rows(told["failed"])] == ["house-67"]


def test_what_goes_on_is_in_a_table(here: Place) -> None:
    result = launch("enlighten_systems", "enlighten_events")
    told = said(result, "enlighten_events")
    assert told["going_on"] == 3
    shown = {(row["site"], row["kind"], row["what"]) for row in rows(told["what_goes_on"])}
    assert shown == {
        ("house-68", "status", "comm"),
        ("house-68", "event", "Gateway not reporting"),
        ("house-68", "alarm", "Gateway not reporting"),
    }
    assert told["hits_spent"] == 3
    assert here.endpoints()["events"] == 1


def test_months_are_launched_by_name_and_checked(here: Place) -> None:
    config = {"enlighten_monthly_production": {"months": ["2024-05", "2024-06"]}}
    result = launch("enlighten_daily_energy", "enlighten_monthly_production", **config)
    told = said(result, "enlighten_monthly_production")
    assert (told["months"], told["months_asked"], told["hits_spent"]) == (2, 2, 2)
    [check] = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("months_agree_with_days", True)

    held = here.bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY).to_pylist()
    wrong = {"day": date(2024, 6, 17), "stream": "production", "site": "house-67"}
    for row in held:
        if wrong.items() <= row.items():
            row["energy_wh"] += 1e6
    table = ENLIGHTEN_DAILY_ENERGY.empty().from_pylist(held, ENLIGHTEN_DAILY_ENERGY.schema)
    here.bench.store.write_snapshot(ENLIGHTEN_DAILY_ENERGY, table)
    result = launch("enlighten_monthly_production", **config)
    [check] = result.get_asset_check_evaluations()
    assert (check.passed, check.description) == (False, "months that differ: 1")
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert said(result, "enlighten_monthly_production")["hits_spent"] == 0


@pytest.mark.usefixtures("here")
def test_a_month_that_is_none_is_told_in_words() -> None:
    config = {"enlighten_monthly_production": {"months": ["May"]}}
    result = launch("enlighten_monthly_production", **config)
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert not result.success
    assert "months: found 'May'" in str(failure.step_failure_data.error)
