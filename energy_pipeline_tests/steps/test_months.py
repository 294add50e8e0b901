"""Totals of months, and what they say of the totals of days."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.errors import ConfigurationError
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.steps.months import differing_months, fetch_months
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

JULY = datetime(2024, 7, 5, 12, tzinfo=UTC)


def held(here: Place) -> pd.DataFrame:
    return pd.read_parquet(here.folder / "data" / "enlighten_monthly_production")


def set_day(here: Place, day: date, energy_wh: float | None) -> None:
    """Let the store hold another total of a day; None: none."""
    rows = here.bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY).to_pylist()
    kept = [row for row in rows if row["day"] != day or row["stream"] != "production"]
    if energy_wh is not None:
        (row,) = (row for row in rows if row["day"] == day and row["stream"] == "production")
        kept.append({**row, "energy_wh": energy_wh})
    table = ENLIGHTEN_DAILY_ENERGY.empty().from_pylist(kept, ENLIGHTEN_DAILY_ENERGY.schema)
    here.bench.store.write_snapshot(ENLIGHTEN_DAILY_ENERGY, table)


def total(here: Place, day: date) -> float:
    rows = here.bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY).to_pylist()
    return next(r["energy_wh"] for r in rows if r["day"] == day and r["stream"] == "production")


@pytest.fixture(params=["micro", "meter"])
def measured(request: pytest.FixtureRequest) -> System:
    return house(measured_by=request.param)


def test_the_last_whole_month_agrees_with_its_days(tmp_path: Path, measured: System) -> None:
    production = "micro" if "production_micro" in measured.series else "meter"
    entries = [entry(measured, production)]
    with place(tmp_path, entries, [measured], JULY) as here:
        here.fetch_totals()
        report = fetch_months(here.bench)

        (row,) = held(here).to_dict("records")
        assert (report.asked, report.hits_spent, report.rows) == (1, 1, 1)
        assert (row["first_day"], row["last_day"]) == (date(2024, 6, 1), date(2024, 6, 30))
        assert pd.isna(row["metered_wh"]) == (production == "micro")
        assert differing_months(here.bench) == []
        assert fetch_months(here.bench).hits_spent == 0
        assert fetch_months(here.bench, force=True).hits_spent == 1


def test_a_month_tells_of_a_day_that_is_wrong(tmp_path: Path) -> None:
    system, day = house(measured_by="micro"), date(2024, 6, 17)
    with place(tmp_path, [entry(system)], [system], JULY) as here:
        here.fetch_totals()
        fetch_months(here.bench)
        right = total(here, day)
        set_day(here, day, right + 1000)
        (found,) = differing_months(here.bench)
        assert (found["site"], found["month"]) == ("house-67", "2024-06")
        assert found["difference_wh"] == pytest.approx(-1000)
        set_day(here, day, None)
        assert differing_months(here.bench) == []


def test_micros_and_a_meter_may_differ_as_two_meters_do(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], JULY) as here:
        here.fetch_totals()
        fetch_months(here.bench)
        (row,) = held(here).to_dict("records")
        assert row["energy_wh"] == row["metered_wh"]
        assert differing_months(here.bench) == []
        day = date(2024, 6, 17)
        set_day(here, day, total(here, day) + 0.05 * row["energy_wh"])
        assert len(differing_months(here.bench)) == 1


def test_only_months_that_are_over_and_not_before_the_start_are_asked_for(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], JULY) as here:
        months = ["2024-04", "2024-05", "2024-06", "2024-07"]
        assert fetch_months(here.bench, months).hits_spent == 2
        assert here.endpoints()["monthly_production"] == 2
        assert list(held(here)["first_day"]) == [date(2024, 5, 1), date(2024, 6, 1)]


def test_the_new_month_begins_at_the_sites_midnight(tmp_path: Path) -> None:
    system = house()
    before = datetime(2024, 6, 30, 20, 59, tzinfo=UTC)  # Helsinki: 23:59
    with place(tmp_path, [entry(system)], [system], before) as here:
        assert fetch_months(here.bench, ["2024-06"]).asked == 0
        here.clock.advance(120)
        assert fetch_months(here.bench, ["2024-06"]).asked == 1


def test_a_text_that_is_no_month_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], JULY) as here,
        pytest.raises(ConfigurationError, match="run config: months: found 'May'; allowed: months"),
    ):
        fetch_months(here.bench, ["May"])
