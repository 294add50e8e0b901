"""Rows that are added to a day: nothing that is held changes, nothing is there twice."""

from pathlib import Path

import pyarrow as pa
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.tables import DAY, NEXT_DAY, hours, known


def held(store: ParquetStore) -> list[tuple[str, int, float]]:
    rows = store.read(HOURLY_ENERGY, Days(DAY, DAY)).to_pylist()
    return [(row["site"], row["hour"].hour, row["energy_wh"]) for row in rows]


def entry(store: ParquetStore, site: str = "a") -> Coverage:
    return store.coverage(HOURLY_ENERGY, Days(DAY, DAY))[DAY][site, "production"]


def test_rows_join_what_is_held_in_order(store: ParquetStore):
    store.append(HOURLY_ENERGY, DAY, hours("b", [5], first_hour=7), [known("b")])
    store.append(HOURLY_ENERGY, DAY, hours("a", [2], first_hour=9), [known("a")])
    store.append(HOURLY_ENERGY, DAY, hours("a", [1], first_hour=8), [known("a", detail="new")])

    assert held(store) == [("a", 8, 1), ("a", 9, 2), ("b", 7, 5)]
    assert (entry(store).rows, entry(store).detail) == (2, "new")
    assert entry(store, "b").rows == 1


def test_a_row_that_is_held_is_left_out_and_not_changed(store: ParquetStore):
    store.append(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a")])
    added = store.append(HOURLY_ENERGY, DAY, hours("a", [7, 8], first_hour=1), [known("a")])

    assert added == 1
    assert held(store) == [("a", 0, 1), ("a", 1, 2), ("a", 2, 8)]


def test_an_append_of_what_is_held_leaves_the_file_alone(store: ParquetStore, root: Path):
    assert store.append(HOURLY_ENERGY, DAY, hours("a", []), []) == 0
    assert store.held_days(HOURLY_ENERGY) == []
    assert store.append(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a")]) == 2
    [file] = root.rglob("part.parquet")
    before = file.stat()

    assert store.append(HOURLY_ENERGY, DAY, hours("a", [9]), [known("a", detail="new")]) == 0
    assert (file.stat().st_ino, entry(store).detail) == (before.st_ino, "")


def test_what_is_noted_of_a_day_changes_no_row(store: ParquetStore):
    store.append(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a")])
    store.note(HOURLY_ENERGY, DAY, [known("a", detail="new"), known("b", detail="none")])

    assert held(store) == [("a", 0, 1), ("a", 1, 2)]
    assert (entry(store).rows, entry(store).detail) == (2, "new")
    assert (entry(store, "b").rows, entry(store, "b").detail) == (0, "none")


@pytest.mark.parametrize(
    ("table", "entries", "said"),
    [
        (hours("a", [1]), [], "rows without coverage"),
        (hours("a", [1], day=NEXT_DAY), [known("a")], "1 rows do not belong to 2024-03-31"),
        (pa.concat_tables([hours("a", [1]), hours("a", [2])]), [known("a")], "the same keys"),
    ],
)
def test_what_does_not_belong_is_refused(
    store: ParquetStore, table: pa.Table, entries: list[Coverage], said: str
):
    with pytest.raises(StoreError, match=said):
        store.append(HOURLY_ENERGY, DAY, table, entries)
    assert store.held_days(HOURLY_ENERGY) == []
