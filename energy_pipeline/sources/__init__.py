"""Where energy comes from: one package per vendor, plain Python, no Dagster."""
