"""Asset `enlighten_monthly_production` and its check: launched by a person, since it costs hits.

It is in no job: a hit per site and month, of which a small plan has few.
"""

import dagster as dg

from energy_pipeline.defs.assets import fetched_asset
from energy_pipeline.defs.config import MonthsConfig
from energy_pipeline.defs.enlighten import enlighten_daily_energy
from energy_pipeline.defs.enlighten_sites import GROUP
from energy_pipeline.defs.metadata import Figures, Value, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.defs.spending import failed, spent
from energy_pipeline.schema import ENLIGHTEN_MONTHLY_PRODUCTION
from energy_pipeline.steps.months import differing_months, fetch_months


@fetched_asset(ENLIGHTEN_MONTHLY_PRODUCTION, GROUP, deps=[enlighten_daily_energy])
def enlighten_monthly_production(
    context: dg.AssetExecutionContext, config: MonthsConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Fetch the months that are named, of sites in dialect v2, unless they are held."""
    with workbench.open(context, config.sites) as bench:
        report = fetch_months(bench, config.months, force=config.force)
    figures: dict[str, Value | dg.MetadataValue] = {
        "months": report.rows,
        "months_asked": report.asked,
    }
    return dg.MaterializeResult(metadata=figures | spent(report) | failed(report.failures))


@dg.asset_check(
    asset=enlighten_monthly_production,
    description=(
        "The vendor's total of each month equals the sum of its days, to within 2 Wh or 0.1 %; "
        "within 2 % where a meter counts the month and microinverters the days."
    ),
)
def months_agree_with_days(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell of months that differ from their days; it costs no hit."""
    with workbench.open(context, ()) as bench:
        found = differing_months(bench)
    rows: list[Figures] = [{name: str(value) for name, value in row.items()} for row in found]
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"months that differ: {len(found)}" if found else None,
        metadata=table("findings", rows),
    )
