"""Dialect v2: the bodies of interval lists: micros, revenue-grade meter, consumption."""

from typing import Any

import numpy as np

from energy_pipeline.simulators.enlighten.cloud import Intervals, average_power_w
from energy_pipeline.simulators.enlighten.noise import Int64s, noise
from energy_pipeline.simulators.enlighten.v2.bodies import Json, View

_MOMENTARY = 400

Rows = list[dict[str, Any]]


def micro_body(view: View, intervals: Intervals) -> Json:
    """Return 5-minute production as the micros measured it."""
    columns = (
        intervals.end_at,
        average_power_w(view.system, intervals),
        intervals.energy_wh,
        intervals.devices_reporting,
    )
    rows = [
        {"end_at": view.stamp(end), "powr": powr, "enwh": enwh, "devices_reporting": devices}
        for end, powr, enwh, devices in zip(*(c.tolist() for c in columns), strict=True)
    ]
    has_micros = "production_micro" in view.system.series
    return _body(view, rows, view.system.micros if has_micros else 0)


def consumption_body(view: View, intervals: Intervals) -> Json:
    """Return 15-minute consumption."""
    rows = _metered(view, intervals, "enwh")
    return _body(view, rows, int("consumption" in view.system.series))


def meter_body(view: View, intervals: Intervals) -> Json:
    """Return 15-minute production of the revenue-grade meter, as a sum and by channel."""
    system = view.system
    meter = {
        "meter_serial_number": f"{system.gateway_serial}EIM1",
        "envoy_serial_number": system.gateway_serial,
        "intervals": _channels(view, intervals),
    }
    body = _body(view, _metered(view, intervals, "wh_del"), int(system.has_meter))
    return {**body, "meter_intervals": [meter] if len(intervals) else []}


def _body(view: View, rows: Rows, total_devices: int) -> Json:
    return {
        "system_id": view.system.system_id,
        "total_devices": total_devices,
        "intervals": rows,
        "meta": view.meta(),
    }


def _metered(view: View, intervals: Intervals, energy: str) -> Rows:
    columns = (intervals.end_at, intervals.energy_wh, intervals.devices_reporting)
    return [
        {"end_at": view.stamp(end), energy: wh, "devices_reporting": devices}
        for end, wh, devices in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _channels(view: View, intervals: Intervals) -> Rows:
    """Return phases 1 and 2 with half of the energy each, then phase 3, which is not connected."""
    half = intervals.energy_wh // 2
    ends = [view.stamp(end) for end in intervals.end_at.tolist()]
    rows: Rows = []
    for channel, energy_wh in ((1, half), (2, intervals.energy_wh - half)):
        wh: list[float | None] = energy_wh.astype(float).tolist()
        watts: list[int | None] = _momentary_w(view, intervals.end_at, energy_wh).tolist()
        if view.faults.null_newest_channels and _ends_with_newest(view, intervals):
            wh[-1], watts[-1] = None, None
        rows += [
            {"channel": channel, "end_at": end, "wh_del": energy, "curr_w": power}
            for end, energy, power in zip(ends, wh, watts, strict=True)
        ]
    return rows + [{"channel": 3, "end_at": end, "wh_del": None, "curr_w": None} for end in ends]


def _momentary_w(view: View, end_at: Int64s, energy_wh: Int64s) -> Int64s:
    """Return the power at the very end of the intervals: near their mean, just below 0 at night."""
    sway = noise(end_at, view.system.system_id, _MOMENTARY)
    by_day = np.rint(4 * energy_wh * (0.4 + 1.2 * sway))
    return np.where(energy_wh == 0, -np.rint(3 * sway), by_day).astype(np.int64)


def _ends_with_newest(view: View, intervals: Intervals) -> bool:
    newest = view.cloud.newest(view.system, "production_meter", view.now)
    return len(intervals) > 0 and int(intervals.end_at[-1]) == newest
