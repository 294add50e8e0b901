"""Rows of one dataset as tables: order, keys, and what may stand in a partition.

Pure: table in, table out. Files are in `files.py`.
"""

from collections.abc import Collection
from datetime import date
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.dataset import Dataset, conform, partition_days
from energy_pipeline.errors import StoreError
from energy_pipeline.store.coverage import Key


def fit(table: pa.Table, dataset: Dataset) -> pa.Table:
    """Return the rows as the dataset wants them: its columns and types, in order.

    Raises:
        StoreError: the table does not fit, or two rows share all keys.
    """
    ordered = in_order(conform(table, dataset), dataset)
    _refuse_twins(ordered, dataset)
    return ordered


def in_order(table: pa.Table, dataset: Dataset) -> pa.Table:
    """Return the rows sorted by the dataset's keys.

    Column by column, each let go once it is sorted: where the caller keeps no hold of the unsorted
    table, the rows are in memory once and not two or three times.
    """
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in dataset.sort_keys])
    schema, unsorted = table.schema, table.columns[::-1]
    del table
    columns: list[pa.Array] = []
    while unsorted:
        columns.append(unsorted.pop().combine_chunks().take(order))
    return pa.Table.from_arrays(columns, schema=schema)


def by_key(ordered: pa.Table, dataset: Dataset) -> dict[Key, pa.Table]:
    """Return the rows of each site and stream; `ordered` is in order, nothing is copied."""
    ends = sorted({end for name in dataset.key_columns for end in _run_ends(ordered[name])})
    starts = [0, *ends[:-1]] if ends else []
    keys = ordered.select(list(dataset.key_columns)).take(pa.array(starts, pa.int64())).to_pydict()
    streams = keys.get("stream", [""] * len(starts))
    return {
        (site, stream): ordered.slice(start, end - start)
        for site, stream, start, end in zip(keys["site"], streams, starts, ends, strict=True)
    }


def _run_ends(column: pa.ChunkedArray) -> list[int]:
    return pc.call_function("run_end_encode", [column.combine_chunks()]).run_ends.to_pylist()


def without_keys(table: pa.Table, dataset: Dataset, keys: Collection[Key]) -> pa.Table:
    """Return the rows of every other site and stream, in any order."""
    if "stream" not in dataset.key_columns:
        return without_sites(table, {site for site, _ in keys})
    named: dict[str, list[str]] = {}
    for site, stream in keys:
        named.setdefault(stream, []).append(site)
    dropped = (
        (pc.field("stream") == stream) & pc.field("site").isin(sites)
        for stream, sites in named.items()
    )
    return table.filter(~reduce(or_, dropped))


def without_sites(table: pa.Table, sites: Collection[str]) -> pa.Table:
    """Return the rows of every other site, and those of none."""
    return table.filter(pc.invert(pc.is_in(table["site"], pa.array(list(sites), pa.string()))))


def refuse_other_days(table: pa.Table, dataset: Dataset, day: date) -> None:
    """Check that every row belongs to `day`.

    Where instants end an hour, 00:00 of `day` itself may stand too: the opening reading.

    Raises:
        StoreError: a row belongs to another day.
    """
    days = partition_days(table, dataset).to_numpy(zero_copy_only=False)
    stranger = days != np.datetime64(day)
    instants = table[dataset.time_column]
    if dataset.belongs == "end_of_hour":
        stranger &= instants.to_numpy() != np.datetime64(day)
    if stranger.any():
        first = instants[int(stranger.argmax())].as_py()
        raise StoreError(
            f"{dataset.name}: {stranger.sum()} rows do not belong to {day}, "
            f"the first has {dataset.time_column} {first}"
        )


def without_twins(table: pa.Table, dataset: Dataset) -> pa.Table:
    """Return the rows sorted by the dataset's keys; of those that share all keys, the first."""
    ordered = in_order(table, dataset)
    return ordered.filter(pa.array(~_repeats(ordered, dataset)))


def _refuse_twins(ordered: pa.Table, dataset: Dataset) -> None:
    repeats = _repeats(ordered, dataset)
    if repeats.any():
        at = int(repeats.argmax())
        twin = ordered.select(list(dataset.sort_keys)).slice(at, 1).to_pylist()[0]
        raise StoreError(f"{dataset.name}: two rows have the same keys: {twin}")


def _repeats(ordered: pa.Table, dataset: Dataset) -> NDArray[np.bool_]:
    """Return, for each row, whether it has all keys of the row before."""
    last = max(ordered.num_rows - 1, 0)
    columns = (ordered[name] for name in dataset.sort_keys)
    same = reduce(pc.and_, (pc.equal(keys.slice(1), keys.slice(0, last)) for keys in columns))
    return np.append(np.zeros(ordered.num_rows - last, np.bool_), same.to_numpy())
