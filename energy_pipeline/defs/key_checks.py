"""Checks of what opens the services: EnerKey's keys end on a date, an authorization when unused.

A silent end stops everything.
"""

from collections.abc import Sequence

import dagster as dg

from energy_pipeline.defs.enerkey import enerkey_meters
from energy_pipeline.defs.enlighten_sites import enlighten_systems
from energy_pipeline.defs.findings import ERROR, WARN
from energy_pipeline.defs.metadata import Figures, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.steps.authorization_standing import ending_authorizations
from energy_pipeline.steps.key_expiry import Expiry, expiries


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
        return _result_of(expiries(bench.settings, bench.clock.now()))


@dg.asset_check(
    asset=enlighten_systems,
    description=(
        "Every authorization of Enlighten's dialect v4 that a site needs holds for more than 7 "
        "days; told again when 1 day is left, then as an error. Each request that is made with it "
        "renews it for a month."
    ),
)
def authorizations_hold(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell whose refresh token runs out because nothing has used it."""
    with workbench.open(context, ()) as bench:
        return _result_of(ending_authorizations(bench))


def _result_of(found: Sequence[Expiry]) -> dg.AssetCheckResult:
    """Pass without findings; else show them, as an error when one of them cannot wait."""
    rows: list[Figures] = [{"keys": each.whose, "what": each.told} for each in found]
    return dg.AssetCheckResult(
        passed=not found,
        severity=ERROR if any(each.is_urgent for each in found) else WARN,
        description="; ".join(each.told for each in found) or None,
        metadata=table("keys", rows),
    )
