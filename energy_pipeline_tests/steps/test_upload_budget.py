"""More meters than the day's requests: the run stops below them and later days finish it."""

from pathlib import Path

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
PER_DAY = 9


def test_a_fleet_that_needs_more_than_a_day_finishes_on_a_later_one(tmp_path: Path) -> None:
    sites = [a_site(f"s{id}", uploads=[to(id)]) for id in METERS]
    there = profile([Meter(id, 11, f"Meter {id}") for id in METERS])
    settings = {"ENERKEY_REQUESTS_PER_DAY": str(PER_DAY)}
    with town(tmp_path, sites, given=there, settings=settings) as (bench, enerkey):
        for site in sites:
            hours_computed(bench, production(2), site=site.id)
        runs = 0
        while True:
            before = len(enerkey.requests)
            report = upload(bench, "consumption", days_from(0, 1))
            runs += 1
            assert len(enerkey.requests) - before <= PER_DAY
            if report.hours_verified == 48 * len(METERS):
                break
            assert report.goes_on_at is not None
            assert runs < 6
            clock_of(bench).advance(DAY.total_seconds())

        assert runs > 1
        assert {row["status"] for row in rows_of(bench, days_from(0, 1))} == {"verified"}
        for id in METERS:
            assert enerkey.stored_hours(id) == in_kwh(production(2))
            assert set(enerkey.pushes_per_hour(id).values()) == {1}
