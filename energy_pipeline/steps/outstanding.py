"""What is still outstanding: days not answered, hours not final, hours not verified.

Everything is read from coverage and from the upload datasets, day by day. Whether what is there is
right is judged in `inspection.py`.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.dataset import Dataset
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch_plan import fed_sites
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.workbench import Workbench

_DAY_S = 86_400
_METER = ("site", "stream", "meter_id", "status")
_COUNTED = {"hours": ("status", "size"), "for_example": ("reason", "first")}


def coverage_shares(bench: Workbench, dataset: Dataset, days: Days) -> pd.DataFrame:
    """Return how much of each day is there: a row per site, a column per day, 0 to 1.

    NaN where nothing was ever asked or computed. Of a dataset with streams, the least covered one
    counts.
    """
    ids = [site.id for site in bench.registry.sites]
    shares = pd.DataFrame(index=ids, columns=[str(day) for day in days], dtype=float)
    for day, entries in bench.store.coverage(dataset, days, ids).items():
        for entry in sorted(entries.values(), key=lambda entry: -entry.covered_s):
            shares.loc[entry.site, str(day)] = entry.covered_s / _DAY_S
    return shares


def verified_shares(bench: Workbench, dataset: Dataset, days: Days) -> pd.DataFrame:
    """Return the share of each meter's hours that EnerKey was seen to show: 0 to 1.

    A row per meter, named by site, stream and meter; a column per day; NaN without hours.

    Args:
        bench: store and sites.
        dataset: one of the upload datasets.
        days: the days of the columns.
    """
    ids = [site.id for site in bench.registry.sites]
    columns = ("site", "stream", "meter_id", "status")
    shares: dict[str, pd.Series[float]] = {}
    for day in days:
        rows: pd.DataFrame = bench.store.read(dataset, Days(day, day), ids, columns).to_pandas()
        name = rows["site"] + " " + rows["stream"] + " " + rows["meter_id"].astype(str)
        shares[str(day)] = (rows["status"] == "verified").astype(float).groupby(name).mean()
    return pd.DataFrame(shares).reindex(columns=[str(day) for day in days])


def open_days(bench: Workbench, dataset: Dataset, days: Days) -> list[Finding]:
    """Return the site-days of hours that are not final in full: site, stream, day, final hours."""
    known = bench.store.coverage(dataset, days, [site.id for site in bench.registry.sites])
    return [
        {"site": site, "stream": stream, "day": day, "final_hours": entry.final_s // 3_600}
        for day, entries in known.items()
        for (site, stream), entry in entries.items()
        if entry.final_s < _DAY_S
    ]


def unanswered_days(bench: Workbench, stream: Stream, days: Days) -> list[Finding]:
    """Return sites that Enlighten feeds the stream of and has not answered for.

    Members: site, number of days, first and last.
    """
    fed = fed_sites(bench, stream)
    known = bench.store.coverage(INTERVALS[stream], days) if fed else {}
    found: list[Finding] = []
    for site, _ in fed:
        missing = [
            day
            for day, entries in known.items()
            if day >= site.start and (site.id, "") not in entries
        ]
        if missing:
            row = {"site": site.id, "days": len(missing), "first": missing[0], "last": missing[-1]}
            found.append(row)
    return found


def unverified_hours(bench: Workbench, dataset: Dataset, days: Days) -> list[Finding]:
    """Return by meter and status how many hours of an upload are not verified, with a reason.

    What is left of meters that are no upload of their site any more, and of days before a site's
    start, is nobody's concern.

    Members: site, stream, meter_id, status, hours, for_example (a reason).
    """
    sites = bench.registry.sites
    meters = {(site.id, upload.meter_id) for site in sites for upload in site.uploads}
    columns = (*_METER, "reason")
    parts: list[pd.DataFrame] = []
    for day in days:
        ids = [site.id for site in sites if site.start <= day]
        rows: pd.DataFrame = bench.store.read(dataset, Days(day, day), ids, columns).to_pandas()
        is_ours = [key in meters for key in zip(rows["site"], rows["meter_id"], strict=True)]
        rows = rows[(rows["status"] != "verified") & np.array(is_ours, np.bool_)]
        parts.append(rows.groupby(list(_METER), as_index=False).agg(**_COUNTED))
    together = pd.concat(parts).groupby(list(_METER), as_index=False)
    found = together.agg(hours=("hours", "sum"), for_example=("for_example", "first"))
    return pa.Table.from_pandas(found, preserve_index=False).to_pylist()
