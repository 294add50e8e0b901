"""Assets of Enlighten's energy: the intervals of each stream, and the vendor's own daily totals.

What is asked, and what never again, is decided in `steps/`; here is what a person reads of it.
"""

from datetime import datetime

import dagster as dg
import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.defs.assets import fetched_asset
from energy_pipeline.defs.config import FetchConfig, IntervalsConfig
from energy_pipeline.defs.enlighten_sites import GROUP, enlighten_devices, enlighten_systems
from energy_pipeline.defs.metadata import (
    Figures,
    Value,
    add_days,
    add_to_last_day,
    kwh,
    picture,
    table,
)
from energy_pipeline.defs.partitions import run_days
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.defs.spending import failed, spent
from energy_pipeline.report.pictures import coverage_picture, totals_picture
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.steps.daily_energy import fetch_daily_energy
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.steps.fetch_report import FetchReport
from energy_pipeline.steps.fleet_totals import fleet_by_local_day
from energy_pipeline.steps.outstanding import coverage_shares
from energy_pipeline.workbench import Workbench

_DAYS_SHOWN = 92


def _intervals_of(stream: Stream) -> dg.AssetsDefinition:
    dataset = INTERVALS[stream]

    @fetched_asset(dataset, GROUP, deps=[enlighten_systems, enlighten_devices])
    def intervals(
        context: dg.AssetExecutionContext, config: IntervalsConfig, workbench: WorkbenchResource
    ) -> dg.MaterializeResult:
        """Fetch what is not settled over the run's days; say what is held, open and failed."""
        days = run_days(context)
        with workbench.open(context, config.sites) as bench:
            report = fetch_intervals(
                bench,
                stream,
                days,
                force=config.force,
                since=_begun(context),
                spend_kept=config.spend_kept,
            )
            if report.sites:
                _show_days(context, bench, stream, report)
        return dg.MaterializeResult(metadata=_figures(report))

    return intervals


def _begun(context: dg.AssetExecutionContext) -> datetime | None:
    """Return when the run was made; what was asked since, this run has asked."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return record.create_timestamp if record else None


enlighten_production = _intervals_of("production")
enlighten_consumption = _intervals_of("consumption")
enlighten_grid_import = _intervals_of("grid_import")
enlighten_grid_export = _intervals_of("grid_export")
enlighten_battery_charge = _intervals_of("battery_charge")
enlighten_battery_discharge = _intervals_of("battery_discharge")

ENLIGHTEN_INTERVALS: dict[Stream, dg.AssetsDefinition] = {
    "production": enlighten_production,
    "consumption": enlighten_consumption,
    "grid_import": enlighten_grid_import,
    "grid_export": enlighten_grid_export,
    "battery_charge": enlighten_battery_charge,
    "battery_discharge": enlighten_battery_discharge,
}


# Not for their rows: totals are asked for after the intervals, for what these leave open.
@fetched_asset(ENLIGHTEN_DAILY_ENERGY, GROUP, deps=ENLIGHTEN_INTERVALS.values())
def enlighten_daily_energy(
    context: dg.AssetExecutionContext, config: FetchConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Fetch the totals of the whole life of the sites whose intervals are newer than they are."""
    with workbench.open(context, config.sites) as bench:
        report = fetch_daily_energy(bench, force=config.force)
        totals = fleet_by_local_day(bench, _DAYS_SHOWN)
    figures: dict[str, Value | dg.MetadataValue] = {
        "rows": report.days,
        "series_asked": report.asked,
        "kwh_of_last_days": _kwh_by_stream(totals),
        "totals": picture(totals_picture(totals)),
    }
    return dg.MaterializeResult(metadata=figures | spent(report) | failed(report.failures))


def _kwh_by_stream(totals: pa.Table) -> str:
    summed = totals.group_by("stream").aggregate([("energy_wh", "sum")]).sort_by("stream")
    told = [f"{row['stream']} {kwh(row['energy_wh_sum']):,}" for row in summed.to_pylist()]
    return f"{', '.join(told) or 'nothing'} in the last {_DAYS_SHOWN} days"


def _show_days(
    context: dg.AssetExecutionContext, bench: Workbench, stream: Stream, report: FetchReport
) -> None:
    """Give each day its figures, and the last one the picture and the table of sites."""
    dataset, days = INTERVALS[stream], report.days
    shares = coverage_shares(bench, dataset, days)
    add_days(context, bench, dataset, days)
    png = coverage_picture(shares, days, "share of each day with intervals (micros: no nights)")
    add_to_last_day(context, days, {"coverage": picture(png)} | table("sites", _sites(report)))


def _sites(report: FetchReport) -> list[Figures]:
    """The sites, those that need a look first."""
    ordered = [*report.of("failed"), *report.of("incomplete"), *report.of("complete")]
    return [
        {
            "site": site.site,
            "verdict": site.verdict,
            "kWh": kwh(site.energy_wh),
            "days settled": site.days_settled,
            "days open": site.days_open,
            "reason": site.reason,
        }
        for site in ordered
    ]


def _figures(report: FetchReport) -> dict[str, Value]:
    figures: dict[str, Value] = {
        "days": str(report.days),
        "rows": report.rows,
        "rows_fetched": report.rows_fetched,
        "kwh_of_range": kwh(report.energy_wh),
        "sites_complete": len(report.of("complete")),
        "sites_incomplete": len(report.of("incomplete")),
        "sites_failed": len(report.of("failed")),
    }
    if report.without_device:
        figures["sites_without_a_device"] = ", ".join(
            f"{site} ({advice})" if advice else site
            for site, advice in report.without_device.items()
        )
    if report.ended_by:
        figures["missing"] = _missing(report)
    return figures | spent(report)


def _missing(report: FetchReport) -> str:
    site_days: list[tuple[str, Days]] = list(report.missing)
    total = sum(len(days) for _, days in site_days)
    first = ", ".join(f"{site} {days}" for site, days in site_days[:5])
    return f"{total} site-days: {first}{', ...' if len(site_days) > 5 else ''}"
