"""The Parquet store: rows in and out by dataset, UTC day and site, safe among many processes.

Writers of one partition wait for each other; readers wait for nobody. Datasets without days are in
`snapshots.py`. How a file is encoded and replaced is in `files.py`, where it lies in `layout.py`,
what is known of a site-day in `coverage.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

import pyarrow as pa
from pyarrow import fs

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.errors import StoreError
from energy_pipeline.store import rows
from energy_pipeline.store.coverage import Coverage, Key, by_key
from energy_pipeline.store.entries import counted, unchanged_keys
from energy_pipeline.store.files import DatasetFile, paths_in
from energy_pipeline.store.layout import (
    file_day,
    open_root,
    partition_file,
)
from energy_pipeline.store.snapshots import NamedLocks, SnapshotStore

_Found = TypeVar("_Found")

# Reading a partition is mostly waiting for its storage; enough to keep an object store busy.
_READERS = 16


class ParquetStore(SnapshotStore):
    """Datasets as Parquet files under one root.

    Args:
        place: a local path or a URI (`s3://`, `gs://`, `abfs://`), or a file system whose root is
            the store's.
        locks: exclusion of other writers of the same store.

    Raises:
        StoreError: the URI names no kind of file system that is served.
    """

    def __init__(self, place: str | fs.FileSystem, locks: NamedLocks) -> None:
        super().__init__(open_root(place) if isinstance(place, str) else place, locks)

    def replace(
        self, dataset: Dataset, day: date, table: pa.Table, coverage: Sequence[Coverage]
    ) -> None:
        """Replace, in the partition of a UTC day, the rows of every key that `coverage` names.

        Rows and coverage of other sites and streams stay. Readers see all of it or nothing. A
        replace that changes nothing (but `written_at`) leaves the file as it is.

        Args:
            dataset: a partitioned dataset.
            day: the UTC day.
            table: the new rows of the named keys, any order; a named key without rows has none.
            coverage: one entry per site, and stream where the dataset has one.

        Raises:
            StoreError: a row has no entry, belongs to another day or does not fit the dataset; the
                present file is damaged; the storage fails.
        """
        file = self._partition(dataset, day)
        new = rows.fit(table, dataset)
        rows.refuse_other_days(new, dataset, day)
        parts = rows.by_key(new, dataset)
        entries = counted(by_key(coverage), parts, dataset)
        with self._locks.hold(f"store/{dataset.name}/{day}"):
            old, known = file.content() or (dataset.empty(), {})
            unchanged = unchanged_keys(entries, parts, known, rows.by_key(old, dataset))
            if unchanged == entries.keys():
                file.remove_leftovers()
                return
            entries = known | {k: e for k, e in entries.items() if k not in unchanged}
            kept = rows.without_keys(old, dataset, [entry.key for entry in coverage])
            both = pa.concat_tables([kept, new])
            whole = rows.in_order(both, dataset) if kept.num_rows else new
            file.replace(whole, dict(sorted(entries.items())))

    def append(
        self, dataset: Dataset, day: date, table: pa.Table, coverage: Sequence[Coverage]
    ) -> int:
        """Add rows to the partition of a UTC day and return how many; what is held stays.

        A row of which the keys are held already is left out. When that leaves none, the file and
        its coverage stay as they are.

        Args:
            dataset: a partitioned dataset.
            day: the UTC day.
            table: the rows, any order.
            coverage: one entry per site, and stream where the dataset has one, that has rows.

        Raises:
            StoreError: as `replace` says.
        """
        file = self._partition(dataset, day)
        new = rows.fit(table, dataset)
        rows.refuse_other_days(new, dataset, day)
        with self._locks.hold(f"store/{dataset.name}/{day}"):
            old, known = file.content() or (dataset.empty(), {})
            whole = rows.without_twins(pa.concat_tables([old, new]), dataset)
            added = whole.num_rows - old.num_rows
            if added:
                parts = rows.by_key(whole, dataset)
                entries = counted(known | by_key(coverage), parts, dataset)
                file.replace(whole, dict(sorted(entries.items())))
            else:
                file.remove_leftovers()
        return added

    def note(self, dataset: Dataset, day: date, coverage: Sequence[Coverage]) -> None:
        """Keep what is known of sites and streams in a UTC day; the rows stay as they are.

        Args:
            dataset: a partitioned dataset.
            day: the UTC day.
            coverage: one entry per site, and stream where the dataset has one, with rows or none.

        Raises:
            StoreError: as `replace` says.
        """
        file = self._partition(dataset, day)
        with self._locks.hold(f"store/{dataset.name}/{day}"):
            held, known = file.content() or (dataset.empty(), {})
            parts = rows.by_key(held, dataset)
            entries = counted(known | by_key(coverage), parts, dataset)
            file.replace(held, dict(sorted(entries.items())))

    def read(
        self,
        dataset: Dataset,
        days: Days | None = None,
        sites: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return rows of a partitioned dataset, sorted by its keys; no rows where nothing is held.

        Args:
            dataset: a partitioned dataset.
            days: UTC days; None: all that are held.
            sites: site ids; None: all.
            columns: columns, in this order; None: all. Only what is needed is read.

        Raises:
            StoreError: a file is damaged or not the store's.
        """
        wanted = list(dataset.schema.names if columns is None else columns)
        needed = list(dict.fromkeys([*wanted, *dataset.sort_keys]))
        held = self.held_days(dataset) if days is None else days
        found = _gather(lambda day: self._partition(dataset, day).rows(sites, needed), held)
        empty = dataset.empty().select(needed)
        # No name may hold the unsorted rows while they are sorted, see `in_order`.
        return rows.in_order(_joined(found, empty), dataset).select(wanted)

    def coverage(
        self, dataset: Dataset, days: Days, sites: Sequence[str] | None = None
    ) -> dict[date, dict[Key, Coverage]]:
        """Return what is known of each day of `days` by site and stream, from the footers only.

        Every day of `days` is there, in order; one of which nothing is held has no entries. The
        stream is empty in datasets that have none.

        Raises:
            StoreError: a file is damaged or not the store's.
        """
        wanted = None if sites is None else frozenset(sites)
        found = _gather(lambda day: self._partition(dataset, day).coverage(wanted), days)
        return dict(zip(days, found, strict=True))

    def held_days(self, dataset: Dataset) -> list[date]:
        """Return the UTC days of which there is a partition, in order."""
        found = (file_day(dataset, path) for path in paths_in(self._files, dataset.name))
        return sorted(day for day in found if day is not None)

    def _partition(self, dataset: Dataset, day: date) -> DatasetFile:
        if not dataset.partitioned:
            raise StoreError(f"{dataset.name} has no days; it is read and written as a snapshot")
        return DatasetFile(self._files, partition_file(dataset, day), dataset)


def _joined(parts: list[pa.Table], empty: pa.Table) -> pa.Table:
    """Return all rows as one table, and let the parts go."""
    whole = pa.concat_tables([empty, *parts])
    parts.clear()
    return whole


def _gather(work: Callable[[date], _Found], days: Iterable[date]) -> list[_Found]:
    wanted = list(days)
    if len(wanted) <= 1:
        return [work(day) for day in wanted]
    with ThreadPoolExecutor(min(_READERS, len(wanted))) as pool:
        return list(pool.map(work, wanted))
