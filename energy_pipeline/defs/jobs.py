"""Jobs: what runs together.

One scheduled job for the chain from fetch to upload: one run, ordered by its dependencies, stopped
by blocking checks, visible as one thing. When it runs is in `schedules.py`.
"""

import dagster as dg

daily_energy = dg.define_asset_job(
    "daily_energy",
    selection=dg.AssetSelection.groups("enlighten", "energy", "enerkey"),
    description="Fetch, make hours and readings, upload and verify. A range of days is one run.",
)
