"""From register positions to hourly consumption.

Pure. Consumption between two consecutive readings belongs to the time between them; the first
reading ever is a baseline.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from energy_pipeline.simulators.enerkey.instants import HOUR_S, hour_of
from energy_pipeline.simulators.enerkey.repush import DECIMALS
from energy_pipeline.simulators.enerkey.switches import Switches


def hourly_consumption(readings: Mapping[int, float], switches: Switches) -> dict[int, float]:
    """Return consumption by start of hour, in the unit of the readings.

    Args:
        readings: register positions by instant, in any order.
        switches: cumulative_same_hour, cumulative_gap and cumulative_decrease.
    """
    hours: defaultdict[int, float] = defaultdict(float)
    positions = effective_readings(readings, switches)
    for (start_s, before), (end_s, after) in pairwise(positions):
        if after < before and switches.cumulative_decrease == "register_change":
            continue
        for hour, amount in _shares(start_s, end_s, after - before, switches):
            hours[hour] += amount
    return {hour: round(amount, DECIMALS) for hour, amount in hours.items()}


def effective_readings(
    readings: Mapping[int, float], switches: Switches
) -> list[tuple[int, float]]:
    """Return the readings that count, in time order, several of an hour as the switch says."""
    ordered = sorted(readings.items())
    if switches.cumulative_same_hour == "sum_of_differences":
        return ordered
    is_summed = switches.cumulative_same_hour == "readings_summed"
    kept: dict[int, tuple[int, float]] = {}
    for at_s, value in ordered:
        hour = hour_of(at_s)
        if is_summed and hour in kept:
            kept[hour] = (hour, kept[hour][1] + value)
        else:
            kept[hour] = (at_s, value)
    return list(kept.values())


def falls(readings: Mapping[int, float], switches: Switches) -> Iterator[tuple[int, int]]:
    """Yield the instants of two consecutive readings, the second of which is the lower one."""
    positions = effective_readings(readings, switches)
    for (before_s, before), (at_s, after) in pairwise(positions):
        if after < before:
            yield before_s, at_s


def _shares(
    start_s: int, end_s: int, amount: float, switches: Switches
) -> Iterator[tuple[int, float]]:
    """Yield how much of an amount belongs to which hour."""
    if end_s - start_s > HOUR_S and switches.cumulative_gap == "left_empty":
        return
    if end_s - start_s > HOUR_S and switches.cumulative_gap == "last_hour":
        yield hour_of(end_s - 1), amount
        return
    if hour_of(start_s) == hour_of(end_s - 1):
        yield hour_of(start_s), amount
        return
    for hour in range(hour_of(start_s), end_s, HOUR_S):
        overlap_s = min(end_s, hour + HOUR_S) - max(start_s, hour)
        yield hour, amount * overlap_s / (end_s - start_s)
