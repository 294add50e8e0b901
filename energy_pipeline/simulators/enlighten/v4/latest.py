"""Dialect v4: the last known power of every meter channel and battery."""

from typing import Any

from energy_pipeline.simulators.enlighten import hardware
from energy_pipeline.simulators.enlighten.dataset import Stream
from energy_pipeline.simulators.enlighten.v4.call import Json, View

_FORGOTTEN_AFTER_S = 7 * 86_400
_QUARTERS_PER_HOUR = 4
_IDLE = "Idle"


def latest_telemetry(view: View) -> Json:
    """Return power per channel; the third is not connected, older values than a week are null.

    The consumption meter is a net meter: it shows what comes from the grid, negative for export.
    """
    possible = {"meters": _meters(view), "encharges": _batteries(view)}
    return {
        "system_id": view.system.system_id,
        "items": "devices",
        "devices": {kind: rows for kind, rows in possible.items() if rows},
    }


def _meters(view: View) -> list[Json]:
    flows: dict[str, tuple[Stream, Stream | None]] = {
        "production": ("production_meter", None),
        "consumption": ("grid_import", "grid_export"),
    }
    rows: list[Json] = []
    for meter in hardware.meters(view.system):
        if meter.use not in flows:
            continue
        at, power_w = _power(view, *flows[meter.use])
        halves = (None, None) if power_w is None else (power_w // 2, power_w - power_w // 2)
        for channel, (seen, watts) in enumerate(
            [(at, halves[0]), (at, halves[1]), (None, None)], 1
        ):
            rows.append(_row(meter.id, meter.use, channel, seen, watts))
    return rows


def _batteries(view: View) -> list[Json]:
    serial = hardware.battery_serial(view.system)
    if serial is None:
        return []
    at, power_w = _power(view, "battery_discharge", "battery_charge")
    mode = _IDLE if not power_w else "Discharging" if power_w > 0 else "Charging"
    row = _row(hardware.battery_id(view.system), f"IQ Battery {serial}", 1, at, power_w)
    return [{**row, "operational_mode": mode}]


def _power(view: View, plus: Stream, minus: Stream | None) -> tuple[int | None, int | None]:
    """Return the newest mark and the mean power of its interval."""
    newest = view.cloud.newest(view.system, plus, view.now)
    if newest is None or view.now - newest > _FORGOTTEN_AFTER_S:
        return None, None
    energy_wh = _energy_wh(view, plus, newest)
    if minus is not None:
        energy_wh -= _energy_wh(view, minus, newest)
    return newest, energy_wh * _QUARTERS_PER_HOUR


def _energy_wh(view: View, stream: Stream, end_at: int) -> int:
    known = view.cloud.intervals(view.system, stream, end_at - 1, end_at, view.now)
    return int(known.energy_wh.sum())


def _row(
    number: int, name: str, channel: int, at: int | None, power_w: int | None
) -> dict[str, Any]:
    return {"id": number, "name": name, "channel": channel, "last_report_at": at, "power": power_w}
