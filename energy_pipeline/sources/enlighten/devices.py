"""A device of a site as either dialect lists it, and the streams that a site's devices measure.

How a dialect lists devices is in `v2/inventory.py` and `v4/devices.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.configuration.sites import STREAMS, Production, Stream

GATEWAY, INVERTER, METER, BATTERY, AC_BATTERY = (
    "gateway",
    "inverter",
    "meter",
    "battery",
    "ac_battery",
)

_PRODUCTION: frozenset[Stream] = frozenset({"production"})
# A meter at the grid or at the house: Enlighten derives the other one from it and production.
_HOUSE: frozenset[Stream] = frozenset({"consumption", "grid_import", "grid_export"})
_STORED: frozenset[Stream] = frozenset({"battery_charge", "battery_discharge"})
_BY_KIND = {INVERTER: _PRODUCTION, BATTERY: _STORED, AC_BATTERY: _STORED}
_BY_PLACE = {"production": _PRODUCTION, "net": _HOUSE, "total": _HOUSE}
_BY_CHANNEL = {"EIM1": _PRODUCTION, "EIM2": _HOUSE}  # inferred: how meters are numbered
_LONGEST_SUFFIX = 4


@dataclass(frozen=True, slots=True)
class Device:
    """One device that is in service.

    Args:
        kind: gateway, inverter, meter, battery, ...; the vendor's own word for what is not known.
        serial: serial number; its name where it has none, else empty.
        name: name in Enlighten.
        model: type of device.
        part_number: the vendor's part.
        sku: the vendor's article.
        status: state at the time of the answer.
        is_enabled: whether it is switched on in Enlighten; None when not told, as mostly.
        measures: of a meter: production, net (at the grid) or total (at the house); None: not told.
        last_report_at: last report, aware; None when not told, or never.
    """

    kind: str
    serial: str
    name: str | None = None
    model: str | None = None
    part_number: str | None = None
    sku: str | None = None
    status: str | None = None
    is_enabled: bool | None = None
    measures: str | None = None
    last_report_at: datetime | None = None


def measured_streams(devices: Iterable[Device]) -> frozenset[Stream]:
    """Return what these devices can measure; of a meter that does not tell, everything."""
    found: set[Stream] = set()
    for device in devices:
        if device.is_enabled is not False:
            found |= _metered(device) if device.kind == METER else _BY_KIND.get(device.kind, set())
    return frozenset(found)


def production_by(devices: Iterable[Device]) -> frozenset[Production]:
    """Return by which of their kinds these devices can measure production."""
    used = [device for device in devices if device.is_enabled is not False]
    found: set[Production] = set()
    if any(device.kind == INVERTER for device in used):
        found.add("micro")
    if any(device.kind == METER and "production" in _metered(device) for device in used):
        found.add("meter")
    return frozenset(found)


def _metered(meter: Device) -> frozenset[Stream]:
    if meter.measures in _BY_PLACE:
        return _BY_PLACE[meter.measures]
    return _BY_CHANNEL.get(meter.serial[-_LONGEST_SUFFIX:], frozenset(STREAMS))
