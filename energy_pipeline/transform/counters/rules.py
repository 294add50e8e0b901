"""What is known of a gateway besides its readings, and how far apart readings can matter."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from energy_pipeline.transform.counters.nights import LONGEST_NIGHT
from energy_pipeline.transform.counters.samples import CLOCK_LIMIT

_DAY_H = 24.0
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """How the counters of one site are taken.

    Args:
        bridge: the longest gap whose energy is spread over its hours.
        max_power_w: the most that can flow in one stream; what is above is no energy.
        zone: the site's time zone, which says when its nights are.
    """

    bridge: timedelta
    max_power_w: float
    zone: tzinfo

    @property
    def silence(self) -> timedelta:
        """The longest time without a sample over which samples still judge each other."""
        return max(self.bridge, _HOUR)

    @property
    def reach(self) -> timedelta:
        """How far from an hour a reading can lie that has a say in it.

        The longest gap that is booked; beyond it, a run of samples that proves itself within two
        silences at most; and a clock that is wrong.
        """
        return max(LONGEST_NIGHT, self.bridge) + 2 * self.silence + CLOCK_LIMIT


def reach_days(rules: Iterable[GatewayRules]) -> int:
    """Return of how many days on both sides the readings are needed to compute a day."""
    return max((math.ceil(each.reach / timedelta(hours=_DAY_H)) for each in rules), default=0)
