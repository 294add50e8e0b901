"""Steps between samples: booked as measured, bridged, or not at all.

Within an hour nothing is lost, however long the step: the counter counted on. Across hours the
energy of a gap is exact and its split is not: a short one is spread evenly, a longer one is only
told of. A night of a sum of inverters is measured: polls have shown it (`nights.py`).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.nights import with_nights
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline.transform.counters.samples import CounterKind, Samples
from energy_pipeline.transform.counters.steps import Flags, Steps, joined
from energy_pipeline.transform.instants import HOUR_US, S_US, Microseconds

_US = timedelta(microseconds=1)
_USUAL_STEP_US = 1_200 * S_US
"""Polls of five minutes and reports of fifteen, some late: across hours, more is a gap."""


@dataclass(frozen=True, slots=True)
class Unbooked:
    """Time between samples whose energy belongs to no hour.

    Args:
        start_us: the last sample before it.
        end_us: the first sample after it.
        energy_wh: what was counted meanwhile; NaN where nobody knows, after a reset or a jump.
    """

    start_us: Microseconds
    end_us: Microseconds
    energy_wh: NDArray[np.float64]


def book(
    samples: Samples, limits: Limits, kind: CounterKind, rules: GatewayRules, *, spreads_long: bool
) -> tuple[Steps, Unbooked]:
    """Return the steps between believed samples, and the time of which no step can be made.

    Args:
        samples: believed samples of one counter.
        limits: what it can do.
        kind: how it counts.
        rules: of the site; they say which gaps are spread.
        spreads_long: whether the energy of longer gaps is spread too.
    """
    samples, is_night = _with_nights(samples, limits, kind, rules)
    start_us, end_us = samples.at_us[:-1], samples.at_us[1:]
    length_us = end_us - start_us
    energy_wh = limits.energy_wh(samples.energy_wh[:-1], samples.energy_wh[1:], length_us)
    is_counted = ~np.isnan(energy_wh)
    is_in_an_hour = start_us // HOUR_US == (end_us - 1) // HOUR_US
    is_usual = is_in_an_hour | is_night | (length_us <= _USUAL_STEP_US)
    is_short = spreads_long | (length_us <= rules.bridge // _US)
    is_bridged = is_counted & ~is_usual & is_short
    is_booked = is_bridged | (is_counted & is_usual)
    metered = np.full(length_us.size, kind != "inverters")
    whole = Steps(start_us, end_us, energy_wh, is_booked, is_bridged, metered)
    begun = _begun_anew(whole, samples.energy_wh, limits, rules.bridge)
    left = ~is_booked
    booked = joined((whole.at(is_booked), begun))
    return booked, Unbooked(start_us[left], end_us[left], energy_wh[left])


def _with_nights(
    samples: Samples, limits: Limits, kind: CounterKind, rules: GatewayRules
) -> tuple[Samples, Flags]:
    if kind == "inverters":
        return with_nights(samples, limits, rules.zone)
    return samples, np.zeros(max(samples.at_us.size - 1, 0), np.bool_)


def _begun_anew(
    steps: Steps, counter_wh: NDArray[np.float64], limits: Limits, bridge: timedelta
) -> Steps:
    """Return what meters showed that had begun again from 0 since the sample before.

    It flowed, but what flowed before the reset is lost: the time is not covered.
    """
    before_wh, after_wh = counter_wh[:-1], counter_wh[1:]
    length_us = steps.end_us - steps.start_us
    is_reset = np.isnan(steps.energy_wh) & (after_wh < before_wh) & steps.is_metered
    is_near = length_us <= max(bridge // _US, HOUR_US)
    is_new = is_reset & is_near & (after_wh <= limits.possible_wh(length_us))
    return replace(steps, energy_wh=after_wh).at(is_new)
