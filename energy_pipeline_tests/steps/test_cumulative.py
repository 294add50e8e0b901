"""Readings over a store: any order of days, holes, late revisions, starts, what is final."""

from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.steps import blocks
from energy_pipeline.steps.cumulative import compute_cumulative
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.transform.register_chain import broken_registers
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    a_site,
    after,
    clock_of,
    cumulative_upload,
    days_from,
    fetched,
    instant,
    open_bench,
)
from energy_pipeline_tests.transform.tables import row_of_intervals

LATER = instant(after(60))
CONSUMPTION = cumulative_upload("consumption", opening_reading=2.0)
"""Opens at 2 kWh."""


def house(start: date = START) -> list[Site]:
    return [a_site(start=start, uploads=[CONSUMPTION])]


def measured(bench: Workbench, day: date, energy_wh: float) -> None:
    """Fetch and compute a day whose hours have this energy each."""
    fetched(bench, row_of_intervals(instant(day), [energy_wh] * 24, 3_600), Days(day, day))
    compute_hourly(bench, Days(day, day))


def readings(bench: Workbench, days: Days | None = None, stream: str = "consumption") -> pa.Table:
    table = bench.store.read(CUMULATIVE_READINGS, days)
    return table.filter(pc.field("stream") == stream)


def last_wh(bench: Workbench, day: date) -> float:
    return readings(bench, Days(day, day))["reading_wh"][-1].as_py()


def finals(bench: Workbench, day: date) -> int:
    return sum(readings(bench, Days(day, day))["final"].to_pylist())


def broken(bench: Workbench) -> list[dict]:
    hours = bench.store.read(HOURLY_ENERGY)
    return broken_registers(hours, bench.store.read(CUMULATIVE_READINGS)).to_pylist()


def test_the_register_opens_at_the_start_and_counts_every_hour(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(3):
        measured(bench, after(n), 10.0)
    report = compute_cumulative(bench, days_from(0, 2))
    found = readings(bench)
    assert found["reading_wh"].to_pylist() == [2_000.0 + 10.0 * n for n in range(73)]
    assert found["read_at"].to_pylist() == [instant(START) + n * HOUR for n in range(73)]
    assert all(found["final"].to_pylist())
    assert (report.rows, report.readings_final, report.open_from) == (73 + 1, 74, {})
    first_day = readings(bench, days_from(0))["read_at"].to_pylist()
    assert (first_day[0], first_day[-1]) == (instant(START), instant(after(1)))
    assert broken(bench) == []


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.floats(-50, 90), min_size=24, max_size=24)),
        min_size=5,
        max_size=5,
    ),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_the_order_of_days_does_not_show(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[list[float] | None],
    random: Random,
    days_per_block: int,
) -> None:
    """Hours and readings day by day in any order, against all hours first, then all readings."""
    now = instant(after(10), 5)
    at_once, by_day = (
        open_bench(tmp_path_factory.mktemp(name), house(), now) for name in ("once", "days")
    )
    held = {after(n): hours for n, hours in enumerate(drawn) if hours is not None}
    for bench in (at_once, by_day):
        for day in random.sample(list(held), len(held)):
            hours = row_of_intervals(instant(day), held[day], 3_600)
            fetched(bench, hours, Days(day, day))
            compute_hourly(bench, Days(day, day))
            if bench is by_day:
                compute_cumulative(bench, Days(day, day))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "SITE_DAYS_PER_BLOCK", days_per_block)
        for day in held:
            compute_cumulative(at_once, Days(day, day))
    assert readings(by_day) == readings(at_once)
    assert broken(by_day) == []


def test_a_late_revision_moves_every_later_reading_at_once(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(5):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 4))
    measured(bench, after(1), 20.0)
    report = compute_cumulative(bench, days_from(1))
    assert report.refreshed == (after(2), after(3), after(4))
    assert [last_wh(bench, after(n)) for n in range(5)] == [2_240, 2_720, 2_960, 3_200, 3_440]
    assert broken(bench) == []
    assert compute_cumulative(bench, days_from(4)).refreshed == ()


def test_a_revision_is_healed_by_a_run_over_later_days(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(3):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 2))
    measured(bench, after(0), 5.0)
    assert compute_cumulative(bench, days_from(2)).refreshed == (START, after(1))
    assert broken(bench) == []


def test_a_new_opening_reading_moves_what_is_held(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(2):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 1))
    other = cumulative_upload("consumption", opening_reading=3_000.0, unit="Wh")
    bench = open_bench(tmp_path, [a_site(uploads=[other])], LATER)
    assert compute_cumulative(bench, days_from(1)).refreshed == (START,)
    assert readings(bench)["reading_wh"].to_pylist() == [3_000.0 + 10.0 * n for n in range(49)]


