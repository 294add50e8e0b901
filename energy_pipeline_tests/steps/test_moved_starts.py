"""A site whose `start` moves, or whose meter becomes another site's, after values were sent."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.configuration.sites import Registry, Site
from energy_pipeline.schema import ENERKEY_CONSUMPTION_UPLOAD
from energy_pipeline.simulators.enerkey import EnerKeySimulator
from energy_pipeline.steps.cumulative import compute_cumulative
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.inspection import broken_chains, lost_energy
from energy_pipeline.steps.outstanding import unverified_hours
from energy_pipeline.steps.upload import upload
from energy_pipeline.steps.upload_report import UploadReport
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    a_site,
    cumulative_upload,
    days_from,
    fetched,
    instant,
)
from energy_pipeline_tests.steps.uploading import (
    CONSUMPTION,
    CUMULATIVE,
    HEAT,
    MIDNIGHT,
    hours_computed,
    production,
    rows_of,
    to,
    town,
)
from energy_pipeline_tests.transform.tables import row_of_intervals

SIX = days_from(0, 5)
HOURLY_WH = {"a": 10.0, "b": 33.0}
BEFORE, AFTER = MIDNIGHT + 3 * DAY, MIDNIGHT + 4 * DAY


def house(id: str = "a", start: date = START, opening_kwh: float = 2.0) -> Site:
    return a_site(
        id, start=start, uploads=[cumulative_upload("consumption", CUMULATIVE, opening_kwh)]
    )


def with_sites(bench: Workbench, *sites: Site) -> Workbench:
    return replace(bench, registry=Registry(sites=sites))


@contextmanager
def measured(folder: Path) -> Generator[tuple[Workbench, EnerKeySimulator]]:
    """Two houses with six days of consumption; the first has sent its first three days."""
    with town(folder, [house(), a_site("b")]) as (bench, enerkey):
        for day in SIX:
            rows = [
                row
                for site, wh in HOURLY_WH.items()
                for row in row_of_intervals(instant(day), [wh] * 24, 3_600, site=site)
            ]
            fetched(bench, rows, Days(day, day), sites=tuple(HOURLY_WH))
        assert go(bench, days_from(0, 2)).hours_verified == 73
        yield bench, enerkey


def go(bench: Workbench, days: Days = SIX) -> UploadReport:
    """Compute, check what would stop every site's upload, and upload."""
    compute_hourly(bench, days)
    compute_cumulative(bench, days)
    assert lost_energy(bench, days) == []
    assert broken_chains(bench, days) == []
    return upload(bench, "cumulative", days)


def test_what_the_store_holds_of_the_days_before_is_not_sent(tmp_path: Path) -> None:
    site = a_site(start=START + 2 * DAY, uploads=[to()])
    with town(tmp_path, [site]) as (bench, enerkey):
        hours_computed(bench, production(4))
        assert upload(bench, "consumption", days_from(0, 3)).hours_verified == 48
        assert min(enerkey.stored_hours(CONSUMPTION)) == MIDNIGHT + 2 * DAY


@pytest.mark.parametrize(
    "sites",
    [
        [house(start=AFTER.date(), opening_kwh=3.0)],
        [a_site(), house("b", start=AFTER.date(), opening_kwh=9.0)],
    ],
    ids=["a later start", "another site"],
)
def test_a_register_goes_on_after_no_gap_that_nobody_measured(
    tmp_path: Path, sites: Sequence[Site]
) -> None:
    """The days in EnerKey end a day before the new start: it would fill in what is between."""
    with measured(tmp_path) as (bench, enerkey):
        sent = enerkey.stored_readings(CUMULATIVE)
        report = go(with_sites(bench, *sites))
        assert enerkey.stored_readings(CUMULATIVE) == sent
        assert report.reasons == {"meter stands still": 49}
        [reason] = {
            row["reason"]
            for row in rows_of(bench, SIX, "cumulative")
            if row["at"] > BEFORE and row["status"] == "held"
        }
        assert "a reading of 2024-06-04 00:00 UTC, and the site begins 2024-06-05" in reason


def test_a_person_may_let_the_register_go_on(tmp_path: Path) -> None:
    with measured(tmp_path) as (bench, enerkey):
        moved = with_sites(bench, house(start=AFTER.date(), opening_kwh=3.0))
        go(moved)
        released = upload(moved, "cumulative", SIX, release_meters=[CUMULATIVE])
        assert released.hours_verified == 49
        assert go(moved).hours_verified == 49
        assert enerkey.stored_readings(CUMULATIVE)[AFTER] == 3.0


def test_a_start_without_a_gap_needs_nobody(tmp_path: Path) -> None:
    """The last reading in EnerKey, at the new start, is the opening reading."""
    with measured(tmp_path) as (bench, enerkey):
        moved = with_sites(bench, house(start=BEFORE.date(), opening_kwh=2.72))
        assert go(moved).hours_verified == 73
        formed = enerkey.stored_hours(CUMULATIVE)
        assert [*formed.values()] == pytest.approx([0.01] * 6 * 24)


def test_a_start_inside_what_was_sent_holds_another_opening_reading(tmp_path: Path) -> None:
    with measured(tmp_path) as (bench, enerkey):
        sent = enerkey.stored_readings(CUMULATIVE)
        moved = with_sites(bench, house(start=START + DAY, opening_kwh=0.0))
        assert go(moved).hours_verified == 0
        assert enerkey.stored_readings(CUMULATIVE) == sent


def test_an_earlier_start_that_leads_to_what_was_sent_is_added_before_it(tmp_path: Path) -> None:
    with measured(tmp_path) as (bench, enerkey):
        day = START - DAY
        fetched(bench, row_of_intervals(instant(day), [10.0] * 24, 3_600), Days(day, day))
        wrong = with_sites(bench, house(start=day, opening_kwh=2.0))
        sent = enerkey.stored_readings(CUMULATIVE)
        assert go(wrong, days_from(-1, 5)).hours_verified == 0
        assert enerkey.stored_readings(CUMULATIVE) == sent
        right = with_sites(bench, house(start=day, opening_kwh=2.0 - 0.24))
        assert go(right, days_from(-1, 5)).hours_verified == 7 * 24 + 1
        assert enerkey.stored_hours(CUMULATIVE)[MIDNIGHT - HOUR] == pytest.approx(0.01)


def test_hours_that_are_not_the_sites_any_more_are_no_ones_concern(tmp_path: Path) -> None:
    site = a_site(uploads=[to()])
    with town(tmp_path, [site]) as (bench, _):
        upload(bench, "consumption", days_from(0, 1))
        changed = {
            48: site,
            24: a_site(start=START + DAY, uploads=[to()]),
            0: a_site(uploads=[to(HEAT, unit="MWh")]),
        }
        for hours, now in changed.items():
            found = unverified_hours(
                with_sites(bench, now), ENERKEY_CONSUMPTION_UPLOAD, days_from(0, 1)
            )
            assert sum(row["hours"] for row in found) == hours
