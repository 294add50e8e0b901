"""Assets that show in Dagster what EnerKey sees: facilities, months, pictures, alarms.

None of them belongs to the daily run: they cost requests and change little from day to day.
"""

import dagster as dg
from pydantic import Field

from energy_pipeline.defs.assets import computed_asset, fetched_asset
from energy_pipeline.defs.enerkey import enerkey_meters
from energy_pipeline.defs.metadata import Figures, Value, picture, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.defs.wanted_reports import ReportsConfig, wanted_reports
from energy_pipeline.enerkey_schema import (
    ENERKEY_ALARMS,
    ENERKEY_FACILITIES,
    ENERKEY_FACILITY_REPORTS,
    ENERKEY_MONTHLY_VALUES,
    ENERKEY_SPECIFIC_CONSUMPTION,
)
from energy_pipeline.steps.enerkey_images import fetch_alarms, fetch_reports
from energy_pipeline.steps.enerkey_months import (
    ReadReport,
    compute_specific,
    refresh_facilities,
    refresh_months,
)

GROUP = "reports"


class LastMonthsConfig(dg.Config):
    """How far back months are read."""

    months: int = Field(default=24, ge=1, le=120, description="The last ones that are over.")


class PropertyConfig(dg.Config):
    """By which property of a facility its consumption is divided."""

    property: str = Field(default="grossArea", description="As EnerKey names it.")


class AlarmsConfig(dg.Config):
    """Which alarms are fetched; EnerKey lists none."""

    alarm_ids: list[int] = Field(
        default_factory=list, description="Ids from the alert e-mails; needs a partner's key."
    )


@fetched_asset(ENERKEY_FACILITIES, GROUP)
def enerkey_facilities(
    context: dg.AssetExecutionContext, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Fetch the facilities with their properties."""
    with workbench.open(context, ()) as bench:
        return dg.MaterializeResult(metadata=_read(refresh_facilities(bench)))


@fetched_asset(ENERKEY_MONTHLY_VALUES, GROUP, deps=[enerkey_meters])
def enerkey_monthly_values(
    context: dg.AssetExecutionContext, config: LastMonthsConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Read the months of every meter of the profile, plain and normalized."""
    with workbench.open(context, ()) as bench:
        report = refresh_months(bench, config.months)
    silent: list[Figures] = [{"meter without months": id} for id in report.silent]
    figures = _read(report) | {"meters": report.meters}
    return dg.MaterializeResult(metadata=figures | table("silent", silent))


@computed_asset(
    ENERKEY_SPECIFIC_CONSUMPTION,
    GROUP,
    deps=[enerkey_meters, enerkey_facilities, enerkey_monthly_values],
)
def enerkey_specific_consumption(
    context: dg.AssetExecutionContext, config: PropertyConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Divide the months by a property of the facility: an example of what EnerKey leaves to us."""
    with workbench.open(context, ()) as bench:
        rows = compute_specific(bench, config.property)
    return dg.MaterializeResult(metadata={"rows": rows, "property": config.property})


@fetched_asset(ENERKEY_FACILITY_REPORTS, GROUP)
def enerkey_facility_reports(
    context: dg.AssetExecutionContext, config: ReportsConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Fetch EnerKey's own pictures of facilities; the first png is shown here."""
    with workbench.open(context, ()) as bench:
        report = fetch_reports(bench, wanted_reports(config, bench))
    files: list[Figures] = [{"file": file} for file in report.files]
    failed: list[Figures] = [{"file": file, "why": why} for file, why in report.failed.items()]
    shown = {"picture": picture(report.png)} if report.png else {}
    figures: dict[str, Value] = {
        "pictures": len(report.files),
        "requests_spent": report.requests_spent,
    }
    return dg.MaterializeResult(
        metadata=figures | shown | table("files", files) | table("not fetched", failed)
    )


@fetched_asset(ENERKEY_ALARMS, GROUP)
def enerkey_alarms(
    context: dg.AssetExecutionContext, config: AlarmsConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Fetch the alarms of the run config and keep them with those from before."""
    with workbench.open(context, ()) as bench:
        report = fetch_alarms(bench, config.alarm_ids)
    rows: list[Figures] = [
        {
            "alarm": alarm.id,
            "name": alarm.name or "",
            "at": str(alarm.triggered_at or ""),
            "value": f"{alarm.value} {alarm.unit or ''}",
            "threshold": f"{alarm.threshold} {alarm.unit or ''}",
        }
        for alarm in report.alarms
    ]
    failed: list[Figures] = [{"alarm": id, "why": why} for id, why in report.failed.items()]
    figures: dict[str, Value] = {"alarms": len(rows), "requests_spent": report.requests_spent}
    return dg.MaterializeResult(
        metadata=figures | table("alarms fetched", rows) | table("not fetched", failed)
    )


def _read(report: ReadReport) -> dict[str, Value]:
    figures: dict[str, Value] = {"rows": report.rows, "requests_spent": report.requests_spent}
    if report.requests_left is not None:
        figures["requests_left_today"] = report.requests_left
    return figures