def test_days_that_are_not_held_are_not_written_by_the_way(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(4):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(2))
    assert bench.store.held_days(CUMULATIVE_READINGS) == [after(2)]
    assert last_wh(bench, after(2)) == 2_000.0 + 720.0


@pytest.mark.parametrize("first", [-2, 0, 2])
def test_a_start_before_inside_or_after_the_range(tmp_path: Path, first: int) -> None:
    bench = open_bench(tmp_path, house(after(0)), LATER)
    for n in range(4):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(first, first + 1))
    at = readings(bench)["read_at"].to_pylist()
    if first < 0:
        assert at == []
    elif first == 0:
        assert at[0] == instant(START)
    else:
        assert at[0] == instant(after(2)) + HOUR
    values = readings(bench)["reading_wh"].to_pylist()
    assert (
        values
        == [2_000.0 + 240.0 * first + 10.0 * n for n in range(0 if first == 0 else 1, 49)][
            : len(at)
        ]
    )


def test_hours_before_the_start_do_not_count(tmp_path: Path) -> None:
    """A start that was moved; another site's has not."""
    bench = open_bench(tmp_path, house(), LATER)
    for n in range(3):
        measured(bench, after(n), 10.0)
    bench = open_bench(tmp_path, [*house(after(1)), a_site("b")], LATER)
    compute_cumulative(bench, days_from(0, 2))
    assert readings(bench)["reading_wh"].to_pylist() == [2_000.0 + 10.0 * n for n in range(49)]


def test_a_hole_keeps_readings_open_until_it_is_given_up(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), instant(after(3), 5))
    for n in (0, 2):
        measured(bench, after(n), 10.0)
    compute_hourly(bench, days_from(1))
    report = compute_cumulative(bench, days_from(0, 2))
    assert [finals(bench, after(n)) for n in (0, 2)] == [25, 0]
    assert report.open_from["a", "consumption"] == instant(after(1))
    clock_of(bench).set(instant(after(2 + 7)) - HOUR / 60)
    assert compute_cumulative(bench, days_from(2)).open_from["a", "consumption"] == (
        instant(after(1), 23)
    )
    clock_of(bench).set(instant(after(2 + 7)))
    compute_cumulative(bench, days_from(2))
    assert finals(bench, after(2)) == 24
    assert last_wh(bench, after(2)) == 2_000.0 + 480.0
    measured(bench, after(1), 1.0)
    compute_cumulative(bench, days_from(1))
    assert last_wh(bench, after(2)) == 2_000.0 + 504.0
    assert broken(bench) == []


def test_days_that_nobody_computed_are_never_given_up(tmp_path: Path) -> None:
    """A year after the start somebody begins with last week: the register lacks a year."""
    bench = open_bench(tmp_path, house(), instant(after(400)))
    for n in (0, 2, 398):
        measured(bench, after(n), 10.0)
    report = compute_cumulative(bench, days_from(398))
    compute_cumulative(bench, days_from(0, 2))
    assert report.open_from["a", "consumption"] == instant(after(1))
    assert [finals(bench, after(n)) for n in (0, 2, 398)] == [25, 0, 0]

    measured(bench, after(1), 1.0)
    assert compute_cumulative(bench, days_from(1)).refreshed == (after(2), after(398))
    assert [finals(bench, after(n)) for n in (0, 1, 2, 398)] == [25, 24, 24, 0]
    compute_hourly(bench, days_from(3, 397))
    clock_of(bench).set(instant(after(410)))
    assert ("a", "consumption") not in compute_cumulative(bench, days_from(3)).open_from
    assert finals(bench, after(398)) == 24
    assert last_wh(bench, after(398)) == 2_000.0 + 3 * 240.0 + 24.0


def test_an_upload_that_is_new_needs_its_own_hours(tmp_path: Path) -> None:
    """A day on which only another stream was looked for is a hole of the new register."""
    bench = open_bench(tmp_path, [a_site()], LATER)
    compute_hourly(bench, days_from(1))
    bench.state.close()
    bench = open_bench(tmp_path, house(), LATER)
    for n in (0, 2):
        measured(bench, after(n), 10.0)
    report = compute_cumulative(bench, days_from(0, 2))
    assert report.open_from["a", "consumption"] == instant(after(1))
    assert finals(bench, after(2)) == 0
    compute_hourly(bench, days_from(1))
    compute_cumulative(bench, days_from(0, 2))
    assert finals(bench, after(2)) == 24


