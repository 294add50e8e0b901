"""Our errors as Dagster failures: what a person reads, and whether a retry of the step can help.

The client retries in seconds, the step in minutes (`RETRY`), the daemon only for dead workers.
"""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from energy_pipeline.errors import EnergyPipelineError

RETRY = dg.RetryPolicy(
    max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""For steps that talk to a service; safe for uploads too, since nothing is sent twice blindly."""


class RunStopped(dg.DagsterError, dg.DagsterExecutionInterruptedError):
    """A run that was terminated, or Ctrl+C: no step is tried again, none begins.

    Dagster tries an interrupted step again when it has a retry policy; an error of Dagster itself
    passes by the policy, and as an interrupt it ends the run.
    """


@contextmanager
def told_as_failure() -> Generator[None]:
    """Turn an error of ours into a `Failure` with its message alone, without its chain.

    Raises:
        RunStopped: somebody stopped the run.
    """
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        raise RunStopped(
            "the run was stopped here; what is done is kept, and the same run goes on from there"
        ) from None
    except EnergyPipelineError as error:
        raise dg.Failure(description=str(error), allow_retries=error.is_transient) from None
