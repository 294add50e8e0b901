"""Gateways' readings from the store, in blocks of bounded size."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.steps.gateway_sites import gateway_rules, reach_of
from energy_pipeline.store.parquet import ParquetStore

READING_COLUMNS = ("site", "serial", "counter", "stream", "read_at", "energy_wh", "polled_at")
"""What the transform needs of readings."""

_GATEWAYS = 50
_SITE_DAYS = 600
"""Polls of five minutes make up to 2,600 readings a day: so many days of sites are 200 MB."""


def gateway_blocks(sites: Sequence[Site], days: Days) -> Iterator[tuple[Sequence[Site], Days]]:
    """Yield sites that gateways feed, and days, so that no block has too many readings.

    The days on both sides that are read with a block count as well.
    """
    fed = [site for site in sites if site.id in gateway_rules(sites)]
    for first in range(0, len(fed), _GATEWAYS):
        group = fed[first : first + _GATEWAYS]
        around = 2 * reach_of(group)
        for block in days.blocks(max(1, _SITE_DAYS // len(group) - around)):
            yield group, block


def read_window(store: ParquetStore, sites: Sequence[Site], window: Days) -> pa.Table:
    """Return the readings of sites and days that are looked at together."""
    return store.read(ENVOY_READINGS, window, [site.id for site in sites], READING_COLUMNS)