def test_a_held_day_after_a_hole_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    for n in (0, 2, 3):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 3))
    held = bench.store.coverage(CUMULATIVE_READINGS, days_from(2))[after(2)]
    read: list[Days] = []
    kept = ParquetStore.read

    def noted(store: ParquetStore, dataset: Dataset, days: Days, *how: Any) -> pa.Table:
        read.append(days)
        return kept(store, dataset, days, *how)

    monkeypatch.setattr(ParquetStore, "read", noted)
    clock_of(bench).advance(60)
    compute_cumulative(bench, days_from(3))
    assert read == [days_from(3)]
    assert bench.store.coverage(CUMULATIVE_READINGS, days_from(2))[after(2)] == held
    assert held["a", "consumption"].final_s == 0


def test_days_of_a_site_without_an_upload_need_some_hours_of_the_site(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    for n in (0, 1, 3):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 3))
    assert [finals(bench, after(n)) for n in (0, 1, 3)] == [25, 24, 0]
    compute_hourly(bench, days_from(2))  # of production, which is always looked for
    compute_cumulative(bench, days_from(0, 3))
    assert finals(bench, after(3)) == 24


def test_a_filled_hole_makes_later_days_final(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), instant(after(3), 2))
    for n in (0, 2):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 2))
    assert finals(bench, after(2)) == 0
    measured(bench, after(1), 0.0)
    report = compute_cumulative(bench, days_from(1))
    assert report.refreshed == (after(2),)
    assert finals(bench, after(2)) == 24


def test_a_hole_in_a_day_ends_what_is_final_in_that_day(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), instant(after(2), 6))
    known = [each for each in row_of_intervals(instant(START), [1.0] * 48, 3_600)]
    fetched(bench, known[:7] + known[8:], days_from(0, 1))
    compute_hourly(bench, days_from(0, 1))
    compute_cumulative(bench, days_from(0, 1))
    assert [finals(bench, after(n)) for n in (0, 1)] == [8, 0]
    assert readings(bench).num_rows == 1 + 47


def test_a_series_without_an_upload_begins_with_its_first_hours(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], LATER)
    for n in range(2):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 1))
    assert readings(bench)["reading_wh"].to_pylist() == [10.0 * n for n in range(49)]


def test_days_before_the_first_hours_of_a_series_are_a_hole(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site()], instant(after(3), 5))
    for n in (1, 2):
        measured(bench, after(n), 10.0)
    report = compute_cumulative(bench, days_from(0, 2))
    assert report.open_from["a", "consumption"] == instant(START)
    assert [finals(bench, after(n)) for n in (1, 2)] == [0, 0]


def test_an_upload_without_any_hours_has_its_opening_reading(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), LATER)
    compute_cumulative(bench, days_from(0, 1))
    assert readings(bench).to_pylist() == [
        {
            "site": "a",
            "stream": "consumption",
            "read_at": instant(START),
            "reading_wh": 2_000.0,
            "final": True,
        }
    ]


def test_sites_do_not_touch_each_other(tmp_path: Path) -> None:
    other = a_site("b", start=after(1), uploads=[cumulative_upload("consumption", meter_id=9)])
    bench = open_bench(tmp_path, [*house(), other], LATER)
    for n in range(3):
        measured(bench, after(n), 10.0)
        hours = row_of_intervals(instant(after(n)), [1.0] * 24, 3_600, "b")
        fetched(bench, hours, days_from(n), sites=["b"])
        compute_hourly(bench, days_from(n))
    compute_cumulative(bench, days_from(0, 2))
    both = readings(bench)
    of_b = both.filter(pc.field("site") == "b")
    assert of_b["reading_wh"].to_pylist() == [float(n) for n in range(49)]
    assert both.num_rows == 49 + 73
    compute_cumulative(open_bench(tmp_path, [other], LATER), days_from(0, 2))
    assert readings(bench) == both


def test_nothing_is_written_again_when_nothing_has_changed(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), instant(after(3), 5))
    for n in range(3):
        measured(bench, after(n), 10.0)
    compute_cumulative(bench, days_from(0, 2))
    files = sorted((tmp_path / "data" / "cumulative_readings").rglob("*.parquet"))
    before = [file.stat().st_mtime_ns for file in files]
    clock_of(bench).advance(60)
    compute_cumulative(bench, days_from(0, 2))
    assert [file.stat().st_mtime_ns for file in files] == before
    assert len(files) == 3


def test_time_makes_readings_final(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, house(), instant(START, 12))
    measured(bench, START, 10.0)
    compute_cumulative(bench, days_from(0))
    assert finals(bench, START) == 1 + 10
    clock_of(bench).set(instant(after(1), 2))
    compute_hourly(bench, days_from(0))
    compute_cumulative(bench, days_from(0))
    assert finals(bench, START) == 1 + 24


def test_progress_ends_with_all_that_there_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    bench = open_bench(
        tmp_path,
        house(),
        LATER,
        progress=lambda _what, done, total: told.append((done, total)),
    )
    compute_cumulative(bench, days_from(110))
    assert told == [(100, 111), (111, 111)]
