"""More meters than the day's requests: the run stops below them and later days finish it."""

from pathlib import Path

import pytest

from energy_pipeline.calendar import DAY
from energy_pipeline.simulators.enerkey import Meter, profile
from energy_pipeline.steps.upload import upload
from energy_pipeline_tests.steps.benches import a_site, clock_of, days_from
from energy_pipeline_tests.steps.uploading import (
    hours_computed,
    in_kwh,
    production,
    rows_of,
    to,
    town,
)

METERS = range(1001, 1013)


@pytest.mark.parametrize(("per_day", "days"), [(13, {2}), (9, {3, 4, 5})])
def test_a_fleet_that_needs_more_than_a_day_finishes_on_the_next_or_a_later_one(
    tmp_path: Path, per_day: int, days: set[int]
) -> None:
    sites = [a_site(f"s{id}", uploads=[to(id)]) for id in METERS]
    there = profile([Meter(id, 11, f"Meter {id}") for id in METERS])
    settings = {"ENERKEY_REQUESTS_PER_DAY": str(per_day)}
    with town(tmp_path, sites, given=there, settings=settings) as (bench, enerkey):
        for site in sites:
            hours_computed(bench, production(2), site=site.id)
        runs = 0
        while True:
            before = len(enerkey.requests)
            report = upload(bench, "consumption", days_from(0, 1))
            runs += 1
            assert len(enerkey.requests) - before <= per_day
            if report.hours_verified == 48 * len(METERS):
                break
            assert report.goes_on_at is not None
            assert runs < max(days)
            clock_of(bench).advance(DAY.total_seconds())

        assert runs in days
        assert {row["status"] for row in rows_of(bench, days_from(0, 1))} == {"verified"}
        for id in METERS:
            assert enerkey.stored_hours(id) == in_kwh(production(2))
            assert set(enerkey.pushes_per_hour(id).values()) == {1}
