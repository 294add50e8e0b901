"""Entries of coverage beside the rows that they are about, before both go into one file."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from energy_pipeline.dataset import Dataset
from energy_pipeline.errors import StoreError
from energy_pipeline.store.coverage import Coverage, Key


def counted(
    entries: Mapping[Key, Coverage], parts: Mapping[Key, pa.Table], dataset: Dataset
) -> dict[Key, Coverage]:
    """Return the entries with the number of rows of each.

    Raises:
        StoreError: rows have no entry, or an entry has a stream where the dataset has none.
    """
    if strangers := parts.keys() - entries.keys():
        raise StoreError(f"{dataset.name}: rows without coverage: {sorted(strangers)}")
    streams = "stream" in dataset.key_columns
    if wrong := [key for key in entries if bool(key[1]) != streams]:
        allowed = "site and stream" if streams else "site without stream"
        raise StoreError(f"{dataset.name}: coverage of {wrong}; allowed: {allowed}")
    counts = {key: part.num_rows for key, part in parts.items()}
    return {key: replace(entry, rows=counts.get(key, 0)) for key, entry in entries.items()}


def unchanged_keys(
    entries: Mapping[Key, Coverage],
    parts: Mapping[Key, pa.Table],
    known: Mapping[Key, Coverage],
    old_parts: Mapping[Key, pa.Table],
) -> set[Key]:
    """Return the keys of which entry and rows say what they said; these keep their old entry."""
    return {
        key
        for key, entry in entries.items()
        if key in known
        and old_parts.get(key) == parts.get(key)
        and entry.says_the_same_as(known[key])
    }
