"""What can have flowed between two samples of one counter.

A counter that fell, or rose faster than the site's wires allow, has not counted: its difference is
no energy. A sum of inverters that fell by a multiple of 2^32 J has wrapped, and counted on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from energy_pipeline.transform.instants import S_US

WRAP_WH = 2**32 / 3_600
"""2^32 J: where a firmware's sum of inverters, or each inverter's share of it, begins again."""

ROUNDING_WH = 1.0
"""How far a counter in whole Wh can seem to fall back."""

_WRAPS = (1, 2, 3)
"""Inverters that wrap between two samples; installed together, they wrap within weeks."""
_ALLOWANCE = 1.2
_ALLOWANCE_WH = 5.0
_S_PER_H = 3_600


@dataclass(frozen=True, slots=True)
class Limits:
    """What one counter can do.

    Args:
        max_power_w: the most that can flow.
        lag_s: energy of this time can show up at once, because it is reported at intervals.
        wraps: whether the counter begins again at 2^32 J.
    """

    max_power_w: float
    lag_s: float = 0.0
    wraps: bool = False

    def possible_wh(self, elapsed_us: ArrayLike) -> NDArray[np.float64]:
        """Return the most that can have been counted in a time."""
        elapsed_s = np.asarray(elapsed_us) / S_US + self.lag_s
        return self.max_power_w * _ALLOWANCE * elapsed_s / _S_PER_H + _ALLOWANCE_WH

    def energy_wh(
        self, before_wh: ArrayLike, after_wh: ArrayLike, elapsed_us: ArrayLike
    ) -> NDArray[np.float64]:
        """Return what flowed between samples, NaN where the difference is no energy."""
        rise_wh = np.asarray(after_wh) - np.asarray(before_wh)
        possible_wh = self.possible_wh(elapsed_us)
        found_wh = _if_possible(rise_wh, possible_wh)
        for wraps in _WRAPS if self.wraps else ():
            repaired_wh = _if_possible(rise_wh + wraps * WRAP_WH, possible_wh)
            found_wh = np.where(np.isnan(found_wh), repaired_wh, found_wh)
        return found_wh


def _if_possible(
    rise_wh: NDArray[np.float64], possible_wh: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.where((rise_wh >= -ROUNDING_WH) & (rise_wh <= possible_wh), rise_wh, np.nan)
