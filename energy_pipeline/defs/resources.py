"""The resources: a workbench, opened per step from the environment, and one for the tenant.

No secret is configured in Dagster: the environment is read when a step runs, so no run, event or
page can show one. There are no pools: see
`docs/decisions/`.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import dagster as dg

from energy_pipeline.clock import Clock, SystemClock
from energy_pipeline.defs.failures import told_as_failure
from energy_pipeline.defs.progress import log_progress
from energy_pipeline.sinks.enerkey.session import keys_of
from energy_pipeline.workbench import Workbench, open_workbench


class WorkbenchResource(dg.ConfigurableResource[None]):
    """Opens the workbench of one step."""

    def clock(self) -> Clock:
        """Return the clock of the work; tests override it."""
        return SystemClock()

    @contextmanager
    def open(
        self,
        context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
        sites: Sequence[str],
    ) -> Generator[Workbench]:
        """Open a workbench for `sites` (none: all) that logs its progress to the run."""
        with (
            told_as_failure(),
            log_progress(context.log) as progress,
            open_workbench(sites, clock=self.clock(), progress=progress) as bench,
        ):
            yield bench


class TenantResource(WorkbenchResource):
    """Opens the workbench for what the key of a whole tenant may do, once that is configured."""

    @contextmanager
    def open(
        self,
        context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
        sites: Sequence[str] = (),
    ) -> Generator[Workbench]:
        """Open a workbench.

        Raises:
            Failure: no tenant key is set: provisioning is off.
        """
        with super().open(context, sites) as bench:
            if not keys_of(bench.settings, "TENANT"):
                raise dg.Failure(
                    "provisioning is off: for a partner's tenant, set ENERKEY_TENANT_KEY_A and "
                    "write provisioning.yaml after provisioning.example.yaml",
                    allow_retries=False,
                )
            yield bench


@dg.definitions
def resources() -> dg.Definitions:
    """Give every asset its workbench; steps share one process, since each is short or waits."""
    return dg.Definitions(
        resources={"workbench": WorkbenchResource(), "tenant": TenantResource()},
        executor=dg.in_process_executor,
    )
