"""Samples that a counter shows by mistake, before it goes on from where it was.

After restarts and faults of the firmware a counter shows zeros, half of itself or anything else for
a few polls. What lasts longer is no glitch: see `runs.py`.
"""

import numpy as np
from numpy.typing import NDArray

from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.samples import Samples
from energy_pipeline.transform.instants import S_US

FEW = 5
SHORT_US = 900 * S_US
"""A glitch is over after five polls, or after a quarter of an hour when there are more."""


def without_glitches(samples: Samples, limits: Limits, silence_us: int) -> Samples:
    """Return the samples without those that interrupt the counter.

    Where a sample does not follow from the one before, and one of the next does, those in between
    were wrong. Where none does, because the one before was wrong itself, those are that the next
    one does not follow from. A counter that only stood still in between may come back later.

    Args:
        samples: of one counter.
        limits: what it can do.
        silence_us: the longest time after which a counter that stood still is taken up again.
    """
    elapsed_us = np.diff(samples.at_us)
    energy_wh = limits.energy_wh(samples.energy_wh[:-1], samples.energy_wh[1:], elapsed_us)
    breaks = np.flatnonzero(np.isnan(energy_wh))
    if not breaks.size:
        return samples
    is_wrong = np.zeros(samples.at_us.size, np.bool_)
    for last in breaks.tolist():
        if not is_wrong[last]:
            wrong = _interruption(samples, limits, last, silence_us) or _peak(samples, limits, last)
            is_wrong[wrong] = True
    return samples.at(~is_wrong)


def _interruption(samples: Samples, limits: Limits, last: int, silence_us: int) -> slice | None:
    """Return the samples after which one follows from `last` again; None when none does."""
    end = int(np.searchsorted(samples.at_us, samples.at_us[last] + silence_us, side="right"))
    after = np.arange(last + 1, end)
    length_us = samples.at_us[after] - samples.at_us[last]
    base_wh, value_wh = samples.energy_wh[last], samples.energy_wh[after]
    before_wh = samples.energy_wh[after - 1]
    is_back = ~np.isnan(limits.energy_wh(base_wh, value_wh, length_us))
    is_back &= (before_wh < base_wh) | (before_wh > value_wh)  # else it goes on from a jump
    if not is_back.any():
        return None
    count = int(is_back.argmax())
    is_short = count <= FEW or length_us[count] <= SHORT_US
    return slice(last + 1, last + 1 + count) if is_short or _is_still(value_wh[:count]) else None


def _is_still(value_wh: NDArray[np.float64]) -> bool:
    return bool((value_wh == value_wh[0]).all())


def _peak(samples: Samples, limits: Limits, last: int) -> slice:
    """Return the samples up to `last` that the next one does not follow from; it may be none."""
    next_us, next_wh = samples.at_us[last + 1], samples.energy_wh[last + 1]
    earliest = int(np.searchsorted(samples.at_us, samples.at_us[last] - SHORT_US))
    before = np.arange(min(earliest, max(0, last - FEW)), last)
    elapsed_us = next_us - samples.at_us[before]
    follows = ~np.isnan(limits.energy_wh(samples.energy_wh[before], next_wh, elapsed_us))
    if not follows.any():
        return slice(0, 0)
    return slice(int(before[follows][-1]) + 1, last + 1)
