"""Assets at EnerKey: the meters as it has them, and both uploads.

How an hour gets there once and only once is decided in `sinks/enerkey/`; here is what a person
reads of it.
"""

from collections.abc import Iterator

import dagster as dg

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.defs.assets import fetched_asset
from energy_pipeline.defs.config import UploadConfig
from energy_pipeline.defs.energy import cumulative_readings, hourly_energy
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
from energy_pipeline.defs.rehearsals import observe_rehearsal
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.report.pictures import coverage_picture
from energy_pipeline.schema import (
    ENERKEY_CONSUMPTION_UPLOAD,
    ENERKEY_CUMULATIVE_UPLOAD,
    ENERKEY_METERS,
)
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.steps.outstanding import verified_shares
from energy_pipeline.steps.upload import upload
from energy_pipeline.steps.upload_rehearsal import rehearse
from energy_pipeline.steps.upload_report import UploadReport
from energy_pipeline.steps.upload_rows import UPLOADS
from energy_pipeline.workbench import Workbench

GROUP = "enerkey"


@fetched_asset(ENERKEY_METERS, GROUP)
def enerkey_meters(
    context: dg.AssetExecutionContext, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Bring the inventory up to date unless it is younger than a day."""
    with workbench.open(context, ()) as bench:
        report = refresh_meters(bench, force=False)
    refused = [{"meter": id, "nothing is sent": why} for id, why in report.refused.items()]
    figures: dict[str, Value | dg.MetadataValue] = {
        "meters": report.meters,
        "facilities": report.facilities,
        "requests_spent": report.requests_spent,
    }
    told = _told(report.key_warning, "key")
    return dg.MaterializeResult(metadata=figures | told | table("refused", refused))


@fetched_asset(
    ENERKEY_CONSUMPTION_UPLOAD,
    GROUP,
    deps=[hourly_energy, enerkey_meters],
    may_be_rehearsed=True,
)
def enerkey_consumption_upload(
    context: dg.AssetExecutionContext, config: UploadConfig, workbench: WorkbenchResource
) -> Iterator[dg.MaterializeResult]:
    """Push final hours to meters that take consumption, and verify them."""
    yield from _uploaded(context, config, workbench, "consumption")


@fetched_asset(
    ENERKEY_CUMULATIVE_UPLOAD,
    GROUP,
    deps=[cumulative_readings, enerkey_meters],
    may_be_rehearsed=True,
)
def enerkey_cumulative_upload(
    context: dg.AssetExecutionContext, config: UploadConfig, workbench: WorkbenchResource
) -> Iterator[dg.MaterializeResult]:
    """Push final readings to meters that take a register, and verify them."""
    yield from _uploaded(context, config, workbench, "cumulative")


def _uploaded(
    context: dg.AssetExecutionContext,
    config: UploadConfig,
    workbench: WorkbenchResource,
    kind: Kind,
) -> Iterator[dg.MaterializeResult]:
    """Upload, or say what an upload would do; the latter makes nothing."""
    days, released = run_days(context), config.release_meters
    with workbench.open(context, config.sites) as bench:
        if config.dry_run or bench.settings.enerkey_read_only:
            observe_rehearsal(context, rehearse(bench, kind, days, release_meters=released))
        else:
            report = upload(bench, kind, days, release_meters=released)
            yield _result(context, bench, report)


def _result(
    context: dg.AssetExecutionContext, bench: Workbench, report: UploadReport
) -> dg.MaterializeResult:
    """Say what became of every hour of the run."""
    days, dataset = report.days, UPLOADS[report.kind]
    add_days(context, bench, dataset, days)
    _add_findings(context, bench, report, dataset, days)
    figures: dict[str, Value] = {
        "days": str(days),
        "meters": report.meters,
        "messages_sent": report.messages,
        "hours_verified": report.hours_verified,
        "hours_accepted": report.hours_accepted,
        "hours_held": report.hours_held,
        "hours_refused": report.hours_refused,
        "sites_complete": len(report.complete),
        "sites_incomplete": len(report.incomplete),
        "requests_spent": report.requests_spent,
    }
    if report.requests_left is not None:
        figures["requests_left_today"] = report.requests_left
    energy = {f"kwh_{stream}_verified": kwh(wh) for stream, wh in report.energy_wh.items()}
    told = _told(report.key_warning, "key") | _told(report.stopped, "stopped")
    if report.goes_on_at is not None:
        told["goes_on_at"] = f"{report.goes_on_at:%Y-%m-%d %H:%M} UTC"
    return dg.MaterializeResult(metadata=figures | energy | told)


def _add_findings(
    context: dg.AssetExecutionContext,
    bench: Workbench,
    report: UploadReport,
    dataset: Dataset,
    days: Days,
) -> None:
    reasons: list[Figures] = [
        {"hours": count, "reason": label} for label, count in report.reasons.items()
    ]
    refused: list[Figures] = [
        {"meter": meter_id, "nothing is sent": why}
        for meter_id, why in report.refused_meters.items()
    ]
    shares = verified_shares(bench, dataset, days)
    png = coverage_picture(shares, days, "share of each meter's hours that is verified")
    tables = table("not verified", reasons) | table("refused", refused)
    add_to_last_day(context, days, {"verified": picture(png)} | tables)


def _told(text: str | None, name: str) -> dict[str, Value]:
    return {name: text} if text else {}
