"""Assets of energy itself: hours from intervals and counters, register readings from hours."""

import dagster as dg

from energy_pipeline.defs.assets import computed_asset
from energy_pipeline.defs.config import HourlyConfig, SitesConfig
from energy_pipeline.defs.enlighten import ENLIGHTEN_INTERVALS, enlighten_daily_energy
from energy_pipeline.defs.metadata import (
    Figures,
    add_days,
    add_to_last_day,
    kwh,
    picture,
    table,
)
from energy_pipeline.defs.partitions import run_days
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.report.pictures import hours_picture, register_picture
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.steps.cumulative import compute_cumulative
from energy_pipeline.steps.fleet_totals import fleet_by_hour, fleet_registers
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.hourly_report import HourlyReport

GROUP = "energy"


@computed_asset(
    HOURLY_ENERGY,
    GROUP,
    deps=[
        *ENLIGHTEN_INTERVALS.values(),
        enlighten_daily_energy,
        dg.AssetKey("envoy_readings"),
    ],
    checks=[
        dg.AssetCheckSpec(
            "no_long_gaps",
            asset="hourly_energy",
            description=(
                "All energy that gateways counted is in hours: none was silent for longer than "
                "its site's bridge_hours."
            ),
        )
    ],
)
def hourly_energy(
    context: dg.AssetExecutionContext, config: HourlyConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Compute the hours of the run's days from what the store holds."""
    days = run_days(context)
    with workbench.open(context, config.sites) as bench:
        report = compute_hourly(bench, days, config.bridge_long_gaps)
        hours = fleet_by_hour(bench, HOURLY_ENERGY, "energy_wh", days)
        add_days(context, bench, HOURLY_ENERGY, days)
    incomplete = [{"site": s, "not final": text} for s, text in report.incomplete.items()]
    add_to_last_day(
        context,
        days,
        {"hours": picture(hours_picture(hours, days))} | table("incomplete", incomplete),
    )
    return dg.MaterializeResult(
        metadata={
            "days": str(days),
            "rows": report.rows,
            "hours_final": report.hours_final,
            "hours_open": report.hours_open,
            "sites_complete": len(report.complete),
            "sites_incomplete": len(report.incomplete),
            "days_refreshed": len(report.refreshed),
        }
        | {f"kwh_{stream}_of_range": kwh(wh) for stream, wh in report.energy_wh.items()},
        check_results=[_long_gaps(report)],
    )


def _long_gaps(report: HourlyReport) -> dg.AssetCheckResult:
    """Tell of energy that belongs to no hour, with its total."""
    total_kwh = kwh(sum(gap.energy_wh or 0.0 for gap in report.unbooked))
    rows: list[Figures] = [
        {
            "site": gap.site,
            "stream": gap.stream,
            "from": f"{gap.start:%Y-%m-%d %H:%M} UTC",
            "to": f"{gap.end:%Y-%m-%d %H:%M} UTC",
            "kWh": "not known" if gap.energy_wh is None else str(kwh(gap.energy_wh)),
        }
        for gap in report.unbooked
    ]
    said = f"{total_kwh} kWh of long gaps belong to no hour; bridge_long_gaps would spread them"
    return dg.AssetCheckResult(
        passed=not rows,
        check_name="no_long_gaps",
        severity=dg.AssetCheckSeverity.WARN,
        description=said if rows else None,
        metadata={"unbooked_kwh": total_kwh} | table("gaps", rows),
    )


@computed_asset(CUMULATIVE_READINGS, GROUP, deps=[hourly_energy])
def cumulative_readings(
    context: dg.AssetExecutionContext, config: SitesConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Compute the registers of the run's days from the opening readings and the hours."""
    days = run_days(context)
    with workbench.open(context, config.sites) as bench:
        report = compute_cumulative(bench, days)
        readings = fleet_registers(bench, days)
        add_days(context, bench, CUMULATIVE_READINGS, days)
    open_from = [
        {"site": site, "stream": stream, "not final from": f"{at:%Y-%m-%d %H:%M} UTC"}
        for (site, stream), at in report.open_from.items()
    ]
    add_to_last_day(
        context,
        days,
        {"registers": picture(register_picture(readings, days))} | table("open", open_from),
    )
    return dg.MaterializeResult(
        metadata={
            "days": str(days),
            "rows": report.rows,
            "readings_final": report.readings_final,
            "registers_open": len(report.open_from),
            "days_refreshed": len(report.refreshed),
        }
    )
