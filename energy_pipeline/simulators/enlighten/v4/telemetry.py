"""Dialect v4: interval lists of a whole system: production, consumption, battery, grid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from energy_pipeline.simulators.enlighten.cloud import Intervals, average_power_w
from energy_pipeline.simulators.enlighten.dataset import MICRO_INTERVAL_S, Stream
from energy_pipeline.simulators.enlighten.localdays import local_date
from energy_pipeline.simulators.enlighten.v4.call import Json, View
from energy_pipeline.simulators.enlighten.v4.windows import Window, telemetry_window

Rows = Sequence[Any]


def production_micro(view: View) -> Json:
    """Return 5-minute production as the micros measured it."""
    stream: Stream = "production_micro"
    window = telemetry_window(view, stream)
    known = micro_intervals(view, window)
    columns = (
        known.end_at,
        known.devices_reporting,
        average_power_w(view.system, known),
        known.energy_wh,
    )
    rows = [
        {"end_at": end, "devices_reporting": devices, "powr": powr, "enwh": enwh}
        for end, devices, powr, enwh in zip(*(c.tolist() for c in columns), strict=True)
    ]
    devices = view.system.micros if stream in view.system.series else 0
    body = envelope(view, window, devices, rows, view.meta["last_energy_at"])
    return {**body, "meta": view.meta}


def production_meter(view: View) -> Json:
    """Return 15-minute production of the revenue-grade meter."""
    return _metered(view, "production_meter", "wh_del")


def consumption_meter(view: View) -> Json:
    """Return 15-minute consumption."""
    return {**_metered(view, "consumption", "enwh"), "meta": view.meta}


def energy_import(view: View) -> Json:
    """Return what the house took from the grid: one list per local day."""
    return _grid(view, "grid_import", "wh_imported")


def energy_export(view: View) -> Json:
    """Return what the house gave to the grid: one list per local day."""
    return _grid(view, "grid_export", "wh_exported")


def battery(view: View) -> Json:
    """Return what the batteries took and gave, and how full they were."""
    window = telemetry_window(view, "battery_charge")
    rows = [
        {
            "end_at": end,
            "charge": {"enwh": charged, "devices_reporting": 1},
            "discharge": {"enwh": discharged, "devices_reporting": 1},
            "soc": {"percent": percent, "devices_reporting": 1},
        }
        for end, charged, discharged, percent in battery_intervals(view, window)
    ]
    devices = int(view.system.battery is not None)
    body = envelope(view, window, devices, rows, last_end(rows))
    return {**body, "last_reported_aggregate_soc": last_charge(view)}


def micro_intervals(view: View, window: Window) -> Intervals:
    """Return what the micros reported; their nights are absent or zero as the switch says."""
    stream: Stream = "production_micro"
    known = _known(view, stream, window, MICRO_INTERVAL_S)
    if view.switches.nights == "absent":
        return known
    start, end = (at // MICRO_INTERVAL_S * MICRO_INTERVAL_S for at in (window.start, window.end))
    dark = view.cloud.dark_ends(view.system, stream, start, end, view.now)
    dark = np.setdiff1d(dark, known.end_at)
    order = np.argsort(np.concatenate((known.end_at, dark)), kind="stable")
    nothing, everybody = np.zeros_like(dark), np.full_like(dark, view.system.micros)
    return Intervals(
        np.concatenate((known.end_at, dark))[order],
        np.concatenate((known.energy_wh, nothing))[order],
        np.concatenate((known.devices_reporting, everybody))[order],
    )


def battery_intervals(view: View, window: Window) -> list[tuple[int, int, int, int]]:
    """Return end, charged Wh, discharged Wh and percent of every interval."""
    system = view.system
    if system.battery is None:
        return []
    charged = _known(view, "battery_charge", window)
    discharged = _known(view, "battery_discharge", window)
    ends, ours, theirs = np.intersect1d(charged.end_at, discharged.end_at, return_indices=True)
    place = (ends - system.series["battery_charge"].first_end_at) // 900
    columns = (
        ends,
        charged.energy_wh[ours],
        discharged.energy_wh[theirs],
        system.charge_percent[place],
    )
    return list(zip(*(c.tolist() for c in columns), strict=True))


def last_charge(view: View) -> str | None:
    """Return how full the battery was at the last report, as the service writes it."""
    newest = view.cloud.newest(view.system, "battery_charge", view.now)
    if newest is None or view.system.battery is None:
        return None
    series = view.system.series["battery_charge"]
    return f"{view.system.charge_percent[series.after(newest) - 1]}%"


def last_end(rows: Rows) -> int | None:
    """Return the end of the last interval of an answer."""
    return rows[-1]["end_at"] if rows else None


def envelope(
    view: View, window: Window, total_devices: int, intervals: Rows, known_until: int | None
) -> Json:
    """Return what surrounds every interval list.

    Args:
        view: the system.
        window: what is answered.
        total_devices: devices that can report.
        intervals: the list.
        known_until: shown as the end of a window that is not over; None is its start.
    """
    end = window.end
    if window.running:
        end = max(window.start, known_until or window.start)
    return {
        "system_id": view.system.system_id,
        "granularity": window.granularity,
        "total_devices": total_devices,
        **_shown_bounds(view, window, end),
        "items": "intervals",
        "intervals": intervals,
    }


def _shown_bounds(view: View, window: Window, end: int) -> Json:
    if not window.by_date:
        return {"start_at": window.start, "end_at": end}
    zone = view.system.zone
    return {
        "start_date": datetime.fromtimestamp(window.start, zone).isoformat(),
        "end_date": datetime.fromtimestamp(end, zone).isoformat(),
    }


def _metered(view: View, stream: Stream, energy: str) -> Json:
    window = telemetry_window(view, stream)
    known = _known(view, stream, window)
    columns = (known.end_at, known.devices_reporting, known.energy_wh)
    rows = [
        {"end_at": end, "devices_reporting": devices, energy: wh}
        for end, devices, wh in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return envelope(view, window, int(stream in view.system.series), rows, last_end(rows))


def _grid(view: View, stream: Stream, energy: str) -> Json:
    window = telemetry_window(view, stream)
    known = _known(view, stream, window)
    zone = view.system.zone
    days: dict[object, list[dict[str, int]]] = {}
    for end, wh in zip(known.end_at.tolist(), known.energy_wh.tolist(), strict=True):
        days.setdefault(local_date(end - 1, zone), []).append({"end_at": end, energy: wh})
    last = int(known.end_at[-1]) if len(known) else None
    body = envelope(view, window, 0, list(days.values()), last)
    return {**body, "meta": view.meta}


def _known(view: View, stream: Stream, window: Window, step: int = 900) -> Intervals:
    start, end = (at // step * step for at in (window.start, window.end))
    return view.cloud.intervals(view.system, stream, start, end, view.now)
