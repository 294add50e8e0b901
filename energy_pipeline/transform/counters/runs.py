"""Which samples are believed, when a counter jumped, or began again.

Samples that follow from each other are a run. A run that lasts is the counter, or a new one after a
reset; what is short and stands beside others is not believed, as long as it is short. A run lasts
with more than five samples over a quarter of an hour, or an hour of fewer; one that stands still,
as after a restart, only when the counter before it cannot be taken up again any more.

A run that stands alone between silences and is shorter than an hour is believed while nothing
speaks against it: no hour becomes final by it, and it says where a gap begins and ends. Of
inverters it might begin or end a night as well, so that theirs has to last.
"""

import numpy as np

from energy_pipeline.transform.counters.glitches import FEW, SHORT_US, without_glitches
from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.samples import CounterKind, Samples
from energy_pipeline.transform.instants import HOUR_US


def believed(samples: Samples, limits: Limits, kind: CounterKind, silence_us: int) -> Samples:
    """Return the samples of the counter without glitches and without what may be one.

    Neighbours of the result that do not follow from each other are a reset or a jump.

    Args:
        samples: of one counter.
        limits: what it can do.
        kind: how it counts.
        silence_us: the longest time without a sample over which samples judge each other.
    """
    if not samples.at_us.size:
        return samples
    samples = without_glitches(samples, limits, silence_us)
    elapsed_us = np.diff(samples.at_us)
    follows = ~np.isnan(limits.energy_wh(samples.energy_wh[:-1], samples.energy_wh[1:], elapsed_us))
    is_silent = elapsed_us > silence_us
    cuts = np.flatnonzero(~follows | is_silent) + 1
    starts, ends = np.append(0, cuts), np.append(cuts, samples.at_us.size)
    is_first = np.append(True, is_silent[cuts - 1])
    is_alone = is_first & np.append(is_first[1:], True)
    length_us = samples.at_us[ends - 1] - samples.at_us[starts]
    is_long = (length_us >= HOUR_US) | ((length_us >= SHORT_US) & (ends - starts > FEW))
    has_moved = samples.energy_wh[ends - 1] != samples.energy_wh[starts]
    lasts = is_long & (has_moved | (length_us >= silence_us))
    is_harmless = is_alone & (length_us < HOUR_US) & (kind != "inverters")
    return samples.at(np.repeat(lasts | is_harmless, ends - starts))
