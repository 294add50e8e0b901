"""The budget says what the runs then cost, by the cloud's own count."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.steps.backfill_cost import (
    Duration,
    backfill_hits,
    duration_of,
    kept_no_more,
    longest_backfill,
)
from energy_pipeline.steps.budget import Budget, SiteHits, budget_of, trailing_days
from energy_pipeline.steps.devices import fetch_devices
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.events import fetch_events
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline_tests.steps.cloudside import START, Place, entry, house, place

RUN_AT = datetime(2024, 6, 20, 4, 15, tzinfo=UTC)
NAMED = dict.fromkeys(("grid_import", "grid_export", "battery_charge"), "enlighten")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    """Four sites: v4 with two streams and with five, v2 by micros and by a meter."""
    old, micro, meter = (house(number) for number in (67, 69, 70))
    new = house(68, battery=Battery(10_000, 5_000))
    sites = [
        entry(old, api="v4"),
        entry(new, "meter", "v4", streams=NAMED),
        entry(micro),
        entry(meter, "meter"),
    ]
    with place(tmp_path, sites, [old, new, micro, meter], RUN_AT) as here:
        yield here


def run_everything(here: Place, days: Days) -> dict[str, int]:
    """Run what the schedules run; return the hits of each kind."""
    hits: dict[str, int] = {}
    before = here.cloud.hits
    for kind, work in {
        "lists": lambda: here.fetch_systems(),
        "devices": lambda: fetch_devices(here.bench),
        "intervals": lambda: [fetch_intervals(here.bench, s, days) for s in INTERVALS],
        "totals": lambda: here.fetch_totals(),
        "watch": lambda: fetch_events(here.bench),
    }.items():
        work()
        hits[kind] = here.cloud.hits - before
        before = here.cloud.hits
    return hits


def last_week(here: Place) -> Days:
    return trailing_days(here.clock.now().date() - timedelta(days=1))


def test_a_day_costs_what_the_budget_says(here: Place):
    budget = budget_of(here.bench, watched=True)
    by_kind = {
        kind: sum(getattr(site, kind) for site in budget.sites)
        for kind in ("intervals", "totals", "devices", "watch")
    }
    late = sum(site.intervals_at_most for site in budget.sites)
    assert run_everything(here, last_week(here))["intervals"] == late
    here.clock.advance(86_400)
    hits = run_everything(here, last_week(here))
    assert hits == {**by_kind, "lists": budget.lists}
    assert budget.a_day == sum(hits.values())
    assert budget_of(here.bench).a_day == budget.a_day, "events were fetched"


def test_what_nobody_watches_costs_nothing(here: Place):
    assert {site.watch for site in budget_of(here.bench).sites} == {0}


def test_a_backfill_costs_what_the_budget_says(here: Place):
    days = Days(START - timedelta(days=3), date(2024, 6, 10))
    said = backfill_hits(here.bench, days)
    before = here.cloud.hits
    for stream in INTERVALS:
        fetch_intervals(here.bench, stream, days)
    assert here.cloud.hits - before == said


def test_the_longest_backfill_fits_and_a_day_more_does_not(here: Place):
    for hits in (12, 40, 100):
        days = longest_backfill(here.bench, hits)
        assert days is not None
        assert days.last == date(2024, 6, 19)
        longer = Days(days.first - timedelta(days=1), days.last)
        assert backfill_hits(here.bench, days) <= hits < backfill_hits(here.bench, longer)
    assert longest_backfill(here.bench, 3) is None
    everything = longest_backfill(here.bench, 100_000)
    assert everything == Days(START, date(2024, 6, 19))


def test_what_the_vendor_keeps_no_more(here: Place):
    kept = date(2022, 6, 22)
    assert kept_no_more(here.bench, Days(kept, kept)) is None
    before = Days(date(2022, 1, 1), kept - timedelta(days=1))
    assert kept_no_more(here.bench, Days(date(2022, 1, 1), date(2022, 8, 1))) == before


def budget(a_day: int, per_month: int = 1000) -> Budget:
    site = SiteHits("a", "v4", ("x",), a_day, a_day, 0, 0, 0)
    return Budget([site], 0, 10, per_month)


def test_the_plan_carries_so_many_sites():
    assert budget(7).sites_carried == 1000 // 217
    assert budget(7, 50_000).sites_carried == 230
    assert budget(40).sites_carried == 0
    assert (budget(40).spare, budget(7).spare) == (0, 783)
    assert Budget([], 0, 10, 1000).sites_carried is None
    assert replace(budget(7), lists=2).sites_carried == (1000 - 62) // 217


def test_hits_are_spread_over_the_months_that_have_room():
    now = datetime(2024, 11, 21, 12, tzinfo=UTC)
    # November: 1000 - 10 * 25; December and January: 1000 - 31 * 25; February: 1000 - 28 * 25
    plan = budget(25)
    for hits, months, begin in (
        (0, 1, now),
        (750, 1, now),
        (751, 2, datetime(2024, 12, 1, tzinfo=UTC)),
        (975, 2, datetime(2024, 12, 1, tzinfo=UTC)),
        (976, 3, datetime(2025, 1, 1, tzinfo=UTC)),
        (1500, 4, datetime(2025, 2, 1, tzinfo=UTC)),
    ):
        found = duration_of(hits, plan, 1000, now)
        assert found is not None
        assert found.months == months, hits
        assert found.minutes == -(-hits // 10)
        assert begin <= found.done_at <= begin + timedelta(minutes=found.minutes)
    assert duration_of(10, plan, 0, now) == Duration(1, 2, datetime(2024, 12, 1, 0, 1, tzinfo=UTC))


def test_a_plan_without_room_never_ends():
    assert duration_of(1, budget(36), 0, datetime(2024, 11, 1, tzinfo=UTC)) is None
