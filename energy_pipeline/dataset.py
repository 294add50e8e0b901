"""What a dataset is: columns with meaning, row order, and the day that a row belongs to.

Which datasets there are is in `schema.py`; what a stored partition knows about itself besides its
rows is in `store/coverage.py`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.errors import StoreError

Belongs = Literal["start_of_interval", "hour", "end_of_hour", "instant", "whole"]
"""How the UTC day of a row follows from its time column.

`start_of_interval`: the column is the interval's end, the row belongs to the day of its start;
`hour`: the column is the start of the hour; `end_of_hour`: it is the end, the row belongs to the
day of the start; `instant`: it is the instant of an observation, and 00:00 ends a day; `whole`: the
dataset has no days.
"""

_US_PER_DAY = 86_400_000_000
_US_PER_HOUR = 3_600_000_000
_US_PER_S = 1_000_000


@dataclass(frozen=True)
class Dataset:
    """One dataset of the store.

    Args:
        name: folder in the store and key of its asset.
        description: one sentence: the grain and the meaning.
        schema: columns in order; each field's metadata has `description` and, where it measures
            something, `unit`.
        sort_keys: order of the rows; together they name a row, no two rows share them.
        time_column: column that places a row in time; empty when rows have no time.
        belongs: how the UTC day of a row follows from the time column.
    """

    name: str
    description: str
    schema: pa.Schema
    sort_keys: tuple[str, ...]
    time_column: str
    belongs: Belongs

    @property
    def partitioned(self) -> bool:
        """Whether there is one file per UTC day."""
        return self.belongs != "whole"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns whose values are replaced together: site, and stream where there is one."""
        return tuple(name for name in ("site", "stream") if name in self.schema.names)

    def empty(self) -> pa.Table:
        """Return a table of this dataset without rows."""
        return self.schema.empty_table()


def partition_days(table: pa.Table, dataset: Dataset) -> pa.Array:
    """Return the UTC day (date32) that each row of a partitioned dataset belongs to.

    It is the day in which the row's interval or hour starts; an instant 00:00 that ends one lies
    in the day that ends there. The opening row of `cumulative_readings` ends no hour: it is kept
    in the first day's partition, although this function names the day before.
    """
    if not dataset.partitioned:
        raise StoreError(f"{dataset.name} has no days")
    start_us = table[dataset.time_column].cast(pa.int64()).to_numpy()
    if dataset.belongs == "start_of_interval":
        start_us = start_us - table["interval_s"].to_numpy().astype(np.int64) * _US_PER_S
    elif dataset.belongs == "end_of_hour":
        start_us = start_us - _US_PER_HOUR
    elif dataset.belongs == "instant":
        start_us = start_us - 1
    return pa.array((start_us // _US_PER_DAY).astype(np.int32)).cast(pa.date32())


def conform(table: pa.Table, dataset: Dataset) -> pa.Table:
    """Return `table` with exactly the dataset's columns, order, types and field metadata.

    Raises:
        StoreError: a column is missing or unknown, a value does not fit its type, an instant has
            no zone, a required value is null, a number is not finite.
    """
    if sorted(table.column_names) != sorted(dataset.schema.names):
        raise StoreError(
            f"{dataset.name}: found columns {table.column_names}; allowed: {dataset.schema.names}"
        )
    columns = [_fitted(table[field.name], field, dataset) for field in dataset.schema]
    return pa.Table.from_arrays(columns, schema=dataset.schema)


def _fitted(column: pa.ChunkedArray, field: pa.Field, dataset: Dataset) -> pa.ChunkedArray:
    where = f"{dataset.name}.{field.name}"
    zoned = pa.types.is_null(column.type) or getattr(column.type, "tz", None)
    if pa.types.is_timestamp(field.type) and not zoned:
        raise StoreError(f"{where}: found {column.type}; allowed: instants with a time zone")
    try:
        fitted = column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StoreError(f"{where}: {error}; allowed: {field.type}") from error
    if fitted.null_count and not field.nullable:
        raise StoreError(f"{where}: found {fitted.null_count} null values; allowed: none")
    if pa.types.is_floating(field.type) and pc.any(pc.invert(pc.is_finite(fitted))).as_py():
        raise StoreError(f"{where}: found NaN or infinity; allowed: finite numbers")
    return fitted
