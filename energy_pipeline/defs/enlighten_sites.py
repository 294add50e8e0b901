"""Assets of what Enlighten says of the sites besides energy: systems, devices, events.

What is asked, and how seldom, is decided in `steps/`; energy is in `enlighten.py`.
"""

import dagster as dg

from energy_pipeline.defs.assets import fetched_asset
from energy_pipeline.defs.config import FetchConfig
from energy_pipeline.defs.metadata import Figures, Value, table
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.defs.spending import failed, spent
from energy_pipeline.schema import ENLIGHTEN_DEVICES, ENLIGHTEN_EVENTS, ENLIGHTEN_SYSTEMS
from energy_pipeline.steps.devices import fetch_devices, streams_of_devices
from energy_pipeline.steps.events import fetch_events, going_on
from energy_pipeline.steps.systems import fetch_systems

GROUP = "enlighten"


@fetched_asset(ENLIGHTEN_SYSTEMS, GROUP)
def enlighten_systems(
    context: dg.AssetExecutionContext, config: FetchConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Bring the list of systems up to date unless it is younger than 12 hours."""
    with workbench.open(context, config.sites) as bench:
        report = fetch_systems(bench, force=config.force)
    without_site = ", ".join(map(str, report.without_site)) or "none"
    figures: dict[str, Value | dg.MetadataValue] = {
        "systems": report.systems,
        "sites_not_listed": ", ".join(report.not_listed) or "none",
        "systems_without_a_site": without_site,
    }
    return dg.MaterializeResult(metadata=figures | spent(report) | failed(report.failures))


@fetched_asset(ENLIGHTEN_DEVICES, GROUP)
def enlighten_devices(
    context: dg.AssetExecutionContext, config: FetchConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Bring the devices up to date unless they are of today."""
    with workbench.open(context, config.sites) as bench:
        report = fetch_devices(bench, force=config.force)
        streams = streams_of_devices(bench)
    figures: dict[str, Value | dg.MetadataValue] = {
        "devices": report.rows,
        "sites_asked": report.asked,
    }
    measured: list[Figures] = [
        {"site": site, "can be measured": ", ".join(sorted(found)) or "nothing"}
        for site, found in streams.items()
    ]
    shown = table("streams", measured) | failed(report.failures)
    return dg.MaterializeResult(metadata=figures | spent(report) | shown)


@fetched_asset(
    ENLIGHTEN_EVENTS,
    GROUP,
    deps=[enlighten_systems],  # their statuses are in it
)
def enlighten_events(
    context: dg.AssetExecutionContext, config: FetchConfig, workbench: WorkbenchResource
) -> dg.MaterializeResult:
    """Add what has happened since the last look, and close what is over."""
    with workbench.open(context, config.sites) as bench:
        report = fetch_events(bench, force=config.force)
        open_rows = going_on(bench)
    figures: dict[str, Value | dg.MetadataValue] = {
        "rows": report.rows,
        "sites_asked": report.asked,
        "going_on": len(open_rows),
    }
    listed: list[Figures] = [
        {
            "site": row["site"],
            "kind": row["kind"],
            "what": str(row["event_name"] or row["status"]),
            "since": str(row["started_at"] or "unknown"),
        }
        for row in open_rows
    ]
    shown = table("what_goes_on", listed) | failed(report.failures)
    return dg.MaterializeResult(metadata=figures | spent(report) | shown)
