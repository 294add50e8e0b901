"""What happened at the sites: looked at seldom, kept for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.steps.events import fetch_events, going_on
from energy_pipeline.steps.systems import fetch_systems
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)


def held(here: Place) -> pd.DataFrame:
    return pd.read_parquet(here.folder / "data" / "enlighten_events")


def test_statuses_cost_nothing_and_are_kept_over_time(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        for status in ({}, {}, {67: "micro"}, {}):
            here.cloud.faults = Faults(late_share=0, status=status)
            fetch_systems(here.bench)
            hits = here.cloud.hits
            assert fetch_events(here.bench).hits_spent == 0
            assert here.cloud.hits == hits
            assert [row["status"] for row in going_on(here.bench)] == list(status.values())
            here.clock.advance(86_400)

        rows = held(here)
    assert list(rows["status"]) == ["normal", "micro", "normal"]
    assert set(rows["kind"]) == {"status"}
    days = [(at - pd.Timestamp(NOON)) / timedelta(days=1) for at in rows["started_at"]]
    assert days == [0, 2, 3]
    assert list(rows["ended_at"].isna()) == [False, False, True]
    assert list(rows["ended_at"][:2]) == list(rows["started_at"][1:])


def test_a_site_whose_status_nobody_told_has_no_rows(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        report = fetch_events(here.bench)
        assert (report.rows, report.asked, report.hits_spent) == (0, 1, 0)
        assert going_on(here.bench) == []
