"""Assets of energy itself: hours from intervals, register readings from hours."""

import dagster as dg

from energy_pipeline.defs.config import SitesConfig
from energy_pipeline.defs.enlighten import (
    enlighten_consumption,
    enlighten_daily_energy,
    enlighten_production,
)
from energy_pipeline.defs.metadata import add_days, add_to_last_day, column_schema, picture, table
from energy_pipeline.defs.partitions import FLEET_DAYS, ONE_RUN, days_of
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.report.pictures import hours_picture, register_picture
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.steps.cumulative import compute_cumulative
from energy_pipeline.steps.fleet_totals import fleet_by_hour
from energy_pipeline.steps.hourly import compute_hourly

GROUP = "energy"
OWNERS = ["team:energy"]


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet", "pyarrow"},
    code_version="1",
    deps=[enlighten_production, enlighten_consumption, enlighten_daily_energy],
    partitions_def=FLEET_DAYS,
    backfill_policy=ONE_RUN,
    description=HOURLY_ENERGY.description,
    metadata=column_schema(HOURLY_ENERGY),
)
def hourly_energy(
    context: dg.AssetExecutionContext, config: SitesConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Compute the hours of the run's days from what the store holds."""
    days = days_of(context.partition_keys)
    with workbench.open(context, config.sites) as bench:
        report = compute_hourly(bench, days)
        hours = fleet_by_hour(bench, HOURLY_ENERGY, "energy_wh", days)
        add_days(context, bench, HOURLY_ENERGY, days)
    incomplete = [{"site": s, "not final": text} for s, text in report.incomplete.items()]
    add_to_last_day(
        context,
        days,
        {"hours": picture(hours_picture(hours, days)), "incomplete": table(incomplete)},
    )
    return dg.MaterializeResult(
        metadata={
            "rows": report.rows,
            "hours_final": report.hours_final,
            "hours_open": report.hours_open,
            "sites_complete": len(report.complete),
            "sites_incomplete": len(report.incomplete),
            "days_refreshed": len(report.refreshed),
        }
        | {f"kwh_{stream}_of_range": wh / 1000 for stream, wh in report.energy_wh.items()}
    )


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet", "pyarrow"},
    code_version="1",
    deps=[hourly_energy],
    partitions_def=FLEET_DAYS,
    backfill_policy=ONE_RUN,
    description=CUMULATIVE_READINGS.description,
    metadata=column_schema(CUMULATIVE_READINGS),
)
def cumulative_readings(
    context: dg.AssetExecutionContext, config: SitesConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Compute the registers of the run's days from the opening readings and the hours."""
    days = days_of(context.partition_keys)
    with workbench.open(context, config.sites) as bench:
        report = compute_cumulative(bench, days)
        readings = fleet_by_hour(bench, CUMULATIVE_READINGS, "reading_wh", days)
        add_days(context, bench, CUMULATIVE_READINGS, days)
    open_from = [
        {"site": site, "stream": stream, "not final from": f"{at:%Y-%m-%d %H:%M} UTC"}
        for (site, stream), at in report.open_from.items()
    ]
    add_to_last_day(
        context,
        days,
        {"registers": picture(register_picture(readings, days)), "open": table(open_from)},
    )
    return dg.MaterializeResult(
        metadata={
            "rows": report.rows,
            "readings_final": report.readings_final,
            "registers_open": len(report.open_from),
            "days_refreshed": len(report.refreshed),
        }
    )
