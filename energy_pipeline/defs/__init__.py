"""The outer ring: thin Dagster definitions over `steps/`.

One module per Dagster concept; an asset reads its window and config, calls one step and reports
metadata. Rules about energy, windows and pushes are in `transform/`, `steps/` and `sinks/`.
"""
