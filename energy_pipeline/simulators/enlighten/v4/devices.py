"""Dialect v4: the devices of a system, systems by gateway, and the micros' summary."""

from typing import Any

from energy_pipeline.simulators.enlighten import hardware
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.inverters import by_gateway, micro_rows
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Call, Json, View
from energy_pipeline.simulators.enlighten.v4.parameters import positive

_PAGE, _LONGEST_PAGE = 10, 100
_CONFIG_TYPE = {"production": "Production", "consumption": "Net", "storage": "Total"}
_LABELLED = {"feoc_compliant": False, "dom_compliant": False}


def devices(view: View) -> Json:
    """Return the active devices by type; a type without devices is left out."""
    possible = {
        "micros": _micros(view),
        "meters": _meters(view),
        "gateways": [_gateway(view)],
        "encharges": _batteries(view),
    }
    found = {kind: rows for kind, rows in possible.items() if rows}
    return {
        "system_id": view.system.system_id,
        "total_devices": sum(len(rows) for rows in found.values()),
        "items": "devices",
        "devices": found,
    }


def retrieve_system_id(call: Call) -> Json:
    """Return the system of a gateway.

    Raises:
        Refusal: no serial number, an unknown one, or one of somebody else.
    """
    serial = call.params.get("serial_num")
    if not serial:
        raise refusals.unprocessable("Provide envoy serial number")
    return {"system_id": call.view(_by_gateway(call, serial)).system.system_id}


def inverters_summary(call: Call) -> list[Json]:
    """Return the micros of a gateway or site with their energy up to yesterday.

    Raises:
        Refusal: neither gateway nor site is given, or it is unknown or of somebody else.
    """
    view = call.view(_system_asked_for(call))
    rows = micro_rows(view.cloud, view.system, view.now, view.switches)
    if view.switches.docs == "2026":
        page = positive(call.params, "page", 1)
        size = min(positive(call.params, "size", _PAGE), _LONGEST_PAGE)
        rows = rows[(page - 1) * size : page * size]
    return by_gateway(rows)


def _system_asked_for(call: Call) -> System:
    serial, site_id = (call.params.get(name) for name in ("envoy_serial_number", "site_id"))
    if serial:
        return _by_gateway(call, serial)
    if not site_id:
        raise refusals.unprocessable("Envoy serial number or Site id mandatory")
    found = call.fleet.systems.get(int(site_id)) if site_id.isdecimal() else None
    if found is None:
        raise refusals.unprocessable(f"Couldn't find Site with 'id'={site_id}")
    return found


def _by_gateway(call: Call, serial: str) -> System:
    found = call.fleet.with_gateway(serial)
    if found is None:
        raise refusals.no_such_gateway()
    return found


def _micros(view: View) -> list[Json]:
    reported = view.cloud.newest(view.system, "production_micro", view.now)
    model = {
        "part_number": hardware.MICRO_PART,
        "sku": hardware.MICRO_SKU,
        "model": hardware.MICRO_MODEL,
        "product_name": "IQ7+",
    }
    return [
        _device(hardware.micro_id(view.system, n), f"Microinverter {serial}", serial, reported)
        | model
        | _LABELLED
        for n, serial in enumerate(hardware.micro_serials(view.system))
    ]


def _meters(view: View) -> list[Json]:
    model = {
        "part_number": hardware.GATEWAY_PART,
        "sku": None,
        "model": hardware.METER_MODEL,
        "state": "enabled",
        "config_phase": "single",
        "product_name": "IQ Gateway",
    }
    return [
        _device(
            each.id,
            each.use,
            each.serial_number,
            view.cloud.newest(view.system, each.streams[0], view.now),
        )
        | {**model, "config_type": _CONFIG_TYPE[each.use]}
        for each in hardware.meters(view.system)
    ]


def _gateway(view: View) -> Json:
    system = view.system
    serial, reported = system.gateway_serial, view.meta["last_report_at"]
    modem = {
        "imei": "352009119900112",
        "part_num": "860-00157-r01",
        "sku": "CELLMODEM-M1",
        "plan_start_date": system.operational_at,
        "plan_end_date": system.operational_at + 5 * 365 * 86_400,
    }
    return {
        **_device(hardware.gateway_id(system), f"Gateway {serial}", serial, reported),
        "part_number": hardware.GATEWAY_PART,
        "emu_sw_version": "D8.3.5167 (f1d2c3)",
        "sku": hardware.GATEWAY_SKU,
        "model": hardware.GATEWAY_MODEL,
        "status": "comm" if view.meta["status"] == "comm" else "normal",
        "product_name": "IQ Gateway",
        **({"cellular_modem": modem} if system.connection_type == "cellular" else {}),
    }


def _batteries(view: View) -> list[Json]:
    serial = hardware.battery_serial(view.system)
    if serial is None:
        return []
    reported = view.cloud.newest(view.system, "battery_charge", view.now)
    known = _device(hardware.battery_id(view.system), f"IQ Battery {serial}", serial, reported)
    model = {
        "part_number": hardware.BATTERY_PART,
        "sku": hardware.BATTERY_SKU,
        "model": "",
        "product_name": "IQ Battery 5P",
    }
    return [{**known, **model, **_LABELLED}]


def _device(number: int, name: str, serial: str, reported: int | None) -> dict[str, Any]:
    return {
        "id": number,
        "last_report_at": reported,
        "name": name,
        "serial_number": serial,
        "status": "normal",
        "active": True,
    }
