"""Dialect v2: the bodies of interval lists: micros, revenue-grade meter, consumption."""

from energy_pipeline.simulators.enlighten.channels import Rows, channel_rows
from energy_pipeline.simulators.enlighten.cloud import Intervals, average_power_w
from energy_pipeline.simulators.enlighten.v2.bodies import Json, View


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
        "intervals": channel_rows(
            view.cloud,
            system,
            intervals,
            [view.stamp(end) for end in intervals.end_at.tolist()],
            view.now,
            view.faults,
        ),
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
