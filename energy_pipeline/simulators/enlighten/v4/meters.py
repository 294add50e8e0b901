"""Dialect v4: counters of the meters, and the intervals of the revenue-grade meter."""

from typing import Any

from energy_pipeline.simulators.enlighten.channels import channel_rows
from energy_pipeline.simulators.enlighten.hardware import MeterUse
from energy_pipeline.simulators.enlighten.odometer import Reading, readings
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Json, View
from energy_pipeline.simulators.enlighten.v4.windows import is_left_out, meter_window


def production_meter_readings(view: View) -> Json:
    """Return the last reading of every production meter."""
    return _readings(view, "production", "serial_number", ("value",))


def consumption_meter_readings(view: View) -> Json:
    """Return the last reading of every consumption meter."""
    return _readings(view, "consumption", "serial_num", ("value",))


def storage_meter_readings(view: View) -> Json:
    """Return the last reading of every storage meter."""
    return _readings(view, "storage", "serial_num", ("value_charged", "value_discharged"))


def rgm_stats(view: View) -> Json:
    """Return 15-minute production of the revenue-grade meter, as a sum and by channel."""
    system, window = view.system, meter_window(view)
    start = window.end if is_left_out(view, window.start) else window.start
    known = view.cloud.intervals(system, "production_meter", start, window.end, view.now)
    ends = known.end_at.tolist()
    columns = (ends, known.devices_reporting.tolist(), known.energy_wh.tolist())
    channels = {
        "meter_serial_number": f"{system.gateway_serial}EIM1",
        "envoy_serial_number": system.gateway_serial,
        "intervals": channel_rows(view.cloud, system, known, ends, view.now, view.call.faults),
    }
    return {
        "system_id": system.system_id,
        "total_devices": int(system.has_meter),
        "intervals": [
            {"end_at": end, "devices_reporting": devices, "wh_del": wh}
            for end, devices, wh in zip(*columns, strict=True)
        ],
        "meta": view.meta,
        "meter_intervals": [channels] if len(known) else [],
    }


def _readings(view: View, use: MeterUse, serial: str, names: tuple[str, ...]) -> Json:
    found = readings(view.cloud, view.system, use, _reading_instant(view), view.now)
    return {
        "system_id": view.system.system_id,
        "meter_readings": [_shown(reading, serial, names) for reading in found],
        "meta": view.meta,
    }


def _shown(reading: Reading, serial: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = dict(zip(names, reading.values_wh, strict=True))
    return {serial: reading.meter.serial_number, **values, "read_at": reading.read_at}


def _reading_instant(view: View) -> int:
    text = view.params.get("end_at")
    if not text:
        return view.now
    if not text.isdecimal():
        raise refusals.unreadable_date(text)
    return min(int(text), view.now)
