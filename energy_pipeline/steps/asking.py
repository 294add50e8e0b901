"""Asks a service many things and notes what fails, so that one failure costs no other answer.

Whoever is refused is asked nothing more in the run. A service that is down, and a quota that is
spent, end the asking. Waiting and asking again is the client's work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from energy_pipeline.errors import (
    EnergyPipelineError,
    NothingDone,
    QuotaSpent,
    ServiceError,
    ServiceUnavailable,
)

_TROUBLES_IN_A_ROW = 8  # each tried several times: the service is down

_SHOWN = 20  # reasons in one message

Whom = TypeVar("Whom", bound=Hashable)
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass
class Asking(Generic[Whom]):
    """What became of the requests of a run.

    Args:
        answers: how many were answered.
        failures: the failure of everybody who had one; one that lasts before one that passes.
        ended_by: why requests were not made although nobody refused them; None: all were made.
    """

    answers: int = 0
    failures: dict[Whom, ServiceError] = field(default_factory=dict[Whom, ServiceError])
    ended_by: EnergyPipelineError | None = None
    _troubles: int = 0

    @property
    def goes_on_at(self) -> datetime | None:
        """When a spent quota allows requests again; None when it is not spent."""
        return self.ended_by.goes_on_at if isinstance(self.ended_by, QuotaSpent) else None

    async def ask(self, whom: Whom, question: Callable[[], Awaitable[Found]]) -> Found | None:
        """Return the answer; None, with the reason noted, when there is none."""
        failure = self.failures.get(whom)
        if self.ended_by or (failure is not None and not failure.is_transient):
            return None
        try:
            found = await question()
        except ServiceError as error:
            self.fail(whom, error)
            return None
        except EnergyPipelineError as error:
            self.ended_by = self.ended_by or error
            return None
        self._troubles = 0
        self.answers += 1
        return found

    def fail(self, whom: Whom, error: ServiceError) -> None:
        """Note a failure."""
        known = self.failures.get(whom)
        if known is None or known.is_transient:
            self.failures[whom] = error
        self._troubles += isinstance(error, ServiceUnavailable)
        if self._troubles >= _TROUBLES_IN_A_ROW:
            self.ended_by = self.ended_by or error

    def take_back(self, whom: Whom, error: ServiceError) -> None:
        """Note that an answer was none."""
        self.answers -= 1
        self.fail(whom, error)

    def refuse_nothing(self) -> None:
        """Raise when there were failures alone; a spent quota is none.

        Raises:
            ServiceUnavailable: a later try may help.
            NothingDone: it will not.
        """
        if self.answers or not self.failures or isinstance(self.ended_by, QuotaSpent):
            return
        shown = [f"{whom}: {failure}" for whom, failure in self.failures.items()][:_SHOWN]
        reasons = "\n".join(shown)
        if any(not failure.is_transient for failure in self.failures.values()):
            raise NothingDone(f"nothing was answered:\n{reasons}")
        first = next(iter(self.failures.values()))
        message = f"nothing was answered:\n{reasons}"
        raise ServiceUnavailable(message, request=first.request, status=first.status)

    def raise_what_is_ours(self) -> None:
        """Raise what ended the run when it was neither the service nor its quota."""
        if self.ended_by and not isinstance(self.ended_by, QuotaSpent | ServiceError):
            raise self.ended_by


async def side_by_side(
    items: Iterable[Item], work: Callable[[Item], Awaitable[None]], workers: int
) -> None:
    """Work through `items` in order, so many at a time; the first error ends it."""
    remaining = iter(items)

    async def go() -> None:
        for item in remaining:
            await work(item)

    tasks = [asyncio.create_task(go()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
