"""One function per asset: what a run of it does, without Dagster."""
