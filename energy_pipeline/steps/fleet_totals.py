"""The fleet added up by hour, for pictures: small whatever the number of sites."""

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.steps.blocks import day_blocks
from energy_pipeline.workbench import Workbench


def fleet_by_hour(bench: Workbench, dataset: Dataset, value: str, days: Days) -> pa.Table:
    """Return the sum of `value` over the workbench's sites.

    Columns stream, the dataset's time column, `value`; one row per stream and instant of `days`
    of which something is known. Days are read in blocks, so that memory does not grow with sites.
    """
    at = dataset.time_column
    ids = [site.id for site in bench.registry.sites]
    parts = [
        bench.store.read(dataset, block, ids, ("stream", at, value))
        .group_by(["stream", at])
        .aggregate([(value, "sum")])
        for block in day_blocks(days, len(ids))
    ]
    return pa.concat_tables(parts).rename_columns(["stream", at, value])
