"""Dialect v4: the devices of a system by kind, and the system that a gateway belongs to."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.devices import (
    AC_BATTERY,
    BATTERY,
    GATEWAY,
    INVERTER,
    METER,
    Device,
)
from energy_pipeline.sources.enlighten.lenient import SERIAL, Flag, Instant, Label
from energy_pipeline.sources.enlighten.v4 import wire

_KINDS = {
    "gateways": GATEWAY,
    "micros": INVERTER,
    "meters": METER,
    "encharges": BATTERY,
    "acbs": AC_BATTERY,
    "enpowers": "system_controller",
    "q_relays": "relay",
    "ev_chargers": "ev_charger",
    "heat_pump": "heat_pump",
    "iq_collars": "collar",
    "generators": "generator",
}


class _Listed(Body):
    serial: Label = SERIAL
    name: Label = None
    model: Label = None
    part_number: Label = None
    sku: Label = Field(default=None, validation_alias=AliasChoices("sku", "SKU"))
    status: str | None = None
    active: Flag = None
    state: str | None = None
    config_type: str | None = None
    last_report_at: Instant = None

    def device(self, kind: str) -> Device:
        """Return it as a device of a kind."""
        is_off = self.active is False or self.state == shared.DISABLED
        is_told = self.active is not None or self.state is not None
        return Device(
            kind=kind,
            serial=self.serial or self.name or "",
            name=self.name,
            model=self.model,
            part_number=self.part_number,
            sku=self.sku,
            status=self.status,
            is_enabled=not is_off if is_told else None,
            measures=self.config_type.lower() if self.config_type else None,
            last_report_at=self.last_report_at,
        )


def _lists_of_objects(value: object) -> object:
    """Return the kinds that are lists; a lone object is a list of it, other things are no kind."""
    if not isinstance(value, dict):
        return value
    kinds: dict[str, Any] = value
    lists = {name: [v] if isinstance(v, dict) else v for name, v in kinds.items()}
    return {name: v for name, v in lists.items() if (name in _KINDS and v) or _has_objects(v)}


def _has_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


class _Devices(Body):
    devices: Annotated[dict[str, list[_Listed]], BeforeValidator(_lists_of_objects)]


class _Found(Body):
    system_id: int


async def devices(ask: Ask, system_id: int) -> list[Device]:
    """Return every active device of a system.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.DEVICES}"
    found = await ask_for(_Devices, ask, path)
    kinds = found.devices if found else {}
    return [
        each.device(_KINDS.get(kind, kind)) for kind, listed in kinds.items() for each in listed
    ]


async def retrieve_system_id(ask: Ask, gateway_serial: str) -> int | None:
    """Return the system of a gateway.

    Raises:
        NotFound: no gateway in service has that serial number.
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{wire.RETRIEVE_SYSTEM_ID}"
    found = await ask_for(_Found, ask, path, {wire.SERIAL_NUM: gateway_serial})
    return found.system_id if found else None
