"""The one resource: a workbench, opened per step from the environment.

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


@dg.definitions
def resources() -> dg.Definitions:
    """Give every asset the workbench; steps share one process, since each is short or waits."""
    return dg.Definitions(
        resources={"workbench": WorkbenchResource()}, executor=dg.in_process_executor
    )
