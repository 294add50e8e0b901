"""Dialect v2: gateways, the inventory, the micros' summary, and systems by gateway."""

from energy_pipeline.simulators.enlighten import hardware
from energy_pipeline.simulators.enlighten.dataset import Fleet, System
from energy_pipeline.simulators.enlighten.inverters import by_gateway, micro_rows
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.v2 import refusals
from energy_pipeline.simulators.enlighten.v2.bodies import Json, View


def system_by_gateway(serial: str | None, fleet: Fleet) -> System:
    """Return the system of a gateway.

    Raises:
        Refusal: no gateway has that serial number.
    """
    found = fleet.with_gateway(serial or "")
    if found is None:
        raise refusals.no_such_gateway()
    return found


def system_by_site_id(site_id: str | None, fleet: Fleet) -> System:
    """Return the system of a query's `site_id`.

    Raises:
        Refusal: there is none.
    """
    found = fleet.systems.get(int(site_id)) if site_id and site_id.isdecimal() else None
    if found is None:
        raise refusals.no_such_site(site_id or "")
    return found


def envoys_body(view: View) -> Json:
    """Return the active gateways."""
    system, meta = view.system, view.meta()
    serial = system.gateway_serial
    envoy = {
        "envoy_id": hardware.gateway_id(system),
        "last_report_at": meta["last_report_at"],
        "name": f"Envoy {serial}",
        "part_number": hardware.GATEWAY_PART,
        "serial_number": serial,
        "status": "comm" if meta["status"] == "comm" else "normal",
    }
    return {"system_id": system.system_id, "envoys": [envoy]}


def inventory_body(view: View) -> Json:
    """Return the devices that are not retired."""
    system = view.system
    gateway = {
        "sn": system.gateway_serial,
        "model": hardware.GATEWAY_MODEL,
        "sku": hardware.GATEWAY_SKU,
    }
    micro = {"model": hardware.MICRO_MODEL, "sku": hardware.MICRO_SKU}
    meter = {"manufacturer": "Enphase Energy", "model": hardware.METER_MODEL}
    working = {"status": "normal", "state": "enabled"}
    return {
        "system_id": system.system_id,
        "envoys": [gateway],
        "inverters": [{"sn": serial, **micro} for serial in hardware.micro_serials(system)],
        "meters": [
            {"sn": each.serial_number, **meter, **working} for each in hardware.meters(system)
        ],
        "meta": view.meta(),
    }


def inverters_summary(view: View, switches: Switches) -> list[Json]:
    """Return every micro with its energy up to yesterday, by gateway."""
    return by_gateway(micro_rows(view.cloud, view.system, view.now, switches))
