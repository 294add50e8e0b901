"""What becomes of a step that fails or is stopped, told by Dagster's own events."""

from collections.abc import Callable

import dagster as dg
import pytest

from energy_pipeline.defs.failures import RETRY, told_as_failure
from energy_pipeline.errors import EnergyPipelineError


def events_of_a_run(first_step: Callable[[], None]) -> list[tuple[str | None, str]]:
    """Run two steps of which the second does not wait for the first; the first is retried."""

    @dg.op(retry_policy=RETRY)
    def first() -> None:
        with told_as_failure():
            first_step()

    @dg.op
    def second() -> None:
        """Be there."""

    @dg.job(executor_def=dg.in_process_executor)
    def both() -> None:
        first()
        second()

    result = both.execute_in_process(raise_on_error=False)
    assert not result.success
    return [(event.step_key, event.event_type_value) for event in result.all_events]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_a_run_that_is_stopped_ends(stop: type[BaseException]) -> None:
    def stopped() -> None:
        raise stop

    events = events_of_a_run(stopped)
    assert ("first", "STEP_FAILURE") in events
    assert ("first", "STEP_UP_FOR_RETRY") not in events
    assert ("second", "STEP_START") not in events


def test_what_cannot_be_helped_is_not_tried_again_and_stops_no_other_step() -> None:
    def mistaken() -> None:
        raise EnergyPipelineError("no")

    events = events_of_a_run(mistaken)
    assert ("first", "STEP_FAILURE") in events
    assert ("second", "STEP_SUCCESS") in events
