"""Hours over a store: any order of days, neighbours, coverage, what is accounted for."""

from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Upload
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION, HOURLY_ENERGY
from energy_pipeline.steps import blocks
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    a_site,
    after,
    clock_of,
    days_from,
    fetched,
    instant,
    open_bench,
    totals_fetched,
)
from energy_pipeline_tests.transform.tables import Interval, row_of_intervals, totals_table

LATER = instant(after(30))
WHOLE = days_from(0, 4)


def stored(bench: Workbench, days: Days = WHOLE) -> pa.Table:
    return bench.store.read(HOURLY_ENERGY, days)


def known(bench: Workbench, day: date) -> dict[tuple[str, str], tuple[int, int, float, float]]:
    entries = bench.store.coverage(HOURLY_ENERGY, Days(day, day))[day]
    return {
        key: (entry.rows, entry.final_s, entry.energy_wh, entry.peak_wh)
        for key, entry in entries.items()
    }


def test_a_day_is_stored_with_what_is_known_of_it(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    quarters = [-8.0, 20.0, 0.0, 0.0] + [-30.0, 0.0, 0.0, 0.0] + [1.0] * 82
    fetched(bench, row_of_intervals(instant(START), quarters), days_from(0))
    report = compute_hourly(bench, days_from(0))
    rows = stored(bench).to_pylist()
    assert [row["energy_wh"] for row in rows] == [12.0, -30.0, *[4.0] * 20, 2.0]
    assert {(row["stream"], row["source"]) for row in rows} == {("consumption", "enlighten")}
    assert [row["final"] for row in rows] == [True] * 22 + [False]
    assert known(bench, START) == {
        ("a", "consumption"): (23, 22 * 3_600, 64.0, 64.0),
        ("a", "production"): (0, 0, 0.0, 0.0),
    }
    assert (report.rows, report.energy_wh) == (23, {"consumption": 64.0, "production": 0.0})
    assert (report.hours_final, report.hours_open) == (22, 26)
    assert report.complete == ()
    assert report.incomplete == {
        "a": "consumption: 2 of 24 hours are not final; production: 24 of 24 hours are not final"
    }


def test_only_streams_of_which_something_is_known_or_wanted_are_accounted_for(
    tmp_path: Path,
) -> None:
    wanted = Upload(stream="consumption", meter_id=4, reading="consumption", unit="kWh")
    sites = [
        a_site("a", uploads=[wanted]),
        a_site("b"),
        a_site("c", streams={"production": "envoy"}),
        a_site("d", start=after(1)),
    ]
    bench = open_bench(tmp_path, sites, LATER)
    fetched(bench, [Interval(instant(START, 5), 3.0, site="c")], days_from(0), sites="abc")
    report = compute_hourly(bench, days_from(0))
    assert known(bench, START).keys() == {
        ("a", "consumption"),
        ("a", "production"),
        ("b", "production"),
        ("c", "consumption"),
    }
    assert report.incomplete.keys() == {"a", "b", "c"}


def test_complete_sites_are_named(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site("a"), a_site("b")], LATER)
    for site in "ab":
        whole = row_of_intervals(instant(START), [5.0] * (96 if site == "a" else 95), site=site)
        fetched(bench, whole, days_from(0), dataset=ENLIGHTEN_PRODUCTION, sites=[site])
    report = compute_hourly(bench, days_from(0))
    assert report.complete == ("a",)
    assert report.incomplete == {"b": "production: 1 of 24 hours are not final"}


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_days_does_not_show(
    tmp_path_factory: pytest.TempPathFactory, random: Random, days_per_block: int
) -> None:
    """Fetched and computed day by day in any order, in a zone that straddles UTC days."""
    sites = [a_site(timezone="America/Denver", production="micro", start=after(-3))]
    made = [
        each
        for n in range(-1, 6)
        for each in row_of_intervals(instant(after(n), 11.25), [7.0 + n] * 190, 300)
    ]
    straddling = row_of_intervals(instant(after(-3), 0.7), [9.0] * 90, 7_000)
    totals = totals_table({after(n): 190 * (7.0 + n) for n in range(-1, 6)})
    results = []
    for folder in (tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("days")):
        bench = open_bench(folder, sites, LATER)
        totals_fetched(bench, totals)
        results.append(bench)
    at_once, by_day = results
    fetched(at_once, made, days_from(-1, 6), dataset=ENLIGHTEN_PRODUCTION)
    fetched(at_once, straddling, days_from(-3, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "SITE_DAYS_PER_BLOCK", days_per_block)
        compute_hourly(at_once, WHOLE)
    order = list(days_from(-3, 6))
    random.shuffle(order)
    for day in order:
        alone = Days(day, day)
        fetched(by_day, [e for e in made if in_day(e, day)], alone, dataset=ENLIGHTEN_PRODUCTION)
        fetched(by_day, [e for e in straddling if in_day(e, day)], alone)
        compute_hourly(by_day, alone)
    assert stored(by_day) == stored(at_once)
    production = stored(at_once).filter(pa.compute.field("stream") == "production")
    assert production.num_rows == 5 * 24
    assert all(production["final"].to_pylist())
    held = {day: known(by_day, day) for day in WHOLE}
    assert held == {day: known(at_once, day) for day in WHOLE}


def in_day(each: Interval, day: date) -> bool:
    return each.start_at.date() == day


def test_neighbours_are_refreshed_only_where_they_are_held(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    halves = row_of_intervals(instant(after(0), 0.5), [10.0] * 100, 3_600)
    fetched(bench, halves, days_from(0, 4))
    compute_hourly(bench, days_from(2))
    assert bench.store.held_days(HOURLY_ENERGY) == [after(2)]
    revised = [Interval(each.end_at, 30.0, 3_600) for each in halves]
    fetched(bench, revised, days_from(1))
    fetched(bench, revised, days_from(3))
    assert compute_hourly(bench, days_from(3)).refreshed == (after(2),)
    assert bench.store.held_days(HOURLY_ENERGY) == [after(2), after(3)]
    assert stored(bench, days_from(2))["energy_wh"][0].as_py() == 15.0 + 5.0
    assert compute_hourly(bench, days_from(1)).refreshed == ()


def test_hours_that_are_no_longer_known_are_removed(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    fetched(bench, row_of_intervals(instant(START), [1.0] * 96), days_from(0))
    compute_hourly(bench, days_from(0))
    fetched(bench, [], days_from(0))
    compute_hourly(bench, days_from(0))
    assert stored(bench).num_rows == 0
    assert known(bench, START)["a", "consumption"] == (0, 0, 0.0, 0.0)


def test_nothing_is_written_again_when_nothing_has_changed(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    fetched(bench, row_of_intervals(instant(START), [1.0] * 500), days_from(0, 5))
    compute_hourly(bench, WHOLE)
    files = sorted((tmp_path / "data" / "hourly_energy").rglob("*.parquet"))
    before = [file.stat().st_mtime_ns for file in files]
    clock_of(bench).advance(60)
    report = compute_hourly(bench, WHOLE)
    assert [file.stat().st_mtime_ns for file in files] == before
    assert len(files) == 5
    assert report.refreshed == ()


def test_hours_become_final_as_time_goes_by(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], instant(START, 12))
    late = row_of_intervals(instant(START), [1.0] * 96)
    late[40] = Interval(late[40].end_at, 1.0, devices=(1, 2))
    fetched(bench, late, days_from(0))
    finals = []
    for hour in (12.0, 26.0, 24 * 3 + 11):
        clock_of(bench).set(instant(START, hour))
        compute_hourly(bench, days_from(0))
        finals.append(sum(stored(bench)["final"].to_pylist()))
    assert finals == [10, 23, 24]


def test_one_sites_run_leaves_the_other_sites_alone(tmp_path: Path) -> None:
    both = [a_site("a"), a_site("b")]
    bench = open_bench(tmp_path, both, LATER)
    for site in "ab":
        quarters = row_of_intervals(instant(START), [5.0] * 96, site=site)
        fetched(bench, quarters, days_from(0), sites=[site])
    compute_hourly(bench, days_from(0))
    fetched(bench, row_of_intervals(instant(START), [6.0] * 96), days_from(0))
    compute_hourly(open_bench(tmp_path, both[:1], LATER), days_from(0))
    sums = stored(bench).group_by("site").aggregate([("energy_wh", "sum")]).to_pydict()
    assert dict(zip(sums["site"], sums["energy_wh_sum"], strict=True)) == {"a": 576.0, "b": 480.0}


def test_progress_ends_with_all_that_there_is(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    bench = open_bench(tmp_path, [a_site()], LATER, progress=lambda *each: told.append(each))
    compute_hourly(bench, days_from(0, 250))
    assert [done for _, done, _ in told] == [100, 200, 253]
    assert {(what, total) for what, _, total in told} == {("site-days of hours", 253)}


@pytest.mark.parametrize(("production", "hours"), [("micro", 24), ("meter", 5)])
def test_a_total_that_comes_later_proves_the_night_of_micros(
    tmp_path: Path, production: str, hours: int
) -> None:
    bench = open_bench(tmp_path, [a_site(production=production)], LATER)
    light = row_of_intervals(instant(START, 9), [2.0] * 60, 300)
    fetched(bench, light, days_from(0), dataset=ENLIGHTEN_PRODUCTION)
    compute_hourly(bench, days_from(0))
    assert stored(bench).num_rows == 5
    totals_fetched(bench, totals_table({START: 120.0}))
    compute_hourly(bench, days_from(0))
    assert stored(bench)["covered_s"].to_pylist() == [3_600] * hours
