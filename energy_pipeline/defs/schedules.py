"""Schedules: when jobs run, and over which days.

Dagster does not catch up missed ticks, and vendors deliver late; so the daily run covers the
trailing days. Days that are final cost no request and no message. A poll that was missed is lost:
the counters go on, so the energy is spread over the hours between its neighbours.
"""

import dagster as dg

from energy_pipeline.calendar import DAY
from energy_pipeline.defs.early_settings import early_settings
from energy_pipeline.defs.jobs import (
    daily_energy,
    inspect_envoy,
    poll_envoy,
    provisioning,
    read_enerkey,
    watch_enlighten,
)
from energy_pipeline.defs.partitions import range_tags
from energy_pipeline.steps import budget

_POLL_MINUTES = early_settings("ENVOY_POLL_MINUTES").envoy_poll_minutes


@dg.schedule(
    job=daily_energy,
    cron_schedule="15 4 * * *",  # yesterday's last hours have settled, and Europe's night is quiet
    execution_timezone="UTC",
    description=(
        f"The last {budget.TRAILING_DAYS} days, every day at 04:15 UTC: late data heals itself."
    ),
)
def trailing_days(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request one run over the days up to yesterday."""
    yesterday = context.scheduled_execution_time.date() - DAY
    return dg.RunRequest(tags=range_tags(budget.trailing_days(yesterday)))


@dg.schedule(
    job=poll_envoy,
    cron_schedule=f"*/{_POLL_MINUTES} * * * *",
    execution_timezone="UTC",
    description=f"Every gateway, every {_POLL_MINUTES} minutes; a gateway keeps no history.",
)
def gateway_polls(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request a poll into the running day."""
    return dg.RunRequest(partition_key=str(context.scheduled_execution_time.date()))


gateway_inventory = dg.ScheduleDefinition(
    name="gateway_inventory",
    job=inspect_envoy,
    cron_schedule="35 10 * * *",  # far from the nightly restart of gateways from India to the USA
    execution_timezone="UTC",
    description="What the gateways are, once a day.",
)

enlighten_watch = dg.ScheduleDefinition(
    name="enlighten_watch",
    job=watch_enlighten,
    cron_schedule="45 5 * * *",  # after the daily run: what is left of the plan may go here
    execution_timezone="UTC",
    description="Status, events and alarms of the sites, once a day.",
)

nightly_provisioning = dg.ScheduleDefinition(
    name="nightly_provisioning",
    job=provisioning,
    cron_schedule="45 1 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,  # a deletion is for ever: a person turns it on
    description="A partner's customers, facilities and meters; no change costs next to nothing.",
)

months_of_enerkey = dg.ScheduleDefinition(
    name="months_of_enerkey",
    job=read_enerkey,
    cron_schedule="30 6 3 * *",  # the last hours of the month before have arrived
    execution_timezone="UTC",
    description="Months, specific consumption and pictures, on the third of each month.",
)
