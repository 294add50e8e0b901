"""One site's counters put together: a timeline for each stream, and what belongs to no hour."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from energy_pipeline.transform.counters.balance import BATTERY, consumption
from energy_pipeline.transform.counters.boundaries import with_boundaries
from energy_pipeline.transform.counters.gaps import Unbooked, book
from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline.transform.counters.runs import believed
from energy_pipeline.transform.counters.samples import Counter, CounterKind, Samples
from energy_pipeline.transform.counters.steps import Steps, timeline
from energy_pipeline.transform.instants import Microseconds

Shown = tuple[Counter, Samples]
"""A counter with its samples."""

_RANK: Mapping[CounterKind, int] = {"meter": 0, "boundary": 1, "inverters": 2}
_REPORTS_LAG_S = 900.0
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SiteSteps:
    """What the counters of one site say.

    Args:
        streams: timeline by stream; consumption among them where it follows from the others.
        unbooked: by counter, the time of which no step could be made.
    """

    streams: Mapping[str, Steps]
    unbooked: Sequence[tuple[Counter, Unbooked]]


def steps_of_site(
    counters: Sequence[Shown], rules: GatewayRules, *, spreads_long: bool
) -> SiteSteps:
    """Return the steps of all streams of one site.

    Args:
        counters: of this site, all of them.
        rules: of this site.
        spreads_long: whether the energy of gaps that are too long to bridge is spread too.
    """
    by_stream: defaultdict[str, list[tuple[int, Steps]]] = defaultdict(list)
    unbooked: list[tuple[Counter, Unbooked]] = []
    for counter, samples in counters:
        limits = limits_of(counter.kind, rules)
        known = believed(samples, limits, counter.kind, rules.silence // _US)
        for other, boundaries in counters:
            if _is_repeated_by(other, counter):
                known = with_boundaries(known, boundaries, limits)
        steps, left = book(known, limits, counter.kind, rules, spreads_long=spreads_long)
        by_stream[counter.stream].append((_RANK[counter.kind], steps))
        if counter.kind != "boundary":
            unbooked.append((counter, left))
    streams = {stream: _in_one(ranked) for stream, ranked in by_stream.items()}
    return SiteSteps(_with_consumption(streams, _battery_us(counters)), unbooked)


def limits_of(kind: CounterKind, rules: GatewayRules) -> Limits:
    """Return what a counter of a site can do."""
    if kind == "inverters":
        return Limits(rules.max_power_w, lag_s=_REPORTS_LAG_S, wraps=True)
    return Limits(rules.max_power_w)


def _is_repeated_by(other: Counter, counter: Counter) -> bool:
    is_same = (other.stream, other.serial) == (counter.stream, counter.serial)
    return is_same and (counter.kind, other.kind) == ("meter", "boundary")


def _in_one(ranked: Sequence[tuple[int, Steps]]) -> Steps:
    return timeline([steps for _, steps in sorted(ranked, key=lambda each: each[0])])


def _battery_us(counters: Sequence[Shown]) -> Microseconds:
    """Return when the battery's meter was read, in order."""
    read = [samples.at_us for counter, samples in counters if counter.stream in BATTERY]
    return np.unique(np.concatenate([np.empty(0, np.int64), *read]))


def _with_consumption(streams: Mapping[str, Steps], battery_us: Microseconds) -> dict[str, Steps]:
    """Add consumption where a net meter measures; a meter of the load itself comes first."""
    if not streams.keys() >= {"grid_import", "grid_export"}:
        return dict(streams)
    derived = consumption(streams, battery_us)
    counted = [steps for stream, steps in streams.items() if stream == "consumption"]
    return {**streams, "consumption": timeline([*counted, derived])}
