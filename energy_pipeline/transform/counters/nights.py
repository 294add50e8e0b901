"""Nights of a sum of inverters: polls showed that it stood still, and it went on with next to none.

Inverters are silent when it is dark, and just as silent when nobody can hear them. So a night has
to be shown: by polls that were answered and saw the last report of the evening again, after
midnight at the site, and by a first report of the morning that is as small as one after dawn.
Where one of these is missing, the silence is a gap like any other: see `gaps.py`.
"""

from datetime import timedelta, tzinfo

import numpy as np

from energy_pipeline.calendar import DAY
from energy_pipeline.transform.counters.links import Limits
from energy_pipeline.transform.counters.samples import Samples
from energy_pipeline.transform.counters.steps import Flags
from energy_pipeline.transform.instants import HOUR_US, S_US, from_us

LONGEST_NIGHT = timedelta(hours=24)
"""Inverters that were silent for longer may as well have been cut off."""

_US = timedelta(microseconds=1)
_NOON = 12
_FIRST_REPORT_US = 900 * S_US
_FIRST_REPORT_SHARE = 0.02
"""What inverters make in the first quarter of an hour of a day, of the most that they could."""


def with_nights(samples: Samples, limits: Limits, zone: tzinfo) -> tuple[Samples, Flags]:
    """Return the samples with the end of each night, and which steps between them are nights.

    A night ends with the last poll that saw the evening's report, at the latest when the time of
    the morning's first report began. It has no energy; what follows it is a step of its own.

    Args:
        samples: believed samples of a sum of inverters.
        limits: what it can do.
        zone: the site's time zone.
    """
    start_us, end_us = samples.at_us[:-1], samples.at_us[1:]
    night_end_us = np.minimum(samples.shown_until_us[:-1], end_us - _FIRST_REPORT_US)
    energy_wh = limits.energy_wh(samples.energy_wh[:-1], samples.energy_wh[1:], end_us - start_us)
    first_report_wh = limits.max_power_w * _FIRST_REPORT_SHARE * (_FIRST_REPORT_US / HOUR_US)
    may_be = (energy_wh <= first_report_wh) & (end_us - start_us <= LONGEST_NIGHT // _US)
    silent = np.flatnonzero(may_be & (night_end_us > start_us)).tolist()
    nights = [at for at in silent if _is_night(start_us[at], night_end_us[at], zone)]
    after = np.array(nights, np.intp) + 1
    at_us = np.insert(samples.at_us, after, night_end_us[nights])
    whole = Samples(
        at_us,
        np.insert(samples.energy_wh, after, samples.energy_wh[nights]),
        np.insert(samples.shown_until_us, after, night_end_us[nights]),
    )
    is_night = np.zeros(max(at_us.size - 1, 0), np.bool_)
    is_night[after - 1 + np.arange(after.size)] = True
    return whole, is_night


def _is_night(start_us: int, end_us: int, zone: tzinfo) -> bool:
    """Return whether one midnight of the site is in this time, and no noon."""
    start, end = from_us(start_us).astimezone(zone), from_us(end_us).astimezone(zone)
    is_next_day = start.date() + DAY == end.date()
    return is_next_day and start.hour >= _NOON and end.hour < _NOON
