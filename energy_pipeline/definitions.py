"""The Dagster code location: everything under `defs/`, nothing else."""

from pathlib import Path

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Load every definition of the package `defs`."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
