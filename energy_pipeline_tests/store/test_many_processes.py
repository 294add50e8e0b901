"""Writers that meet, readers that look on, and writers that are killed."""

import contextlib
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store import writers
from energy_pipeline_tests.store.conftest import store_at
from energy_pipeline_tests.store.tables import DAY
from energy_pipeline_tests.store.writers import SITES, THREE_DAYS, version_of

ONE_DAY = Days(DAY, DAY)
ROUNDS = 12


def energy_wh(store: ParquetStore) -> list[float]:
    return store.read(HOURLY_ENERGY, ONE_DAY)["energy_wh"].to_pylist()


def test_writers_of_different_sites_of_one_day_lose_nothing(root: Path):
    context = writers.processes()
    shares = (SITES[0:4], SITES[4:8], SITES[8:12])
    start = context.Barrier(len(shares))
    crew = [
        context.Process(target=writers.write_sites, args=(root, share, seed, ROUNDS, start))
        for seed, share in enumerate(shares)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    assert [process.exitcode for process in crew] == [0] * len(crew)

    store = store_at(root)
    for day in THREE_DAYS:
        found = store.read(HOURLY_ENERGY, Days(day, day))
        assert found["energy_wh"].to_pylist() == [ROUNDS] * 24 * 12
        coverage = store.coverage(HOURLY_ENERGY, Days(day, day))[day]
        assert [site for site, _ in coverage] == SITES[:12]
        assert {entry.energy_wh for entry in coverage.values()} == {24 * ROUNDS}
    assert list((root / ".writing").iterdir()) == []


def test_appends_of_two_processes_to_one_site_and_day_lose_and_double_nothing(root: Path):
    context = writers.processes()
    start = context.Barrier(2)
    crew = [
        context.Process(target=writers.append_hours, args=(root, first, start)) for first in (0, 1)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    assert [process.exitcode for process in crew] == [0, 0]

    assert energy_wh(store_at(root)) == [float(hour) for hour in range(24)]


@pytest.fixture
def busy(root: Path) -> Iterator[Callable[[], int]]:
    """A process that replaces the day's partition without end; tells how often it has."""
    context = writers.processes()
    written = context.Value("i", 0)
    process = context.Process(target=writers.write_versions_for_ever, args=(root, written))
    process.start()
    try:
        while written.value == 0:
            process.join(0.01)
            assert process.is_alive()
        yield lambda: written.value
    finally:
        process.kill()
        process.join()


def look(read: Callable[[], list[float]], busy: Callable[[], int]) -> set[int]:
    """Read again and again until a hundred versions have come and gone; what was seen."""
    seen: set[int] = set()
    first = busy()
    while busy() < first + 100 or len(seen) < 5:
        seen.add(version_of(read()))
    return seen


@pytest.mark.parametrize("tool", ["store", "pandas", "pyarrow"])
def test_a_reader_sees_one_whole_version(root: Path, busy: Callable[[], int], tool: str):
    folder = root / "hourly_energy"
    reads: dict[str, Callable[[], list[float]]] = {
        "store": lambda: energy_wh(store_at(root)),
        "pandas": lambda: pd.read_parquet(folder)["energy_wh"].tolist(),
        "pyarrow": lambda: pq.read_table(folder)["energy_wh"].to_pylist(),
    }
    assert len(look(reads[tool], busy)) >= 5


@pytest.mark.parametrize("tool", ["duckdb", "polars"])
def test_tools_that_open_a_file_twice_fail_rather_than_mix(
    root: Path, busy: Callable[[], int], tool: str
):
    folder = root / "hourly_energy"
    reads: dict[str, Callable[[], list[float]]] = {
        "duckdb": lambda: [
            value
            for (value,) in duckdb.connect()
            .sql(f"SELECT energy_wh FROM '{folder}/*/*.parquet'")
            .fetchall()
        ],
        "polars": lambda: pl.read_parquet(folder)["energy_wh"].to_list(),
    }

    def read_again_after_an_error() -> list[float]:
        while True:
            with contextlib.suppress(duckdb.Error, pl.exceptions.PolarsError):
                return reads[tool]()

    assert len(look(read_again_after_an_error, busy)) >= 5


def test_coverage_and_rows_of_one_file_are_of_one_version(root: Path, busy: Callable[[], int]):
    store, seen = store_at(root), set[float]()
    first = busy()
    while busy() < first + 100 or len(seen) < 5:
        entries = store.coverage(HOURLY_ENERGY, ONE_DAY)[DAY].values()
        assert len(entries) == len(SITES)
        energies = {entry.energy_wh for entry in entries if entry.rows}
        assert len(energies) == 1
        assert sum(entry.rows for entry in entries) == 24 * (1 + energies.pop() / 24 % len(SITES))
        seen.add(sum(entry.energy_wh for entry in entries))


def assert_usable_after_a_kill(root: Path, allowed: set[int], next_version: int) -> None:
    store = store_at(root)
    found = energy_wh(store)
    if found:
        assert version_of(found) in allowed
        assert version_of(pd.read_parquet(root / "hourly_energy")["energy_wh"].tolist()) in allowed
    else:
        assert allowed == {1}  # killed in the very first write
        assert store.held_days(HOURLY_ENERGY) == []
    table, entries = writers.version(next_version)
    store.replace(HOURLY_ENERGY, DAY, table, entries)
    assert version_of(energy_wh(store)) == next_version
    assert list((root / ".writing").iterdir()) == []


@pytest.mark.parametrize("held", [False, True], ids=["first write", "later write"])
def test_a_writer_killed_at_any_step_leaves_a_usable_store(root: Path, held: bool):
    context = writers.processes()
    exits: list[int | None] = []
    left_behind = 0
    for step in range(8):
        place = root / str(step)
        if held:
            writers.write_version_and_die(place, 0, -1)
        process = context.Process(target=writers.write_version_and_die, args=(place, 1, step))
        process.start()
        process.join()
        exits.append(process.exitcode)
        left_behind += len(list((place / ".writing").glob("*")))
        assert_usable_after_a_kill(place, {0, 1} if held else {1}, next_version=2)
    assert exits == [-signal.SIGKILL] * 7 + [0]
    assert left_behind == 3  # half written, written, about to be renamed


def test_a_writer_killed_at_any_moment_leaves_a_usable_store(root: Path):
    context, moments = writers.processes(), random.Random(20240331)
    for turn in range(20):
        written = context.Value("i", 0)
        process = context.Process(target=writers.write_versions_for_ever, args=(root, written))
        process.start()
        while written.value == 0:
            process.join(0.001)
        process.join(moments.uniform(0, 0.02))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert_usable_after_a_kill(root, set(range(80)), next_version=turn)
