"""Hours of a gateway that no house has: a load below zero, and sun in the dark of the night.

Both tell of a clamp that points the other way or is around another wire, of a battery that is not
measured, or of a clock that is wrong. The energy is what the counters counted: it is told and not
changed.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.workbench import Workbench

STANDBY_WH = 20.0
"""Inverters take or give some watt-hours in an hour of night."""
_DARK_HOUR = 1
"""From 01:00 to 02:00 it is dark in every zone, but for the summer beyond the polar circles."""


def strange_hours(bench: Workbench, days: Days) -> list[Finding]:
    """Return the hours of `days` in which a gateway shows a negative load or sun at night.

    Returns:
        Members site, stream, hour, kWh and what, in order of site and stream.

    Raises:
        StoreError: a stored file is damaged.
    """
    sites = [site for site in bench.registry.sites if site.envoy]
    return [
        finding
        for group in site_blocks(sites)
        for block in day_blocks(days, len(group))
        for finding in _of_block(bench, group, block)
    ]


def _of_block(bench: Workbench, sites: Sequence[Site], block: Days) -> list[Finding]:
    columns = ["site", "stream", "hour", "energy_wh", "source"]
    rows = bench.store.read(HOURLY_ENERGY, block, [site.id for site in sites], columns)
    rows = rows.filter(pc.starts_with(rows["source"], "envoy"))
    energy_wh, stream = pc.field("energy_wh"), pc.field("stream")
    negative = rows.filter((stream == "consumption") & (energy_wh < -STANDBY_WH))
    found = _told(negative, "the load is below zero")
    has_sun = (energy_wh > STANDBY_WH) | (energy_wh < -STANDBY_WH)
    sunny = rows.filter((stream == "production") & has_sun)
    for site in sites:
        own = sunny.filter(pc.field("site") == site.id)
        local = pc.field("hour").cast(pa.timestamp("us", site.timezone))
        found += _told(own.filter(pc.hour(local) == _DARK_HOUR), "the sun shines at night")
    return found


def _told(rows: pa.Table, what: str) -> list[Finding]:
    return [
        {
            "site": row["site"],
            "stream": row["stream"],
            "hour": f"{row['hour']:%Y-%m-%d %H:%M} UTC",
            "kWh": round(row["energy_wh"] / 1000, 3),
            "what": what,
        }
        for row in rows.to_pylist()
    ]
