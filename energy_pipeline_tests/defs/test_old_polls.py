"""Old polls are forgotten, one of each day is kept, and nothing else is touched."""

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import dagster as dg
import pytest

from energy_pipeline.defs.old_polls import (
    KEPT_FOR,
    forget_old_polls,
    forgettable,
    old_polls,
    old_runs,
)

LATER = datetime.now(UTC) + KEPT_FOR + timedelta(days=1)
SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def instance() -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def a_run(status: dg.DagsterRunStatus = SUCCESS, job: str = "poll_envoy") -> dg.DagsterRun:
    return dg.DagsterRun(job_name=job, run_id=str(uuid4()), status=status)


def test_the_last_good_run_of_each_day_stays():
    days = [
        date(2024, 6, 1),
        date(2024, 6, 1),
        date(2024, 6, 1),
        date(2024, 6, 2),
        date(2024, 6, 3),
    ]
    runs = [a_run(), a_run(), a_run(FAILURE), a_run(FAILURE), a_run()]
    kept = {runs[1].run_id, runs[4].run_id}
    found = forgettable(zip(runs, days, strict=True))
    assert set(found) == {run.run_id for run in runs} - kept


def test_only_polls_that_are_old_are_forgotten(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    polls = [instance.add_run(a_run()) for _ in range(3)]
    other = instance.add_run(a_run(job="daily_energy"))
    assert old_runs(instance, datetime.now(UTC)) == []
    assert old_runs(instance, LATER) == [run.run_id for run in polls[:2]]

    monkeypatch.setattr("energy_pipeline.defs.old_polls.KEPT_FOR", timedelta(seconds=-1))
    assert forget_old_polls.execute_in_process(instance=instance).success
    left = {run.run_id for run in instance.get_runs() if run.job_name != "forget_old_polls"}
    assert left == {polls[2].run_id, other.run_id}


def test_nothing_is_run_while_no_poll_is_old():
    with dg.instance_for_test() as instance:
        for _ in range(2):
            instance.add_run(a_run())

        def tick(at: datetime) -> str | None:
            with dg.build_schedule_context(instance, scheduled_execution_time=at) as context:
                return old_polls.evaluate_tick(context).skip_message

        assert tick(datetime.now(UTC)) == "no poll is older than a week"
        assert tick(LATER) is None
