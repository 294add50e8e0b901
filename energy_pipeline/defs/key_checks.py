"""A check of the keys: EnerKey's end on a date, and a silent end stops everything."""

import dagster as dg

from energy_pipeline.defs.enerkey import enerkey_meters
from energy_pipeline.defs.findings import ERROR, WARN
from energy_pipeline.defs.metadata import Figures, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.steps.key_expiry import expiries


@dg.asset_check(
    asset=enerkey_meters,
    description=(
        "Every configured pair of EnerKey keys holds for more than 30 days; told again when 14, 7 "
        "and 1 days are left, in the end as an error."
    ),
)
def keys_hold(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell which keys end soon, or leave a gap between each other."""
    with workbench.open(context, ()) as bench:
        found = expiries(bench.settings, bench.clock.now())
    rows: list[Figures] = [{"keys": each.whose, "what": each.told} for each in found]
    is_urgent = any(each.is_urgent for each in found)
    return dg.AssetCheckResult(
        passed=not found,
        severity=ERROR if is_urgent else WARN,
        description="; ".join(each.told for each in found) or None,
        metadata=table("keys", rows),
    )
