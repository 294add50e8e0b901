"""Assets of a partner's tenant: the snapshots of customers, facilities and meters.

They stand apart from the daily job: another key, another schedule. Plans and guards are in
`sinks/enerkey/provisioning/`; here is what a person reads of them.
"""

import dagster as dg

from energy_pipeline.defs.assets import fetched_asset
from energy_pipeline.defs.config import SnapshotConfig
from energy_pipeline.defs.metadata import Value, table
from energy_pipeline.defs.resources import TenantResource
from energy_pipeline.enerkey_schema import ENERKEY_CUSTOMER_SNAPSHOT, ENERKEY_FACILITY_SNAPSHOT
from energy_pipeline.errors import QuotaSpent, ServiceError
from energy_pipeline.sinks.enerkey.provisioning.plan import Plan
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind
from energy_pipeline.sinks.enerkey.session import keys_of
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.steps.provisioning import (
    Confirmed,
    PlanRefused,
    PlanReport,
    ProvisionReport,
    provision,
)
from energy_pipeline.workbench import Workbench

GROUP = "provisioning"


@fetched_asset(ENERKEY_CUSTOMER_SNAPSHOT, GROUP)
def enerkey_customer_snapshot(
    context: dg.AssetExecutionContext, config: SnapshotConfig, tenant: TenantResource
) -> dg.MaterializeResult:
    """Send all customers, unless somebody would be lost whom the run does not name."""
    with tenant.open(context) as bench:
        report = _provisioned(bench, "customers", config)
        return dg.MaterializeResult(metadata=_told(report))


@fetched_asset(ENERKEY_FACILITY_SNAPSHOT, GROUP, deps=[enerkey_customer_snapshot])
def enerkey_facility_snapshot(
    context: dg.AssetExecutionContext, config: SnapshotConfig, tenant: TenantResource
) -> dg.MaterializeResult:
    """Send all facilities and meters, then fetch the inventory with the ids they got."""
    with tenant.open(context) as bench:
        report = _provisioned(bench, "facilities", config)
        return dg.MaterializeResult(metadata=_told(report) | _inventory(bench, report))


def _provisioned(bench: Workbench, kind: Kind, config: SnapshotConfig) -> ProvisionReport:
    confirmed = Confirmed(frozenset(config.confirm_delete), config.confirm_plan)
    try:
        return provision(bench, kind, confirmed)
    except PlanRefused as refused:
        raise _failure(refused.report) from None


def _failure(report: PlanReport) -> dg.Failure:
    """Say who would be lost, and with which words a person can allow it."""
    reasons = "\n".join(f"- {reason}" for reason in report.refusals)
    return dg.Failure(
        description=f"nothing was sent:\n{reasons}",
        metadata={"plan_hash": report.plan.hash, **table("plan", report.plan.rows())},
        allow_retries=False,
    )


def _told(report: ProvisionReport) -> dict[str, Value | dg.MetadataValue]:
    figures: dict[str, Value | dg.MetadataValue] = {
        **_planned(report.plan),
        "requests_spent": report.requests_spent,
    }
    if report.requests_left is not None:
        figures["requests_left_today"] = report.requests_left
    if report.key_warning:
        figures["key"] = report.key_warning
    end = report.end
    if end is None:
        return figures | {"enerkey": "nothing to send"}
    said = "already had it (208)" if end.was_known else "took it (202)"
    counts = {
        "created": end.status.created,
        "updated": end.status.updated,
        "deleted": end.status.deleted,
    }
    told: dict[str, Value] = {
        f"enerkey_{name}": count for name, count in counts.items() if count is not None
    }
    return figures | told | {"enerkey": f"{said}, {end.status.word}", "run_id": end.run_id}


def _planned(plan: Plan) -> dict[str, Value | dg.MetadataValue]:
    counts: dict[str, Value | dg.MetadataValue] = {
        "listed": plan.after,
        "added": len(plan.added),
        "changed": len(plan.changed),
        "renamed": len(plan.renamed),
        "deleted": len(plan.deleted),
        "plan_hash": plan.hash,
    }
    return counts | table("plan", plan.rows())


def _inventory(bench: Workbench, report: ProvisionReport) -> dict[str, Value | dg.MetadataValue]:
    """Fetch the meters with the ids that EnerKey gave them, where a profile's key is there."""
    if report.end is None or report.plan.is_empty or not keys_of(bench.settings, "API"):
        return {}
    try:
        return {"meters_in_profile": refresh_meters(bench).meters}
    except (ServiceError, QuotaSpent) as error:
        return {"meters_in_profile": f"not fetched: {error}"}
