"""The partitions of the fleet: UTC days; sites are rows.

A site-local day is made in the transform, never here. The first day comes from the environment,
because Dagster needs it when definitions load; nothing else is read at import.
"""

import warnings
from collections.abc import Sequence
from datetime import date

import dagster as dg

from energy_pipeline.calendar import Days
from energy_pipeline.defs.early_settings import early_settings

# Beta in Dagster, and the only way to work a range of days as one run.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

_FIRST_DAY = str(early_settings("ENERGY_FIRST_DAY").energy_first_day)

FLEET_DAYS = dg.DailyPartitionsDefinition(start_date=_FIRST_DAY, timezone="UTC")

RUNNING_DAYS = dg.DailyPartitionsDefinition(start_date=_FIRST_DAY, timezone="UTC", end_offset=1)
"""The same days and the running one, for what is polled while it happens."""

ONE_RUN = dg.BackfillPolicy.single_run()
"""For every asset, also for the unpartitioned ones: a command-line range refuses any without it."""


def range_tags(days: Days) -> dict[str, str]:
    """Return the tags that make one run cover `days`."""
    return {RANGE_START: str(days.first), RANGE_END: str(days.last)}


def run_days(context: dg.AssetExecutionContext) -> Days:
    """Return the UTC days of a run.

    Raises:
        Failure: the run names none.
    """
    if not context.has_partition_key and not context.has_partition_key_range:
        raise dg.Failure(
            "the run names no partition; allowed: UTC days, as in --partition 2024-05-01 or "
            "--partition-range 2024-05-01...2024-05-31",
            allow_retries=False,
        )
    return days_of(context.partition_keys)


def days_of(partition_keys: Sequence[str]) -> Days:
    """Return the contiguous UTC days of a run's partition keys."""
    return Days(date.fromisoformat(partition_keys[0]), date.fromisoformat(partition_keys[-1]))
