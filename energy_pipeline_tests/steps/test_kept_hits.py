"""A backfill leaves the month's hits alone that the scheduled runs need."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.steps.events import WATCHED_FOR, fetch_events
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.steps.kept_hits import kept_hits
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.steps.cloudside import START, Place, days, entry, house, place

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
AUGUST = datetime(2024, 8, 1, tzinfo=UTC)
OF_ONE_SITE = 31 * 6  # intervals 2, totals 2, devices 1, and the list of systems
SIX_WEEKS = days(START, 42)
LAST_WEEK = days(date(2024, 6, 24), 7)


@pytest.fixture
def system() -> System:
    return house()


@pytest.fixture
def here(tmp_path: Path, system: System) -> Iterator[Place]:
    """A site of which a backfill has three hits this month."""
    plan = {"ENLIGHTEN_REQUESTS_PER_MONTH": str(OF_ONE_SITE + 3)}
    with place(tmp_path, [entry(system, api="v4")], [system], NOW, **plan) as here:
        yield here


def test_older_days_spend_what_the_schedules_leave_and_the_run_ends_in_peace(here: Place) -> None:
    report = here.fetch(SIX_WEEKS)

    assert (report.hits_spent, report.hits_left["month"]) == (3, OF_ONE_SITE)
    assert report.goes_on_at == AUGUST
    assert report.missing == (("house-67", days(START + timedelta(days=21), 21)),)
    assert f"used up but for the {OF_ONE_SITE} that the scheduled runs need" in report.ended_by
    assert report.ended_by.endswith(
        "at once with `spend_kept: true` in the run config of this asset"
    )
    assert report.of("failed") == ()


def test_the_days_of_the_schedule_are_fetched_for_all_that(here: Place) -> None:
    here.fetch(SIX_WEEKS)

    assert here.hits_of(LAST_WEEK) == 1
    assert here.hits_of(LAST_WEEK, "consumption") == 1


def test_of_a_range_that_reaches_to_yesterday_the_days_of_the_schedule_come_first(
    here: Place,
) -> None:
    report = here.fetch(Days(START, LAST_WEEK.last))

    assert report.hits_left["month"] == OF_ONE_SITE
    held = (here.rows()["end_at"] - timedelta(seconds=1)).dt.date
    assert set(LAST_WEEK) <= set(held)
    assert min(held) <= START + timedelta(days=1)


def test_a_person_may_spend_them(here: Place) -> None:
    assert here.hits_of(SIX_WEEKS, spend_kept=True) == 6


def test_a_run_over_one_site_keeps_the_hits_of_all(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    sites = [entry(each, api="v4") for each in systems]
    kept = 31 * (5 + 5 + 1)
    plan = {"ENLIGHTEN_REQUESTS_PER_MONTH": str(kept + 1)}
    with (
        place(tmp_path, sites, systems, NOW, **plan) as here,
        open_workbench(["house-68"], environ=here.environ, clock=here.clock) as narrowed,
    ):
        report = fetch_intervals(narrowed, "production", SIX_WEEKS)

    assert (report.hits_spent, report.hits_left["month"]) == (1, kept)


def test_towards_the_months_end_more_is_free(here: Place) -> None:
    here.fetch(SIX_WEEKS)
    here.clock.set(datetime(2024, 7, 2, 0, 0, 1, tzinfo=UTC))

    assert here.hits_of(SIX_WEEKS) == 3


def test_events_are_kept_for_as_long_as_they_are_fetched(here: Place) -> None:
    assert kept_hits(here.bench) == 31 * 6
    here.fetch_systems()
    assert fetch_events(here.bench).hits_spent == 2
    assert kept_hits(here.bench) == 31 * 8
    here.clock.advance(WATCHED_FOR.total_seconds())
    assert kept_hits(here.bench) == 29 * 8
    here.clock.advance(1)
    assert kept_hits(here.bench) == 29 * 6
