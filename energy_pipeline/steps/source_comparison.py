"""How far the gateway's meters and Enlighten differ, for the streams that both know."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site, Source, Stream
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_hours import enlighten_hours
from energy_pipeline.steps.enlighten_words import read_totals
from energy_pipeline.steps.gateway_hours import gateway_hours
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.transform.two_sources import compare_sources
from energy_pipeline.workbench import Workbench

USUAL_PERCENT = 2.0
"""Two meters of one house differ by one or two per cent."""

FEW_WH = 5.0
"""Two meters of a day without energy differ by their rounding, which is no share of anything."""


def differing_days(compared: pa.Table, percent: float = USUAL_PERCENT) -> list[Finding]:
    """Return the days on which gateway and Enlighten differ by more than `percent`, worst first.

    A source that shows nothing at all while the other shows energy differs by more than any share.
    A few watt-hours are no difference.

    Args:
        compared: as of `source_differences`.
        percent: the most that is usual.
    """
    is_different = (_apart_wh(compared) > FEW_WH) & (_share_percent(compared) > percent)
    return worst_first(compared.filter(pa.array(is_different))).to_pylist()


def worst_first(compared: pa.Table) -> pa.Table:
    """Return what was compared, the largest share first, and of these the largest difference."""
    order = np.lexsort((-_apart_wh(compared), -_share_percent(compared)))
    return compared.take(pa.array(order, pa.int64()))


def source_differences(bench: Workbench, days: Days) -> pa.Table:
    """Compare gateway and Enlighten over the hours that both cover in full, by UTC day.

    Returns:
        Columns site, stream, day, hours, enlighten_wh, gateway_wh, difference_percent (positive
        when the gateway has more); sorted, only sites that have both.
    """
    both = [site for site in bench.registry.sites if site.enlighten and site.envoy]
    parts = [
        _compared(bench, sites, block)
        for sites in site_blocks(both)
        for block in day_blocks(days, len(sites))
    ]
    found = pa.concat_tables([_compared(bench, [], days), *parts])
    return found.sort_by([(name, "ascending") for name in ("site", "stream", "day")])


def _compared(bench: Workbench, sites: Sequence[Site], block: Days) -> pa.Table:
    totals = read_totals(bench.store, sites, block)
    started = [site for site in sites if site.start <= block.last]
    both = [site.model_copy(update={"streams": _any_source(site)}) for site in started]
    nothing_spread = {day: set[str]() for day in block}
    return compare_sources(
        enlighten_hours(bench, both, block, totals),
        gateway_hours(bench, both, block, list(block), nothing_spread),
    )


def _any_source(site: Site) -> dict[Stream, Source]:
    """Return the streams that the site names, each from whichever source has it."""
    return dict.fromkeys(site.streams, "auto")


def _apart_wh(compared: pa.Table) -> NDArray[np.float64]:
    return np.abs(compared["gateway_wh"].to_numpy() - compared["enlighten_wh"].to_numpy())


def _share_percent(compared: pa.Table) -> NDArray[np.float64]:
    """Return how far the two differ; infinitely where one shows energy and Enlighten shows none."""
    share = np.abs(compared["difference_percent"].to_numpy())
    of_nothing = np.where(_apart_wh(compared) > 0, np.inf, 0.0)
    return np.where(np.isnan(share), of_nothing, share)
