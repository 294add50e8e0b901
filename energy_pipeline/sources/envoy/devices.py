"""Inventories of gateways: what they are and what hangs on them; once a day is enough."""

from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from energy_pipeline.sources.envoy.fleet import FailedGateway, Fleet, Gateway
from energy_pipeline.sources.envoy.inventory import INVENTORY_ENDPOINTS, inventory_rows
from energy_pipeline.sources.envoy.replies import Unavailable


@dataclass(frozen=True, slots=True)
class GatewayInventory:
    """What hangs on a gateway.

    Args:
        site: id of the site.
        serial: of the gateway.
        devices: in the schema of `envoy_inventory`, sorted.
        remarks: what a person should know.
    """

    site: str
    serial: str
    devices: pa.Table
    remarks: tuple[str, ...]


async def inspect_gateways(fleet: Fleet) -> list[GatewayInventory | FailedGateway]:
    """Take the inventory of all gateways of a fleet side by side; in their order."""
    return await fleet.each(partial(inspect_gateway, fleet))


async def inspect_gateway(fleet: Fleet, gateway: Gateway) -> GatewayInventory:
    """Take the inventory of one gateway.

    Raises:
        EnergyPipelineError: as `poll_gateway` says.
    """
    async with fleet.conversation(gateway) as session:
        replies = {endpoint: await session.get(endpoint) for endpoint in INVENTORY_ENDPOINTS}
    silent = [f"{e.value}: {r.why}" for e, r in replies.items() if isinstance(r, Unavailable)]
    return GatewayInventory(
        site=gateway.site,
        serial=gateway.access.serial,
        devices=inventory_rows(gateway.site, session.info, replies, fleet.clock.now()),
        remarks=(*session.remarks, *silent),
    )
