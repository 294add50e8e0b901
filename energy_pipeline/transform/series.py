"""A series is one stream of one site; tables hold many, rules look at one at a time."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

Series = tuple[str, str]
"""Site and stream."""


def rows_by_series(table: pa.Table) -> Iterator[tuple[Series, pa.Table]]:
    """Yield each series of a table with its rows, which keep their order.

    Args:
        table: has columns site and stream.
    """
    site, stream = (table[name].combine_chunks().dictionary_encode() for name in ("site", "stream"))
    code = site.indices.to_numpy() * np.int64(len(stream.dictionary)) + stream.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    ordered = table if (order[1:] > order[:-1]).all() else table.take(order)
    starts = np.flatnonzero(np.diff(code[order], prepend=-1)).tolist()
    for start, end in pairwise([*starts, table.num_rows]):
        rows = ordered.slice(start, end - start)
        yield (rows["site"][0].as_py(), rows["stream"][0].as_py()), rows
