"""The history of polls, which Dagster would keep for ever: the runs that are old are forgotten.

A poll every five minutes is a hundred thousand runs a year, each with events of its own. The rows
are in the store; of the runs that are older than a week, one of each day is kept, so that the day's
partition stays shown as materialized.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from energy_pipeline.defs.jobs import poll_envoy

KEPT_FOR = timedelta(days=7)
_AT_ONCE = 5_000


def old_runs(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    """Return the ids of polls older than `KEPT_FOR`, without the last good one of each day."""
    wanted = dg.RunsFilter(job_name=poll_envoy.name, created_before=now - KEPT_FOR)
    records = instance.get_run_records(wanted, limit=_AT_ONCE, ascending=True)
    return forgettable((r.dagster_run, r.create_timestamp.date()) for r in records)


def forgettable(runs: Iterable[tuple[dg.DagsterRun, date]]) -> list[str]:
    """Return the ids of runs but for the last good one of each day; oldest first, as they come."""
    listed = list(runs)
    good = {day: run.run_id for run, day in listed if run.is_success}
    return [run.run_id for run, day in listed if good.get(day) != run.run_id]


@dg.op(description="Delete runs of poll_envoy older than a week, but for one of each day.")
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """Delete what is old from Dagster's history; the store is not touched."""
    found = old_runs(context.instance, datetime.now(UTC))
    for run_id in found:
        context.instance.delete_run(run_id)
    context.log.info(f"{len(found)} old runs of {poll_envoy.name} forgotten")


@dg.job(description="Forget old polls, of which Dagster would keep every run.")
def forget_old_polls() -> None:
    """Delete what is old from Dagster's history."""
    forget_old_runs()


@dg.schedule(
    job=forget_old_polls,
    cron_schedule="5 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,  # it runs only where polls have grown old
    description="Old polls, every day at 03:05 UTC; nothing is run while there are none.",
)
def old_polls(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run when there is something to forget."""
    found = old_runs(context.instance, context.scheduled_execution_time)
    return dg.RunRequest() if found else dg.SkipReason("no poll is older than a week")
