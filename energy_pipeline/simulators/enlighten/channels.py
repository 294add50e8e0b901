"""A revenue-grade meter by channel: two phases share the energy, the third is not connected."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from energy_pipeline.simulators.enlighten.cloud import Cloud, Intervals
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.noise import Int64s, noise

_MOMENTARY = 400
_RESIDUE_WH = 5e-13  # what adding floats leaves behind

Rows = list[dict[str, Any]]


def channel_rows(
    cloud: Cloud,
    system: System,
    intervals: Intervals,
    shown_ends: Sequence[int | str | None],
    now: int,
    faults: Faults,
) -> Rows:
    """Return channel 1, then 2, then 3, each through all of the meter's intervals.

    Args:
        cloud: what is known.
        system: whose meter.
        intervals: the meter's intervals.
        shown_ends: their ends as the answer shows them.
        now: the present instant.
        faults: what is wrong with the channels.
    """
    unknown = faults.null_newest_channels and _ends_with_newest(cloud, system, intervals, now)
    half = intervals.energy_wh // 2
    rows: Rows = []
    for channel, energy_wh in ((1, half), (2, intervals.energy_wh - half)):
        residue = _RESIDUE_WH if faults.float_residue else 0.0
        wh: list[float | None] = (energy_wh - residue * (energy_wh > 0)).tolist()
        watts: list[int | None] = _momentary_w(system, intervals.end_at, energy_wh).tolist()
        if unknown:
            wh[-1], watts[-1] = None, None
        rows += [
            {"channel": channel, "end_at": end, "wh_del": energy, "curr_w": power}
            for end, energy, power in zip(shown_ends, wh, watts, strict=True)
        ]
    nothing = {"wh_del": None, "curr_w": None}
    return rows + [{"channel": 3, "end_at": end, **nothing} for end in shown_ends]


def _momentary_w(system: System, end_at: Int64s, energy_wh: Int64s) -> Int64s:
    """Return the power at the very end of the intervals: near their mean, just below 0 at night."""
    sway = noise(end_at, system.system_id, _MOMENTARY)
    by_day = np.rint(4 * energy_wh * (0.4 + 1.2 * sway))
    return np.where(energy_wh == 0, -np.rint(3 * sway), by_day).astype(np.int64)


def _ends_with_newest(cloud: Cloud, system: System, intervals: Intervals, now: int) -> bool:
    newest = cloud.newest(system, "production_meter", now)
    return len(intervals) > 0 and int(intervals.end_at[-1]) == newest
