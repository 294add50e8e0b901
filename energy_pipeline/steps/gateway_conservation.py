"""Whether the stored hours of gateways hold the energy of their counters.

The rules are in `transform/counter_agreement.py`; the same of Enlighten's intervals is in
`inspection.py`.
"""

from collections.abc import Sequence

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import STREAMS, Site
from energy_pipeline.schema import ENVOY_READINGS, HOURLY_ENERGY
from energy_pipeline.steps.gateway_readings import gateway_blocks, read_window
from energy_pipeline.steps.gateway_sites import (
    gateway_rules,
    is_from_gateway,
    reach_of,
    stored_counter_kind,
)
from energy_pipeline.transform.counter_agreement import Finding, SiteDay, lost_counts
from energy_pipeline.workbench import Workbench


def lost_gateway_energy(bench: Workbench, days: Days) -> list[Finding]:
    """Return where hours do not hold what counters counted, by blocks of days.

    Members as of `lost_counts`.
    """
    found: list[Finding] = []
    for sites, block in gateway_blocks(bench.registry.sites, days):
        readings = read_window(bench.store, sites, block.padded(reach_of(sites)))
        fed = {(s.id, stream) for s in sites for stream in STREAMS if is_from_gateway(s, stream)}
        found += lost_counts(
            readings,
            bench.store.read(HOURLY_ENERGY, block, [site.id for site in sites]),
            kind_of=stored_counter_kind,
            rules=gateway_rules(sites),
            fed=fed,
            computed=_computed(bench, sites, block),
            span=block.span,
        )
    return found


def _computed(bench: Workbench, sites: Sequence[Site], block: Days) -> set[SiteDay]:
    """Return the sites and days whose hours were written after the day's last poll."""
    ids = [site.id for site in sites]
    polled = bench.store.coverage(ENVOY_READINGS, block, ids)
    made = bench.store.coverage(HOURLY_ENERGY, block, ids)
    return {
        (site.id, day)
        for site in sites
        for day in block
        if site.start <= day
        if (written := [e.written_at for key, e in made[day].items() if key[0] == site.id])
        if all(e.written_at < max(written) for key, e in polled[day].items() if key[0] == site.id)
    }
