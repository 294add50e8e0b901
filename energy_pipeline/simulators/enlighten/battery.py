"""A home battery: what it takes and gives of a house's surplus, and how full it is.

Whole Wh per interval, measured on the alternating-current side; a tenth of what goes in is lost
there, so that less comes out than went in.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.simulators.enlighten.noise import Int64s

_KEPT_TENTHS = 9


@dataclass(frozen=True)
class Battery:
    """What a battery can hold and how fast.

    Attributes:
        capacity_wh: energy of the full battery.
        power_w: greatest power of charging and of discharging.
    """

    capacity_wh: int
    power_w: int


def self_consumption(
    surplus_wh: Int64s, battery: Battery, interval_s: int
) -> tuple[Int64s, Int64s]:
    """Return what is charged and discharged per interval by a battery that is empty at first.

    Args:
        surplus_wh: production less consumption of every interval; negative is a want.
        battery: the battery; it stores every surplus and covers every want that it can.
        interval_s: length of an interval in seconds.
    """
    most_wh, full_tenths = battery.power_w * interval_s // 3600, 10 * battery.capacity_wh
    level_tenths = 0
    flows: list[int] = []
    for surplus in surplus_wh.tolist():
        wanted = max(min(surplus, most_wh), -most_wh)
        if wanted >= 0:
            flow = min(wanted, (full_tenths - level_tenths) // _KEPT_TENTHS)
            level_tenths = level_tenths + _KEPT_TENTHS * flow if flow == wanted else full_tenths
        else:
            flow = max(wanted, -(level_tenths // 10))
            level_tenths = level_tenths + 10 * flow if flow == wanted else 0
        flows.append(flow)
    flow_wh = np.array(flows, np.int64)
    return np.maximum(flow_wh, 0), np.maximum(-flow_wh, 0)


def charge_percent(
    charge_wh: npt.NDArray[np.integer], discharge_wh: npt.NDArray[np.integer], battery: Battery
) -> Int64s:
    """Return how full the battery is at the end of every interval, in whole percent."""
    full_tenths = 10 * battery.capacity_wh
    level_tenths = 0
    levels: list[int] = []
    steps = _KEPT_TENTHS * charge_wh.astype(np.int64) - 10 * discharge_wh
    for step in steps.tolist():
        level_tenths = min(max(level_tenths + step, 0), full_tenths)
        levels.append(level_tenths)
    return np.array(levels, np.int64) * 100 // full_tenths
