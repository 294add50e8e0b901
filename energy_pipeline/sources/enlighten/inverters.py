"""Every microinverter's lifetime energy and last power, which both dialects give in one form.

One request in v2. In v4 the answer comes in pages since 2026 and whole before: pages are asked for
until one brings nothing new.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, RootModel

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import (
    SERIAL,
    EnergyWh,
    Instant,
    Label,
    OneList,
    PowerW,
)

SUMMARY: Final = "inverters_summary_by_envoy_or_site"
SITE_ID: Final = "site_id"
LONGEST_PAGE: Final = 100


class Inverter(Body):
    """One microinverter: lifetime energy in Wh without the running day, last power in W."""

    serial: Label = SERIAL
    model: Label = None
    sku: Label = None
    part_number: Label = None
    status: str | None = None
    power_w: PowerW = Field(default=None, validation_alias="power_produced")
    energy_wh: EnergyWh = Field(default=None, validation_alias="energy")
    gateway_serial: Label = Field(default=None, validation_alias="envoy_serial_number")
    grid_profile: Label = None
    last_report_at: Instant = Field(default=None, validation_alias="last_report_date")


class _Gateway(Body):
    micro_inverters: Annotated[list[Inverter], OneList] = Field(default_factory=list[Inverter])


class _Summary(RootModel[list[_Gateway]]):
    """Microinverters by gateway."""


async def inverters(ask: Ask, systems: str, system_id: int, *, paged: bool) -> list[Inverter]:
    """Return every microinverter of a system.

    Args:
        ask: asks the dialect.
        systems: path of the dialect's systems.
        system_id: the system.
        paged: whether the dialect gives the list in pages.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    found: dict[str | None, Inverter] = {}
    page = 1
    while True:
        params: dict[str, Any] = {SITE_ID: str(system_id)}
        if paged:
            params |= {"page": str(page), "size": str(LONGEST_PAGE)}
        listed = await _page(ask, f"{systems}/{SUMMARY}", params)
        is_new = any(each.serial not in found for each in listed)
        found |= {each.serial: each for each in listed}
        if not paged or not is_new or len(listed) < LONGEST_PAGE:
            return list(found.values())
        page += 1


async def _page(ask: Ask, path: str, params: Mapping[str, str]) -> list[Inverter]:
    summary = await ask_for(_Summary, ask, path, params)
    gateways = summary.root if summary else []
    return [inverter for gateway in gateways for inverter in gateway.micro_inverters]
