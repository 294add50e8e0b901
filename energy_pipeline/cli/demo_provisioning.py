"""The demo's partner: a plan, its import, and a deletion that is refused.

The tenant is that of the demo's EnerKey, which really deletes; the demo's houses have a profile of
their own in it that no snapshot names. The page that is opened afterwards finds all of it again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
from rich.console import Console

from energy_pipeline.cli.provisioning import show_plans
from energy_pipeline.clock import SystemClock
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


class _Impatient:
    """The machine's clock for who need not wait: the demo's imports are over at once."""

    def now(self) -> datetime:
        """Return the present instant."""
        return SystemClock().now()

    async def sleep(self, _seconds: float) -> None:
        """Wait for nothing."""
        await asyncio.sleep(0)


def show_provisioning(environment: Mapping[str, str]) -> int:
    """Plan and import three customers, then leave one out; return how many EnerKey has then.

    Args:
        environment: the demo's, whose EnerKey is being served.
    """
    console = Console()
    with open_workbench(environ=environment) as opened:
        bench = replace(opened, clock=_Impatient())
        console.print("A partner's tenant: `energy-pipeline provisioning plan` shows")
        _plan(bench, CUSTOMERS)
        provision(bench, "customers")
        console.print(f"Sent: EnerKey has {_customers(environment)} customers now.")
        console.print("One customer is left out of the file; the same command shows")
        _plan(bench, CUSTOMERS[:-1])
    kept = _customers(environment)
    console.print(f"Nothing was sent: EnerKey still has {kept} customers.")
    return kept


def _customers(environment: Mapping[str, str]) -> int:
    """Ask the simulator itself; EnerKey has no call for it."""
    answer = httpx.get(f"{environment['ENERKEY_BASE_URL']}/_sim/state", timeout=60)
    return len(answer.raise_for_status().json()["provisioned"]["customers"])


def _plan(bench: Workbench, customers: Sequence[tuple[str, str]]) -> None:
    entries = "".join(_CUSTOMER.format(id=id, name=name) for id, name in customers)
    Path(bench.settings.energy_provisioning_file).write_text(_FILE + entries)
    show_plans([plan_snapshot(bench, "customers", read_file(bench))])
