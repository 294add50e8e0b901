"""Datasets that have no days: one file each, written as a whole or for some sites.

Beside it lie files that are no tables. Datasets by UTC day are in `parquet.py`, which opens both;
one file is in `files.py`.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import pyarrow as pa
from pyarrow import fs

from energy_pipeline.dataset import Dataset
from energy_pipeline.errors import StoreError
from energy_pipeline.store import rows
from energy_pipeline.store.coverage import Coverage, Key, by_key
from energy_pipeline.store.files import DatasetFile, replace_file
from energy_pipeline.store.layout import shown, snapshot_file


class NamedLocks(Protocol):
    """Exclusive names over threads and processes."""

    def hold(self, name: str, timeout_s: float | None = None) -> AbstractContextManager[None]:
        """Hold `name` inside the `with` block."""
        ...


class SnapshotStore:
    """Datasets without days under one root.

    Args:
        files: a file system whose root is the store's.
        locks: exclusion of other writers of the same store.
    """

    def __init__(self, files: fs.FileSystem, locks: NamedLocks) -> None:
        self._files = files
        self._locks = locks

    def write_snapshot(self, dataset: Dataset, table: pa.Table) -> None:
        """Replace all rows of a dataset that has no days, damaged ones too: nothing of them stays.

        Raises:
            StoreError: a row does not fit the dataset; the storage fails.
        """
        file, new = self._snapshot(dataset), rows.fit(table, dataset)
        old = None
        with self._locks.hold(f"store/{dataset.name}"):
            with contextlib.suppress(StoreError):
                old = file.content()
            _put(file, old, new, {})

    def replace_in_snapshot(
        self,
        dataset: Dataset,
        sites: Sequence[str],
        table: pa.Table,
        coverage: Iterable[Coverage] = (),
    ) -> None:
        """Replace what is held of `sites` in a dataset that has no days; the others stay.

        Args:
            dataset: a snapshot.
            sites: whose rows and coverage are replaced.
            table: their new rows.
            coverage: what is known of some of them beyond their rows.

        Raises:
            StoreError: a row or an entry is of another site or does not fit the dataset; the
                present file is damaged; the storage fails.
        """
        file, new = self._snapshot(dataset), rows.fit(table, dataset)
        entries = by_key(coverage)
        found = {*new["site"].unique().to_pylist(), *(each.site for each in entries.values())}
        if strangers := found - set(sites):
            raise StoreError(f"{dataset.name}: rows of {strangers} among those of {list(sites)}")
        with self._locks.hold(f"store/{dataset.name}"):
            old = file.content()
            kept, known = old or (dataset.empty(), {})
            whole = pa.concat_tables([rows.without_sites(kept, sites), new])
            entries |= {key: each for key, each in known.items() if each.site not in sites}
            _put(file, old, rows.in_order(whole, dataset), entries)

    def write_attachment(self, dataset: Dataset, name: str, content: bytes) -> str:
        """Put a file that is no table beside a dataset's own and return where it lies.

        Args:
            dataset: whose folder it goes to.
            name: of the file; one of that name is replaced, whole.
            content: the bytes.

        Raises:
            StoreError: the storage fails.
        """
        path = f"{dataset.name}/{name}"
        with self._locks.hold(f"store/{dataset.name}"):
            replace_file(self._files, path, content)
        return shown(self._files, path)

    def read_snapshot(self, dataset: Dataset, sites: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of a dataset that has no days, sorted by its keys.

        Raises:
            StoreError: the file is damaged or not the store's.
        """
        return self._snapshot(dataset).rows(sites, dataset.schema.names)

    def snapshot_coverage(
        self, dataset: Dataset, sites: Sequence[str] | None = None
    ) -> dict[Key, Coverage]:
        """Return what is known beyond the rows of a dataset that has no days.

        Raises:
            StoreError: the file is damaged or not the store's.
        """
        return self._snapshot(dataset).coverage(sites)

    def _snapshot(self, dataset: Dataset) -> DatasetFile:
        if dataset.partitioned:
            raise StoreError(f"{dataset.name} is kept by day; it is no snapshot")
        return DatasetFile(self._files, snapshot_file(dataset), dataset)


def _put(
    file: DatasetFile,
    old: tuple[pa.Table, Mapping[Key, Coverage]] | None,
    new: pa.Table,
    coverage: Mapping[Key, Coverage],
) -> None:
    """Write a snapshot unless it says what the old one says; the caller holds the lock."""
    if old and old[0].equals(new) and old[1] == coverage:
        file.remove_leftovers()
    else:
        file.replace(new, coverage)
