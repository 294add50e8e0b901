"""Hours from Enlighten's intervals over a store."""

from collections.abc import Sequence

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.enlighten_words import (
    ENLIGHTEN,
    INTERVAL_COLUMNS,
    INTERVALS,
    is_from_enlighten,
    leaves_nights_out,
    vendors_word,
)
from energy_pipeline.transform.hourly import hourly_energy
from energy_pipeline.workbench import Workbench


def enlighten_hours(
    bench: Workbench, sites: Sequence[Site], block: Days, totals: pa.Table
) -> pa.Table:
    """Return what Enlighten knows of a block of days, as rows of `hourly_energy`.

    Args:
        bench: store, clock and settings.
        sites: the sites; streams that Enlighten does not feed are passed over.
        block: the days.
        totals: the vendor's totals of these days, see `read_totals`.
    """
    parts = [_of_stream(bench, stream, sites, block, totals) for stream in INTERVALS]
    return pa.concat_tables(parts)


def _of_stream(
    bench: Workbench, stream: Stream, sites: Sequence[Site], block: Days, totals: pa.Table
) -> pa.Table:
    fed = [site for site in sites if is_from_enlighten(site, stream)]
    if not fed:
        return HOURLY_ENERGY.empty()
    held = block.padded(1)
    intervals = bench.store.read(
        INTERVALS[stream], held, [site.id for site in fed], INTERVAL_COLUMNS
    )
    micro = [site for site in fed if leaves_nights_out(site, stream)]
    return hourly_energy(
        intervals,
        stream=stream,
        source=ENLIGHTEN,
        word=vendors_word(bench.store, stream, micro, block, totals),
        span=block.span,
        now=bench.clock.now(),
        settle_hours=bench.settings.energy_settle_hours,
    )
