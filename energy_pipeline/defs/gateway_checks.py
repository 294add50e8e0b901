"""Checks of what gateways say; gaps in it are told by `hourly_energy` itself.

Only hours that do not hold what the counters counted stop the upload. A silent gateway is silent
for its own site alone, and of two meters that differ nobody knows which one is right.
"""

import dagster as dg

from energy_pipeline.defs.energy import hourly_energy
from energy_pipeline.defs.findings import (
    ERROR,
    WARN,
    checked_days,
    checked_sites,
    looked_at,
    result_of,
)
from energy_pipeline.defs.metadata import TABLE_ROWS, Figures, Value, kwh, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.steps.gateway_conservation import lost_gateway_energy
from energy_pipeline.steps.gateway_signs import STANDBY_WH, strange_hours
from energy_pipeline.steps.gateway_silence import LATE_AFTER, silent_gateways
from energy_pipeline.steps.inspection import Finding
from energy_pipeline.steps.source_comparison import (
    USUAL_PERCENT,
    differing_days,
    source_differences,
    worst_first,
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
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = silent_gateways(bench, days)
    return result_of(found, ERROR, "gateways that are silent", looked_at(context))


@dg.asset_check(
    asset=hourly_energy,
    blocking=True,
    description=(
        "The hours of gateways hold what the counters counted: between the least and the most that "
        "the samples around them allow, and 2 Wh for rounding."
    ),
)
def counted_energy_is_conserved(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Stop the upload when energy was lost or made between the counters and the hours."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = lost_gateway_energy(bench, days)
    return result_of(found, ERROR, "stretches whose energy differs", looked_at(context))


@dg.asset_check(
    asset=hourly_energy,
    description=(
        f"Gateway and Enlighten differ by at most {USUAL_PERCENT:g} % on each day, over the hours "
        "that both know in full; that much is usual between two meters. The metadata shows the "
        "largest differences, usual ones as well."
    ),
)
def gateway_and_enlighten_agree(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell of days on which the two sources of a stream differ by more than meters do."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        compared = source_differences(bench, days)
    shown = [_difference(row) for row in worst_first(compared).slice(0, TABLE_ROWS).to_pylist()]
    counted: dict[str, Value] = {"days_compared": compared.num_rows}
    figures = looked_at(context) | counted | table("differences", shown)
    return result_of(differing_days(compared), WARN, "days that differ", figures)


@dg.asset_check(
    asset=hourly_energy,
    description=(
        f"No gateway shows a load below zero, nor more than {STANDBY_WH:g} Wh of sun from 01:00 to "
        "02:00 at the site. Summers beyond the polar circles have that sun."
    ),
)
def gateway_hours_are_plausible(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell of hours that no house has: look at the direction and the place of the clamps."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = strange_hours(bench, days)
    return result_of(found, WARN, "hours that no house has", looked_at(context))


def _difference(row: Finding) -> Figures:
    percent = row["difference_percent"]
    return {
        "site": row["site"],
        "stream": row["stream"],
        "day": str(row["day"]),
        "hours": str(row["hours"]),
        "Enlighten, kWh": str(kwh(row["enlighten_wh"])),
        "gateway, kWh": str(kwh(row["gateway_wh"])),
        "difference": "no share of 0" if percent is None else f"{percent:+.2f} %",
    }
