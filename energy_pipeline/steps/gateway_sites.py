"""Which sites and streams gateways feed, and by which rules their counters are taken."""

from collections.abc import Sequence
from datetime import timedelta

from energy_pipeline.configuration.sites import STREAMS, Site, Stream
from energy_pipeline.errors import StoreError
from energy_pipeline.sources.envoy.counters import CounterKind, counter_kind
from energy_pipeline.transform.counters.rules import GatewayRules, reach_days


def is_from_gateway(site: Site, stream: Stream) -> bool:
    """Whether the site's gateway feeds the stream."""
    return site.envoy is not None and site.streams.get(stream, "auto") in ("envoy", "auto")


def gateway_rules(sites: Sequence[Site]) -> dict[str, GatewayRules]:
    """Return the rules of each site of which a gateway feeds a stream."""
    return {
        site.id: GatewayRules(
            timedelta(hours=site.envoy.bridge_hours), site.envoy.max_power_w, site.zone
        )
        for site in sites
        if site.envoy and any(is_from_gateway(site, stream) for stream in STREAMS)
    }


def reach_of(sites: Sequence[Site]) -> int:
    """Return how many days on both sides of a day have readings with a say in its hours."""
    return reach_days(gateway_rules(sites).values())


def stored_counter_kind(counter: str) -> CounterKind:
    """Return how a counter of the store counts.

    Raises:
        StoreError: no gateway has such a counter.
    """
    try:
        return counter_kind(counter)
    except ValueError as error:
        raise StoreError(f"envoy_readings: {error}; allowed: what polls have written") from error
