"""A store in memory, with as much of the Parquet store as planning a fetch needs.

It makes an example cheap; that the Parquet store says the same is shown where both are asked.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.store.coverage import Coverage, Key, by_key

_Partition = tuple[pa.Table, dict[Key, Coverage]]


class NoLocks:
    """Locks of one thread's own store."""

    def hold(self, *_: object) -> AbstractContextManager[None]:
        return nullcontext()


class MemoryStore:
    """Partitions of one site; snapshots are empty."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, date], _Partition] = {}

    def replace(
        self, dataset: Dataset, day: date, table: pa.Table, coverage: Iterable[Coverage]
    ) -> None:
        self._held[dataset.name, day] = table, by_key(coverage)

    def coverage(self, dataset: Dataset, days: Days, *_: object) -> dict[date, dict[Key, Coverage]]:
        return {day: dict(self._partition(dataset, day)[1]) for day in days}

    def read(
        self,
        dataset: Dataset,
        days: Days,
        _sites: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        whole = pa.concat_tables([self._partition(dataset, day)[0] for day in days])
        return whole.select(columns or dataset.schema.names)

    def read_snapshot(self, dataset: Dataset, *_: object) -> pa.Table:
        return dataset.empty()

    def _partition(self, dataset: Dataset, day: date) -> _Partition:
        return self._held.get((dataset.name, day), (dataset.empty(), {}))
