"""Assets polled from gateways: counters, reports of inverters, and what the gateways are.

One poll feeds two datasets, so their assets are one step. What is asked and kept is decided in
`steps/poll.py`; here is what a person reads of it.
"""

from collections.abc import Iterator

import dagster as dg

from energy_pipeline.dataset import Dataset
from energy_pipeline.defs.assets import ASKS, CODE_VERSION, OWNERS, fetched_asset
from energy_pipeline.defs.config import SitesConfig
from energy_pipeline.defs.metadata import Figures, Value, add_days, column_schema, table
from energy_pipeline.defs.partitions import ONE_RUN, RUNNING_DAYS, days_of
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.schema import ENVOY_INVENTORY
from energy_pipeline.steps.inventory import take_inventory
from energy_pipeline.steps.poll import POLLED, PollReport, poll

GROUP = "envoy"


def _polled(dataset: Dataset) -> dg.AssetSpec:
    return dg.AssetSpec(
        dataset.name,
        group_name=GROUP,
        owners=OWNERS,
        kinds=set(ASKS),
        code_version=CODE_VERSION,
        description=dataset.description,
        metadata=column_schema(dataset),
        skippable=True,  # when a person has selected the other one alone
    )


@dg.multi_asset(
    name="envoy_readings",  # under which run config is found, as for every other asset
    specs=[_polled(dataset) for dataset in POLLED],
    can_subset=True,
    partitions_def=RUNNING_DAYS,
    backfill_policy=ONE_RUN,  # and no retry policy: the next poll is the retry
)
def envoy_polls(
    context: dg.AssetExecutionContext, config: SitesConfig, workbench: WorkbenchResource
) -> Iterator[dg.MaterializeResult]:
    """Poll every gateway once when the running day is among those of the run."""
    if not context.has_partition_key and not context.has_partition_key_range:
        raise dg.Failure(
            "found no partition; allowed: a UTC day, of which the running one is polled: "
            '--partition "$(date -u +%F)"',
            allow_retries=False,
        )
    days = days_of(context.partition_keys)
    wanted = [each for each in POLLED if dg.AssetKey(each.name) in context.selected_asset_keys]
    with workbench.open(context, config.sites) as bench:
        report = poll(bench, days, wanted)
        for dataset in wanted:
            add_days(context, bench, dataset, days)
    if report.over:
        context.log.warning(
            f"{report.over}: a gateway keeps no history; nothing was polled for what is over, "
            "and what is held stays as it is"
        )
    for dataset in wanted:
        yield dg.MaterializeResult(asset_key=dataset.name, metadata=_figures(report, dataset))


def _figures(report: PollReport, dataset: Dataset) -> dict[str, Value | dg.MetadataValue]:
    figures: dict[str, Value | dg.MetadataValue] = {"polled": report.is_polled}
    if not report.is_polled:
        return figures
    return figures | {
        "gateways": len(report.gateways),
        "gateways_failed": len(report.failures),
        "rows_added": report.added[dataset.name],
        "rows_without_a_day": report.undated,
        "requests": sum(each.requests for each in report.gateways),
        **table("said", _said(report)),
    }


def _said(report: PollReport) -> list[Figures]:
    """The gateways of which a person should know something, those that failed first."""
    failed = [{"site": site, "what": reason} for site, reason in report.failures.items()]
    remarks = [
        {"site": each.site, "what": remark} for each in report.gateways for remark in each.remarks
    ]
    return [*failed, *remarks]


@fetched_asset(ENVOY_INVENTORY, GROUP)
def envoy_inventory(
    context: dg.AssetExecutionContext, config: SitesConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Ask every gateway what it is and what hangs on it."""
    with workbench.open(context, config.sites) as bench:
        report = take_inventory(bench)
    failed = [{"site": site, "what": reason} for site, reason in report.failures.items()]
    remarks = [{"site": s, "what": said} for s, each in report.remarks.items() for said in each]
    return dg.MaterializeResult(
        metadata={
            "gateways": len(report.gateways),
            "gateways_failed": len(report.failures),
        }
        | table("said", [*failed, *remarks])
        | {f"devices_{kind}": count for kind, count in report.devices.items()}
    )
