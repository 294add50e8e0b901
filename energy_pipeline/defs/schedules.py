"""Schedules: when jobs run, and over which days.

Dagster does not catch up missed ticks, and vendors deliver late; so the daily run covers the
trailing days. Days that are final cost no request and no message.
"""

import dagster as dg

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.defs.jobs import daily_energy
from energy_pipeline.defs.partitions import range_tags

TRAILING_DAYS = 7  # late data is given up after a week: ENERGY_GIVE_UP_DAYS


@dg.schedule(
    job=daily_energy,
    cron_schedule="15 4 * * *",  # yesterday's last hours have settled, and Europe's night is quiet
    execution_timezone="UTC",
    description=f"The last {TRAILING_DAYS} days, every day at 04:15 UTC: late data heals itself.",
)
def trailing_days(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request one run over the days up to yesterday."""
    last = context.scheduled_execution_time.date() - DAY
    return dg.RunRequest(tags=range_tags(Days(last - (TRAILING_DAYS - 1) * DAY, last)))
