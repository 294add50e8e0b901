"""The code location with its schedule ticking every minute: a daemon test cannot wait for 04:15."""

import dagster as dg

from energy_pipeline import definitions as location
from energy_pipeline.defs.jobs import daily_energy
from energy_pipeline.defs.schedules import trailing_days


@dg.schedule(
    job=daily_energy,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def trailing_days_every_minute(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request what the real schedule requests."""
    [request] = trailing_days.evaluate_tick(context).run_requests
    return dg.RunRequest(tags=request.tags)


@dg.definitions
def tested() -> dg.Definitions:
    return dg.Definitions.merge(
        location.definitions(), dg.Definitions(schedules=[trailing_days_every_minute])
    )
