"""Counters of the meters: all energy since installation, read at a quarter of an hour."""

from dataclasses import dataclass

from energy_pipeline.simulators.enlighten.cloud import Cloud
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.hardware import MeterDevice, MeterUse, meters


@dataclass(frozen=True)
class Reading:
    """The last known reading of a meter.

    Attributes:
        meter: the meter.
        values_wh: one counter per stream of the meter, since installation.
        read_at: when it was read, epoch seconds.
    """

    meter: MeterDevice
    values_wh: tuple[int, ...]
    read_at: int


def readings(cloud: Cloud, system: System, use: MeterUse, at: int, now: int) -> list[Reading]:
    """Return the last reading at or before `at` of every meter of that use; none without one."""
    found = (
        _reading(cloud, system, meter, at, now) for meter in meters(system) if meter.use == use
    )
    return [reading for reading in found if reading is not None]


def _reading(cloud: Cloud, system: System, meter: MeterDevice, at: int, now: int) -> Reading | None:
    known = [cloud.intervals(system, stream, 0, at, now) for stream in meter.streams]
    if not all(len(each) for each in known):
        return None
    read_at = min(int(each.end_at[-1]) for each in known)
    values = tuple(int(each.energy_wh[each.end_at <= read_at].sum()) for each in known)
    return Reading(meter, values, read_at)
