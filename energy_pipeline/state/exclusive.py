"""A named lock over processes, waited for without holding up the other coroutines."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager

from energy_pipeline.clock import Clock
from energy_pipeline.errors import StoreError
from energy_pipeline.state.locks import Locks

_STEP_S = 0.25


@asynccontextmanager
async def alone(locks: Locks, name: str, clock: Clock, patience_s: float) -> AsyncGenerator[None]:
    """Hold `name` inside the block; nobody else holds it meanwhile, in any process.

    Args:
        locks: of the state database.
        name: any text.
        clock: how to wait.
        patience_s: how long to wait for the holder before.

    Raises:
        StoreError: the name was still held after that, or locks cannot be had here.
    """
    waited_s = 0.0
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(locks.hold(name, timeout_s=0))
                break
            except StoreError as error:
                if waited_s >= patience_s:
                    raise StoreError(f"waited {patience_s:g} s, and then: {error}") from None
            await clock.sleep(_STEP_S)
            waited_s += _STEP_S
        yield
