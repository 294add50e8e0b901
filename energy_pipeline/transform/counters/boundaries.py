"""A meter's counter at the exact end of an interval, put between its own samples.

The gateway keeps what its meters had counted at the end of every quarter of an hour, in whole Wh
for each phase. Between two samples that makes the share of each hour exact to that rounding.
"""

import numpy as np

from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.samples import Samples

_ROUNDED_OFF_WH = 3.0
"""Three phases lose less than 1 Wh each."""


def with_boundaries(samples: Samples, boundaries: Samples, limits: Limits) -> Samples:
    """Return the samples with those boundaries between them that agree with them.

    A boundary's value is what lies nearest to the line between the samples around it and still
    rounds to what was kept.

    Args:
        samples: believed samples of a meter.
        boundaries: what the gateway kept of the same meter.
        limits: what the meter can do.
    """
    after = np.searchsorted(samples.at_us, boundaries.at_us, side="right")
    is_inside = (after > 0) & (after < samples.at_us.size)
    is_inside &= ~np.isin(boundaries.at_us, samples.at_us)
    at_us, kept_wh = boundaries.at_us[is_inside], boundaries.energy_wh[is_inside]
    after, before = after[is_inside], after[is_inside] - 1
    from_us, until_us = samples.at_us[before], samples.at_us[after]
    from_wh, until_wh = samples.energy_wh[before], samples.energy_wh[after]
    has_counted = ~np.isnan(limits.energy_wh(from_wh, until_wh, until_us - from_us))
    line_wh = from_wh + (until_wh - from_wh) * ((at_us - from_us) / (until_us - from_us))
    value_wh = np.clip(line_wh, kept_wh, kept_wh + _ROUNDED_OFF_WH)
    agrees = has_counted & (value_wh >= from_wh) & (value_wh <= until_wh)
    agrees &= ~np.isnan(limits.energy_wh(from_wh, value_wh, at_us - from_us))
    agrees &= ~np.isnan(limits.energy_wh(value_wh, until_wh, until_us - at_us))
    place = after[agrees]
    return Samples(
        np.insert(samples.at_us, place, at_us[agrees]),
        np.insert(samples.energy_wh, place, value_wh[agrees]),
        np.insert(samples.shown_until_us, place, at_us[agrees]),
    )
