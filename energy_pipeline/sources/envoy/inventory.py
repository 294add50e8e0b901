"""What hangs on a gateway: the gateway itself, meters, inverters, relays, batteries.

Addresses of its network are in its answers too; they are not taken over.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from energy_pipeline.schema import ENVOY_INVENTORY
from energy_pipeline.sources.envoy.identity import GatewayInfo
from energy_pipeline.sources.envoy.json_values import (
    Members,
    flag,
    instant,
    members,
    number,
    objects,
    text,
    texts,
)
from energy_pipeline.sources.envoy.meters import parse_meters
from energy_pipeline.sources.envoy.replies import Replies, document
from energy_pipeline.sources.envoy.wire import Endpoint

INVENTORY_ENDPOINTS: Final = (
    Endpoint.METERS,
    Endpoint.INVENTORY,
    Endpoint.HOME,
    Endpoint.ENSEMBLE_INVENTORY,
    Endpoint.ENSEMBLE_POWER,
)
"""What has to be asked for an inventory; slow pages are among them, once a day is enough."""

_MILLI = 1000
_POWER_LISTS: Final = ("devices:", "devices")  # the colon really is in the name

_Row = dict[str, Any]


def inventory_rows(site: str, info: GatewayInfo, replies: Replies, polled_at: datetime) -> pa.Table:
    """Return a row per device, in the schema of `envoy_inventory`, sorted.

    Args:
        site: id of the site.
        info: what the gateway says of itself.
        replies: answers of `INVENTORY_ENDPOINTS`; what is not there adds nothing.
        polled_at: when the answers were received, aware.
    """
    rows = [
        _gateway(info, members(document(replies, Endpoint.HOME))),
        *_meters(document(replies, Endpoint.METERS)),
        *_devices(document(replies, Endpoint.INVENTORY)),
        *_batteries(replies),
    ]
    everywhere = {"site": site, "serial": info.serial, "polled_at": polled_at}
    by_device = {(row["kind"], row["device"]): row | everywhere for row in rows}
    table = pa.Table.from_pylist(list(by_device.values()), schema=ENVOY_INVENTORY.schema)
    return table.sort_by([(name, "ascending") for name in ENVOY_INVENTORY.sort_keys])


def _gateway(info: GatewayInfo, home: Members) -> _Row:
    network = members(home.get("network"))
    return {
        "kind": "gateway",
        "device": info.serial,
        "part_number": info.part_number,
        "software": info.software,
        "is_communicating": flag(network, "web_comm"),
        "last_report_at": instant(network, "last_enlighten_report_time"),
        "status": text(home, "update_status"),
        "timezone": text(home, "timezone"),
    }


def _meters(value: object) -> Iterator[_Row]:
    for meter in parse_meters(value):
        yield {
            "kind": "meter",
            "device": meter.measures,
            "is_operating": meter.is_enabled,
            "status": ", ".join(meter.complaints) or None,
        }


def _devices(value: object) -> Iterator[_Row]:
    for group in objects(value):
        kind = (text(group, "type") or "").lower()
        for device in objects(group.get("devices")):
            if serial := text(device, "serial_num"):
                yield {"kind": kind, "device": serial, **_device(device)}


def _device(device: Members) -> _Row:
    return {
        "part_number": text(device, "part_num"),
        "software": text(device, "img_pnum_running"),
        "phase": text(device, "phase"),
        "is_producing": flag(device, "producing"),
        "is_communicating": flag(device, "communicating"),
        "is_operating": flag(device, "operating"),
        "capacity_wh": number(device, "encharge_capacity"),
        "charge_percent": number(device, "percentFull"),
        "last_report_at": instant(device, "last_rpt_date"),
        "installed_at": instant(device, "installed"),
        "status": ", ".join(texts(device, "device_status")) or None,
    }


def _batteries(replies: Replies) -> Iterator[_Row]:
    powers_w = battery_powers_w(document(replies, Endpoint.ENSEMBLE_POWER))
    for row in _devices(document(replies, Endpoint.ENSEMBLE_INVENTORY)):
        yield {**row, "power_w": powers_w.get(row["device"])}


def battery_powers_w(value: object) -> Mapping[str, float]:
    """Read `/ivp/ensemble/power`: power by serial number, positive when a battery discharges."""
    powers = members(value)
    return {
        serial: power_mw / _MILLI
        for name in _POWER_LISTS
        for battery in objects(powers.get(name))
        if (serial := text(battery, "serial_num"))
        and (power_mw := number(battery, "real_power_mw")) is not None
    }
