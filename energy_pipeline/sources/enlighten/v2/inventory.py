"""Dialect v2: gateways, the inventory, and the system that a gateway belongs to."""

from typing import Annotated

from pydantic import Field

from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.devices import GATEWAY, INVERTER, METER, Device
from energy_pipeline.sources.enlighten.lenient import SERIAL, Instant, Label, OneList
from energy_pipeline.sources.enlighten.v2 import wire


class _Listed(Body):
    serial: Label = SERIAL
    name: Label = None
    model: Label = None
    part_number: Label = None
    sku: Label = None
    status: str | None = None
    state: str | None = None
    last_report_at: Instant = None

    def device(self, kind: str) -> Device:
        """Return it as a device of a kind."""
        return Device(
            kind=kind,
            serial=self.serial or self.name or "",
            name=self.name,
            model=self.model,
            part_number=self.part_number,
            sku=self.sku,
            status=self.status,
            is_enabled=None if self.state is None else self.state != shared.DISABLED,
            last_report_at=self.last_report_at,
        )


_List = Annotated[list[_Listed], OneList]


class _Inventory(Body):
    envoys: _List = Field(default_factory=list[_Listed])
    inverters: _List = Field(default_factory=list[_Listed])
    meters: _List = Field(default_factory=list[_Listed])


class _Envoys(Body):
    envoys: _List


class _Found(Body):
    system_id: int


async def inventory(ask: Ask, system_id: int) -> list[Device]:
    """Return every device in service; what a meter measures is not told.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.INVENTORY}"
    found = await ask_for(_Inventory, ask, path) or _Inventory()
    kinds = {GATEWAY: found.envoys, INVERTER: found.inverters, METER: found.meters}
    return [each.device(kind) for kind, listed in kinds.items() for each in listed]


async def envoys(ask: Ask, system_id: int) -> list[Device]:
    """Return the gateways in service, with their last reports.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.ENVOYS}"
    found = await ask_for(_Envoys, ask, path)
    return [each.device(GATEWAY) for each in found.envoys] if found else []


async def search_system_id(ask: Ask, gateway_serial: str) -> int | None:
    """Return the system of a gateway.

    Raises:
        NotFound: no gateway has that serial number.
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{wire.SEARCH_SYSTEM_ID}"
    found = await ask_for(_Found, ask, path, {wire.SERIAL_NUM: gateway_serial})
    return found.system_id if found else None
