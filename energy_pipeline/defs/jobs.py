"""Jobs: what runs together.

One scheduled job for the chain from fetch to upload: one run, ordered by its dependencies, stopped
by blocking checks, visible as one thing. Gateways are polled beside it, since what is not polled in
time is lost. When jobs run is in `schedules.py`.
"""

import dagster as dg

daily_energy = dg.define_asset_job(
    "daily_energy",
    selection=dg.AssetSelection.groups("enlighten", "energy", "enerkey")
    # Nothing else is made of these, and a small plan has few hits.
    - dg.AssetSelection.assets("enlighten_events", "enlighten_monthly_production"),
    description="Fetch, make hours and readings, upload and verify. A range of days is one run.",
)

poll_envoy = dg.define_asset_job(
    "poll_envoy",
    selection=dg.AssetSelection.assets("envoy_readings", "envoy_inverters"),
    description="Poll every gateway now; the partition is that of the running UTC day.",
    tags={
        "dagster/priority": "1",  # minutes of it are lost while it waits, of the others none
        "dagster/max_runtime": "600",
    },
)

inspect_envoy = dg.define_asset_job(
    "inspect_envoy",
    selection=dg.AssetSelection.assets("envoy_inventory"),
    description="Ask every gateway what it is and what hangs on it.",
)

watch_enlighten = dg.define_asset_job(
    "watch_enlighten",
    selection=dg.AssetSelection.assets("enlighten_systems", "enlighten_events"),
    description="Ask Enlighten what happened at the sites; two or three hits per site in v4.",
)

read_enerkey = dg.define_asset_job(
    "read_enerkey",
    selection=dg.AssetSelection.groups("reports") - dg.AssetSelection.assets("enerkey_alarms"),
    description="Show what EnerKey sees: facilities, months, specific consumption, pictures.",
)

provisioning = dg.define_asset_job(
    "provisioning",
    selection=dg.AssetSelection.groups("provisioning"),
    description="Send a partner's customers, then their facilities and meters; off until set up.",
)
