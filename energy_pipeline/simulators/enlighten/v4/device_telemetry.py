"""Dialect v4: interval lists of single devices.

The micros that report an interval share its energy evenly in whole Wh, so that they sum to the
interval of the system.
"""

import numpy as np

from energy_pipeline.simulators.enlighten import hardware
from energy_pipeline.simulators.enlighten.cloud import Intervals
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Json, View
from energy_pipeline.simulators.enlighten.v4.parameters import positive
from energy_pipeline.simulators.enlighten.v4.telemetry import (
    Rows,
    battery_intervals,
    envelope,
    last_charge,
    last_end,
    micro_intervals,
)
from energy_pipeline.simulators.enlighten.v4.windows import telemetry_window

_PAGE, _LONGEST_PAGE = 10, 20


def micros_telemetry(view: View) -> Json:
    """Return one page of micros with their intervals."""
    window = telemetry_window(view, "production_micro")
    known = micro_intervals(view, window)
    page = positive(view.params, "page", 1)
    size = min(positive(view.params, "size", _PAGE), _LONGEST_PAGE)
    serials = list(enumerate(hardware.micro_serials(view.system)))
    shown = serials[(page - 1) * size : page * size]
    devices = [
        {"serial_number": serial, "intervals": _of_micro(known, number)} for number, serial in shown
    ]
    body = {**envelope(view, window, len(serials), [], view.meta["last_energy_at"])}
    del body["intervals"]
    return {**body, "page": page, "page_size": len(shown), "devices": devices}


def micro_telemetry(view: View, serial: str) -> Json:
    """Return the intervals of one micro.

    Raises:
        Refusal: the system has no such micro.
    """
    serials = hardware.micro_serials(view.system)
    if serial not in serials:
        raise refusals.not_found("Micro", serial)
    window = telemetry_window(view, "production_micro")
    rows = _of_micro(micro_intervals(view, window), serials.index(serial))
    body = envelope(view, window, 1, rows, view.meta["last_energy_at"])
    return {**body, "serial_number": serial}


def battery_telemetry(view: View, serial: str) -> Json:
    """Return the intervals of one battery.

    Raises:
        Refusal: the system has no such battery.
    """
    if serial != hardware.battery_serial(view.system):
        raise refusals.not_found("Encharge", serial)
    window = telemetry_window(view, "battery_charge")
    rows = [
        {
            "end_at": end,
            "charge": {"enwh": charged},
            "discharge": {"enwh": discharged},
            "soc": {"percent": percent},
        }
        for end, charged, discharged, percent in battery_intervals(view, window)
    ]
    return {
        **envelope(view, window, 1, rows, last_end(rows)),
        "serial_number": serial,
        "last_reported_time": view.cloud.newest(view.system, "battery_charge", view.now),
        "last_reported_soc": last_charge(view),
    }


def _of_micro(known: Intervals, number: int) -> Rows:
    reporting = known.devices_reporting
    share, rest = np.divmod(known.energy_wh, np.maximum(reporting, 1))
    energy_wh = (share + (number < rest))[reporting > number]
    ends = known.end_at[reporting > number]
    return [
        {"end_at": end, "powr": 12 * wh, "enwh": wh}
        for end, wh in zip(ends.tolist(), energy_wh.tolist(), strict=True)
    ]
