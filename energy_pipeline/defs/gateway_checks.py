"""Checks of what gateways say; gaps in it are told by `hourly_energy` itself.

None of them stops anything: a silent gateway is silent for its own site alone, and of two meters
that differ nobody knows which one is right.
"""

from collections.abc import Sequence

import dagster as dg

from energy_pipeline.calendar import Days
from energy_pipeline.defs.energy import hourly_energy
from energy_pipeline.defs.metadata import Figures, table
from energy_pipeline.defs.partitions import days_of
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.steps.gateway_silence import LATE_AFTER, silent_gateways
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.steps.source_comparison import USUAL_PERCENT, differing_sources


def _days(context: dg.AssetCheckExecutionContext) -> Days:
    span = context.partition_key_range
    return days_of([span.start, span.end])


def _result(
    findings: Sequence[Finding], severity: dg.AssetCheckSeverity, description: str, days: Days
) -> dg.AssetCheckResult:
    rows: list[Figures] = [{name: str(value) for name, value in row.items()} for row in findings]
    return dg.AssetCheckResult(
        passed=not findings,
        severity=severity,
        description=f"{description}: {len(findings)}" if findings else None,
        metadata={"days": str(days)} | table("findings", rows),
    )


@dg.asset_check(
    asset="envoy_readings",
    description=(
        "Every gateway has shown a counter on each day that is over, and, while a day runs, in the "
        f"last {LATE_AFTER.seconds // 60} minutes, or three polls where these are rarer."
    ),
)
def every_gateway_answered(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell which gateways are silent."""
    days = _days(context)
    with workbench.open(context, ()) as bench:
        found = silent_gateways(bench, days)
    return _result(found, dg.AssetCheckSeverity.ERROR, "gateways that are silent", days)


@dg.asset_check(
    asset=hourly_energy,
    description=(
        f"Gateway and Enlighten differ by at most {USUAL_PERCENT:g} % on each day, over the hours "
        "that both know in full; that much is usual between two meters."
    ),
)
def gateway_and_enlighten_agree(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell of days on which the two sources of a stream differ by more than meters do."""
    days = _days(context)
    with workbench.open(context, ()) as bench:
        found = differing_sources(bench, days)
    return _result(found, dg.AssetCheckSeverity.WARN, "days that differ", days)
