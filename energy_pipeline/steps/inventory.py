"""Asset `envoy_inventory`: what the gateways are and what hangs on them.

Some of the pages are slow; once a day is enough. A site whose gateway does not answer keeps what
was held of it.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from energy_pipeline.schema import ENVOY_INVENTORY
from energy_pipeline.sources.envoy.devices import GatewayInventory, inspect_gateways
from energy_pipeline.sources.envoy.fleet import FailedGateway
from energy_pipeline.steps.gateways import begun_sites, open_fleet, refuse_nothing
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class InventoryReport:
    """What the gateways said of themselves.

    Args:
        devices: how many of each kind the gateways have that answered.
        gateways: sites whose gateway answered.
        failures: why the others did not, by site.
        remarks: what a person should know, by site.
    """

    devices: Mapping[str, int]
    gateways: tuple[str, ...]
    failures: Mapping[str, str]
    remarks: Mapping[str, tuple[str, ...]]


def take_inventory(bench: Workbench, environ: Mapping[str, str] | None = None) -> InventoryReport:
    """Ask the gateways of the workbench's sites what they have, and keep it.

    Args:
        bench: what to work with.
        environ: where the variables of ready tokens are; None is this process's environment.

    Raises:
        NothingDone: no gateway answered.
        StoreError: rows cannot be written.
    """
    fleet, failures = open_fleet(bench, begun_sites(bench), environ)
    found = asyncio.run(inspect_gateways(fleet))
    taken = [each for each in found if isinstance(each, GatewayInventory)]
    failures += [each for each in found if isinstance(each, FailedGateway)]
    refuse_nothing(taken, failures)
    sites = tuple(each.site for each in taken)
    rows = pa.concat_tables([ENVOY_INVENTORY.empty(), *(each.devices for each in taken)])
    kinds: list[str] = rows["kind"].to_pylist()  # pyright: ignore[reportAssignmentType]
    bench.store.replace_in_snapshot(ENVOY_INVENTORY, sites, rows)
    return InventoryReport(
        devices=dict(sorted(Counter(kinds).items())),
        gateways=sites,
        failures={failure.site: str(failure.error) for failure in failures},
        remarks={each.site: each.remarks for each in taken if each.remarks},
    )
