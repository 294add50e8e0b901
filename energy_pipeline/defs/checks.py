"""Checks: what has to hold, who is told, and what is stopped.

Blocking are those whose failure means that our own numbers are wrong: nothing of that run goes to
EnerKey then. What is merely late, held or refused is told as a warning or an error that stops
nothing: the other sites go on. The rules themselves are in `steps/inspection.py` and `transform/`.
"""

from dataclasses import asdict

import dagster as dg

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.dataset import Dataset
from energy_pipeline.defs.energy import cumulative_readings, hourly_energy
from energy_pipeline.defs.enerkey import enerkey_consumption_upload, enerkey_cumulative_upload
from energy_pipeline.defs.enlighten import ENLIGHTEN_INTERVALS
from energy_pipeline.defs.findings import (
    ERROR,
    WARN,
    checked_days,
    checked_sites,
    looked_at,
    result_of,
)
from energy_pipeline.defs.metadata import Value
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.schema import (
    ENERKEY_CONSUMPTION_UPLOAD,
    ENERKEY_CUMULATIVE_UPLOAD,
    HOURLY_ENERGY,
)
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.steps.inspection import broken_chains, judge_totals, lost_energy
from energy_pipeline.steps.outstanding import open_days, unanswered_days, unverified_hours
from energy_pipeline.steps.upload_audit import audit

_LOCAL_DAYS = {
    "agrees": "local_days_that_agree",
    "disagrees": "local_days_that_disagree",
    "pending": "local_days_not_judged_yet",
}


@dg.asset_check(
    asset=hourly_energy,
    blocking=True,
    description="The hours hold the energy of their intervals, to 1e-6 Wh for each site.",
)
def energy_is_conserved(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Stop the upload when energy was lost or made on the way to the hours."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = lost_energy(bench, days)
    return result_of(found, ERROR, "sites whose energy differs", looked_at(context))


@dg.asset_check(
    asset=hourly_energy,
    blocking=True,
    description=(
        "The vendor's own total of each local day equals its intervals, to within 2 Wh or 0.1 %. "
        "A site whose days disagree is held by the upload; when no site agrees, the run stops. "
        "Days that a gateway knows in full are left out."
    ),
)
def agrees_with_daily_totals(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell of days that disagree; stop the upload when every site that can be judged does."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        verdict = judge_totals(bench, days)
    nobody_agrees = bool(verdict.disagreeing) and not verdict.agreeing_sites
    counted: dict[str, Value] = {shown: verdict.days[name] for name, shown in _LOCAL_DAYS.items()}
    severity = ERROR if nobody_agrees else WARN
    figures = looked_at(context) | counted
    return result_of(verdict.disagreeing, severity, "local days that disagree", figures)


@dg.asset_check(
    asset=cumulative_readings,
    blocking=True,
    description="Each reading follows from the one before and the hour between them.",
)
def register_chain_is_unbroken(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Stop the upload when a register jumps or falls."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = broken_chains(bench, days)
    return result_of(found, ERROR, "registers that break", looked_at(context))


@dg.asset_check(
    asset=hourly_energy,
    description="Every hour of the run is final; those that are not are late, or given up.",
)
def days_complete(
    context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
) -> dg.AssetCheckResult:
    """Tell which site-days are not final yet, the oldest first."""
    days = checked_days(context)
    with workbench.open(context, checked_sites(context)) as bench:
        found = open_days(bench, HOURLY_ENERGY, days)
    return result_of(found, WARN, "open site-days", looked_at(context))


def _every_site_answered(stream: Stream) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=ENLIGHTEN_INTERVALS[stream],
        name="every_site_answered",
        description="Enlighten has answered for every day of every site.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
    ) -> dg.AssetCheckResult:
        days = checked_days(context)
        with workbench.open(context, checked_sites(context)) as bench:
            found = unanswered_days(bench, stream, days)
        return result_of(
            found, ERROR, "sites with days that were never answered", looked_at(context)
        )

    return check


production_answered = _every_site_answered("production")
consumption_answered = _every_site_answered("consumption")
grid_import_answered = _every_site_answered("grid_import")
grid_export_answered = _every_site_answered("grid_export")
battery_charge_answered = _every_site_answered("battery_charge")
battery_discharge_answered = _every_site_answered("battery_discharge")


def _every_hour_verified(asset: dg.AssetsDefinition, dataset: Dataset) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name="every_hour_verified",
        description="EnerKey was seen to show every hour of the run; the others have a reason.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
    ) -> dg.AssetCheckResult:
        days = checked_days(context)
        with workbench.open(context, checked_sites(context)) as bench:
            found = unverified_hours(bench, dataset, days)
        return result_of(
            found, ERROR, "meters with hours that are not verified", looked_at(context)
        )

    return check


consumption_verified = _every_hour_verified(enerkey_consumption_upload, ENERKEY_CONSUMPTION_UPLOAD)
cumulative_verified = _every_hour_verified(enerkey_cumulative_upload, ENERKEY_CUMULATIVE_UPLOAD)


def _matches_ledger(asset: dg.AssetsDefinition, kind: Kind) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name="enerkey_matches_ledger",
        description="EnerKey still shows what was verified in the last 40 days, and only that.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, workbench: WorkbenchResource
    ) -> dg.AssetCheckResult:
        with workbench.open(context, checked_sites(context)) as bench:
            found = [asdict(finding) for finding in audit(bench, kind).findings]
        return result_of(found, ERROR, "hours that differ", {})

    return check


consumption_audit = _matches_ledger(enerkey_consumption_upload, "consumption")
cumulative_audit = _matches_ledger(enerkey_cumulative_upload, "cumulative")
