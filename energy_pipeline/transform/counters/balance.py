"""Consumption behind a net meter: what was produced and imported and neither exported nor stored.

No counter shows it. It is known while all its parts are, and a part that the site measures never
counts as zero because its samples are missing.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import reduce

import numpy as np

from energy_pipeline.transform.counters.steps import Steps, cut, edges, no_steps, timeline
from energy_pipeline.transform.instants import Microseconds

PARTS: Mapping[str, int] = {
    "production": 1,
    "grid_import": 1,
    "grid_export": -1,
    "battery_discharge": 1,
    "battery_charge": -1,
}
"""Streams that make consumption, and their sign."""

BATTERY = ("battery_discharge", "battery_charge")
BATTERY_GONE_AFTER = timedelta(hours=24)
"""A battery whose meter was read is there, until it was not read for so long."""

_US = timedelta(microseconds=1)
_ALWAYS = ("production", "grid_import", "grid_export")


def consumption(streams: Mapping[str, Steps], battery_us: Microseconds) -> Steps:
    """Return consumption wherever it follows from the other streams of a site.

    Args:
        streams: steps of the site by stream.
        battery_us: when samples of the battery's meter were read, in order; none without one.
    """
    base = _balance({name: streams.get(name, no_steps()) for name in _ALWAYS})
    if not battery_us.size:
        return base
    parts = {name: streams.get(name, no_steps()) for name in PARTS}
    begun = np.searchsorted(battery_us, base.end_us)
    has_battery = begun > np.searchsorted(battery_us, base.start_us - BATTERY_GONE_AFTER // _US)
    return timeline([_balance(parts), base.at(~has_battery)])


def _balance(parts: Mapping[str, Steps]) -> Steps:
    """Add the parts up where all of them are known."""
    known = {name: steps.at(steps.covers) for name, steps in parts.items()}
    at_us = edges(*known.values())
    pieces = {name: cut(steps, at_us) for name, steps in known.items()}
    starts = reduce(np.intersect1d, (steps.start_us for steps in pieces.values()))
    common = [
        (PARTS[name], steps.at(np.searchsorted(steps.start_us, starts)))
        for name, steps in pieces.items()
    ]
    first = common[0][1]
    return Steps(
        first.start_us,
        first.end_us,
        np.sum([sign * steps.energy_wh for sign, steps in common], axis=0),
        first.covers,
        np.any([steps.is_bridged for _, steps in common], axis=0),
        np.all([steps.is_metered for _, steps in common], axis=0),
    )
