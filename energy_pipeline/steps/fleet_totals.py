"""The fleet added up by hour or by day, for pictures: small whatever the number of sites."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import CUMULATIVE_READINGS, ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.steps.blocks import day_blocks
from energy_pipeline.workbench import Workbench

_REGISTER = ["site", "stream"]
_INSTANT = ["stream", "read_at"]


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


def fleet_registers(bench: Workbench, days: Days) -> pa.Table:
    """Return the positions of the workbench's registers added up, Wh.

    Columns stream, read_at, reading_wh; one row per stream and instant of `days` at which one of
    them was read. One without a reading at an instant stands where it was read last, before its
    first reading where that is: the sum falls only when a register does.
    """
    ids = [site.id for site in bench.registry.sites]
    columns = [*_REGISTER, "read_at", "reading_wh"]
    stood = CUMULATIVE_READINGS.empty().select(columns).to_pandas()
    parts: list[pd.DataFrame] = []
    for block in day_blocks(days, len(ids)):
        rows = bench.store.read(CUMULATIVE_READINGS, block, ids, columns).to_pandas()
        both = pd.concat([stood, rows], ignore_index=True)
        both["rise_wh"] = both.groupby(_REGISTER)["reading_wh"].diff()
        new = both.iloc[len(stood) :]
        first = new["reading_wh"].where(new["rise_wh"].isna(), 0.0)
        parts.append(new.assign(first_wh=first).groupby(_INSTANT)[["first_wh", "rise_wh"]].sum())
        stood = both.groupby(_REGISTER).tail(1)[columns]
    found = pd.concat(parts)
    by_stream = found.groupby("stream")
    total = by_stream["first_wh"].transform("sum") + by_stream["rise_wh"].cumsum()
    return pa.Table.from_pandas(total.rename("reading_wh").reset_index(), preserve_index=False)


def fleet_by_local_day(bench: Workbench, latest: int) -> pa.Table:
    """Return the vendor's totals added up over the workbench's sites.

    Columns stream, day, energy_wh; one row per stream and local day of the `latest` days that the
    store holds.
    """
    ids = [site.id for site in bench.registry.sites]
    totals = bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, ids)
    if not totals.num_rows:
        return totals.select(["stream", "day", "energy_wh"])
    first = pc.max(totals["day"]).as_py() - (latest - 1) * DAY
    recent = totals.filter(pc.field("day") >= pa.scalar(first))
    summed = recent.group_by(["stream", "day"]).aggregate([("energy_wh", "sum")])
    return summed.rename_columns(["stream", "day", "energy_wh"])
