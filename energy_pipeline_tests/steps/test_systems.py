"""The list of systems: what the account sees, seldom asked for."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.errors import NothingDone
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_USER_ID,
    Fleet,
    Grant,
    user_id_of,
)
from energy_pipeline.steps.systems import fetch_systems
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
OTHER_USER = user_id_of(99)


def held(here: Place) -> pd.DataFrame:
    return pd.read_parquet(here.folder / "data" / "enlighten_systems").set_index("system_id")


def test_every_system_with_its_site_status_and_reports(tmp_path: Path) -> None:
    systems = [house(67), house(68), house(69)]
    with place(tmp_path, [entry(systems[0]), entry(systems[2])], systems, NOON) as here:
        report = fetch_systems(here.bench)

        rows = held(here)
        assert rows["site"].dropna().to_dict() == {67: "house-67", 69: "house-69"}
        assert list(rows.index) == [67, 69, 68]
        assert set(rows["status"]) == {"normal"}
        assert (rows["last_report_at"] > pd.Timestamp(NOON) - pd.Timedelta("1h")).all()
        assert (rows["fetched_at"] == pd.Timestamp(NOON)).all()
        assert (report.systems, report.hits_spent) == (3, 1)
        assert (report.not_listed, report.without_site) == ((), (68,))


def test_a_young_list_costs_no_hit_and_an_old_one_does(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        fetch_systems(here.bench)
        assert fetch_systems(here.bench).hits_spent == 0
        assert fetch_systems(here.bench, force=True).hits_spent == 1
        here.clock.advance(13 * 3600)
        assert fetch_systems(here.bench).hits_spent == 1


def test_users_are_asked_one_by_one_and_fail_one_by_one(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    entries = [entry(system) for system in systems]
    entries[1]["enlighten"]["user_id"] = OTHER_USER
    with place(tmp_path, entries, systems, NOON) as here:
        report = fetch_systems(here.bench)

        assert "user_id" in report.failures["house-68"]
        assert list(held(here).index) == [67, 68]
        assert report.hits_spent == 2


def test_a_run_over_some_sites_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    entries = [entry(system) for system in systems]
    entries[1]["enlighten"]["user_id"] = OTHER_USER
    fleet = Fleet(
        {s.system_id: s for s in systems},
        {DEMO_USER_ID: Grant(frozenset({67})), OTHER_USER: Grant(frozenset({68}))},
    )
    with place(tmp_path, entries, systems, NOON, fleet=fleet) as here:
        fetch_systems(here.bench)
        here.clock.advance(86_400)
        with open_workbench(["house-67"], environ=here.environ, clock=here.clock) as narrow:
            fetch_systems(narrow)

        rows = held(here)
        assert rows["site"].to_dict() == {67: "house-67", 68: "house-68"}
        assert rows["fetched_at"].nunique() == 2


def test_a_site_whose_system_is_not_granted_is_named(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    fleet = Fleet({s.system_id: s for s in systems}, {DEMO_USER_ID: Grant(frozenset({67}))})
    with place(tmp_path, [entry(s) for s in systems], systems, NOON, fleet=fleet) as here:
        assert fetch_systems(here.bench).not_listed == ("house-68",)


def test_no_list_at_all_is_an_error(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], NOON, fleet=Fleet({}, {})) as here,
        pytest.raises(NothingDone, match="ENLIGHTEN_API_KEY"),
    ):
        fetch_systems(here.bench)
