"""The demo's partner: a plan, its import, and a deletion that is refused.

A simulated tenant of its own that really deletes, with a clock that waits for nobody; nothing of it
touches the demo's house.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from energy_pipeline.cli.provisioning import show_plans
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import SIMULATED_TENANT_KEY_A, EnerKeySimulator, profile
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.provisioning import plan_snapshot, provision, read_file
from energy_pipeline.workbench import Workbench, open_workbench

CUSTOMERS = (("C-1001", "Esimerkki Oy"), ("C-1002", "Toinen Oy"), ("C-1003", "Kolmas Oy"))
_FILE = """\
complete: true
existing_customers: 0
product_codes: ["1000"]
customers:
"""
_CUSTOMER = '  - {{externalCustomerId: {id}, externalCustomerName: {name}, productCode: "1000"}}\n'


class _VirtualSleep:
    """The simulator's clock as the work's: who waits moves it on."""

    def __init__(self, virtual: VirtualClock) -> None:
        self._virtual = virtual

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._virtual.now()

    async def sleep(self, seconds: float) -> None:
        """Move the clock on at once."""
        self._virtual.advance(seconds)
        await asyncio.sleep(0)


def show_provisioning(folder: Path) -> int:
    """Plan and import three customers, then leave one out; return how many EnerKey has then.

    Args:
        folder: the demo's, with its site file.
    """
    clock = VirtualClock(fixed=True)
    simulator = EnerKeySimulator(profile([]), clock)
    console = Console()
    with serve(simulator.app) as server:
        environ = {
            "ENERGY_SITES_FILE": str(folder / "sites.yaml"),
            "ENERGY_PROVISIONING_FILE": str(folder / "provisioning.yaml"),
            "ENERGY_DATA_URI": str(folder / "tenant"),
            "ENERGY_STATE_URL": f"sqlite:///{folder.absolute()}/tenant.db",
            "ENLIGHTEN_API": "v2",
            "ENERKEY_BASE_URL": server.base_url,
            "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
        }
        with open_workbench(environ=environ) as opened:
            bench = replace(opened, clock=_VirtualSleep(clock))
            console.print("A partner's tenant: `energy-pipeline provisioning plan` shows")
            _plan(bench, folder, CUSTOMERS)
            provision(bench, "customers")
            console.print(f"Sent: EnerKey has {len(simulator.customers)} customers now.")
            console.print("One customer is left out of the file; the same command shows")
            _plan(bench, folder, CUSTOMERS[:-1])
    kept = len(simulator.customers)
    console.print(f"Nothing was sent: EnerKey still has {kept} customers.")
    return kept


def _plan(bench: Workbench, folder: Path, customers: Sequence[tuple[str, str]]) -> None:
    entries = "".join(_CUSTOMER.format(id=id, name=name) for id, name in customers)
    (folder / "provisioning.yaml").write_text(_FILE + entries)
    show_plans([plan_snapshot(bench, "customers", read_file(bench))])
