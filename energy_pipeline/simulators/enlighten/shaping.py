"""From coarse energy to intervals: whole-Wh splitting, nights of micros, dawn and dusk."""

import numpy as np
import numpy.typing as npt

Energy = npt.NDArray[np.int32]
Devices = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]


def split_evenly(energy_wh: npt.NDArray[np.integer], parts: int) -> Energy:
    """Split every value into `parts` whole numbers that differ by at most 1 and sum to it."""
    base, rest = np.divmod(energy_wh.astype(np.int64), parts)
    extra = np.arange(parts)[None, :] < rest[:, None]
    return (base[:, None] + extra).ravel().astype(np.int32)


def daylight(energy_wh: npt.NDArray[np.integer], day_of: npt.NDArray[np.integer]) -> Mask:
    """Tell for every value whether micros would have reported it.

    They report from one value before the day's first energy to one after its last; a day without
    energy has no daylight.

    Args:
        energy_wh: production.
        day_of: ascending number of the local day of every value.
    """
    lit = np.zeros(len(energy_wh), np.bool_)
    producing = np.flatnonzero(energy_wh)
    if not len(producing):
        return lit
    _, first = np.unique(day_of[producing], return_index=True)
    last = np.append(first[1:], len(producing)) - 1
    for low, high in zip(producing[first] - 1, producing[last] + 1, strict=True):
        lit[max(low, 0) : high + 1] = True
    return lit


def reporting_micros(lit: Mask, micros: int) -> Devices:
    """Return how many micros report each interval: few at dawn and dusk, none at night."""
    devices = np.where(lit, micros, 0).astype(np.int16)
    edges = np.diff(np.concatenate(([0], lit.astype(np.int8), [0])))
    dawn, dusk = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    few, half = max(1, micros // 8), max(1, micros // 2)
    devices[dusk] = half
    second = dawn + 1
    devices[second[second < dusk]] = half
    devices[dawn] = few
    return devices
