"""Asks for windows, many at a time, and hands the answers on as they come.

A site that is refused costs no further request; a service that is down, or a quota that is spent,
ends the run with what was answered kept. Waiting and asking again is the client's work.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from energy_pipeline.calendar import Span
from energy_pipeline.clock import Clock
from energy_pipeline.errors import (
    EnergyPipelineError,
    QuotaSpent,
    ServiceError,
    ServiceUnavailable,
)
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.client import EnlightenV2, RefusedWindow
from energy_pipeline.steps.answer_rows import Answered, Ask
from energy_pipeline.steps.answered_days import AnsweredDays
from energy_pipeline.steps.enlighten_account import CONCURRENCY, system_access
from energy_pipeline.steps.fetch_plan import SitePlan

_MOST_ANSWERS_WAITING = 256
_MOST_ROWS_WAITING = 400_000  # about 40 MB
_WRITE_EVERY = timedelta(seconds=30)  # a killed process loses the hits of no longer time
_TROUBLES_IN_A_ROW = 8  # each tried several times: the service is down


@dataclass
class FetchOutcome:
    """What came of the requests, besides what was written.

    Args:
        answers: requests that were answered.
        rows: intervals in the answers.
        failures: the first failure of each site that had one.
        unanswered: requests that failed or were not made.
        ended_by: why some were not made although their site had not failed; None: all were made.
        rests: what is still to be asked for: windows whose answers were cut.
    """

    answers: int = 0
    rows: int = 0
    failures: dict[str, ServiceError] = field(default_factory=dict[str, ServiceError])
    unanswered: list[Ask] = field(default_factory=list[Ask])
    ended_by: EnergyPipelineError | None = None
    rests: list[tuple[SitePlan, Span]] = field(default_factory=list[tuple[SitePlan, Span]])


class FetchRun:
    """One pass over requests.

    Args:
        client: how to ask.
        asks: in the order in which they are asked.
        days: where the answers go.
        clock: the present instant.
        on_done: called after every request.
    """

    def __init__(
        self,
        client: EnlightenV2,
        asks: Sequence[Ask],
        days: AnsweredDays,
        clock: Clock,
        on_done: Callable[[], None],
    ) -> None:
        self._client = client
        self._remaining = iter(asks)
        self._days = days
        self._clock = clock
        self._on_done = on_done
        self._troubles = 0
        self._answers: asyncio.Queue[Answered | None] = asyncio.Queue(_MOST_ANSWERS_WAITING)
        self._outcome = FetchOutcome()

    async def run(self) -> FetchOutcome:
        """Ask everything and write every answer.

        Raises:
            StoreError: rows or hits cannot be written; what was answered before is.
        """
        keeping = asyncio.create_task(self._keep())
        workers = [asyncio.create_task(self._work()) for _ in range(CONCURRENCY)]
        try:
            await asyncio.gather(keeping, self._end_after(workers))
        finally:
            for task in (keeping, *workers):
                task.cancel()
        ended_by = self._outcome.ended_by
        if ended_by is not None and not isinstance(ended_by, QuotaSpent | ServiceError):
            raise ended_by
        return self._outcome

    async def _end_after(self, workers: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*workers)
        await self._answers.put(None)

    async def _work(self) -> None:
        outcome = self._outcome
        for ask in self._remaining:
            failure = outcome.failures.get(ask.site_id)
            is_lost = failure is not None and not failure.is_transient
            answer = None if outcome.ended_by or is_lost else await self._ask(ask)
            if answer is None:
                outcome.unanswered.append(ask)
            await self._answers.put((ask, answer))
            self._on_done()

    async def _ask(self, ask: Ask) -> IntervalAnswer | RefusedWindow | None:
        """Return the answer; None, with the reason noted, when there is none."""
        try:
            system = system_access(ask.plan.access)
            answer = await self._client.intervals(ask.plan.series, system, ask.window)
        except ServiceError as error:
            self._note(ask, error)
            return None
        except EnergyPipelineError as error:
            self._outcome.ended_by = self._outcome.ended_by or error
            return None
        self._troubles = 0
        self._outcome.answers += 1
        return answer

    def _note(self, ask: Ask, error: ServiceError) -> None:
        known = self._outcome.failures.get(ask.site_id)
        if known is None or known.is_transient:
            self._outcome.failures[ask.site_id] = error
        self._troubles += isinstance(error, ServiceUnavailable)
        if self._troubles >= _TROUBLES_IN_A_ROW:
            self._outcome.ended_by = self._outcome.ended_by or error

    async def _keep(self) -> None:
        """Take answers as they come, in a thread of their own, and write days that are complete."""
        written_at = self._clock.now()
        is_over = False
        while not is_over:
            batch = [await self._answers.get()]
            while not self._answers.empty():
                batch.append(self._answers.get_nowait())
            is_over = batch[-1] is None
            answered = [each for each in batch if each is not None]
            is_time = self._clock.now() - written_at >= _WRITE_EVERY
            await asyncio.to_thread(self._write, answered, is_over=is_over, is_time=is_time)
            written_at = self._clock.now() if is_time else written_at

    def _write(self, answered: Sequence[Answered], *, is_over: bool, is_time: bool) -> None:
        read = self._days.take(answered)
        self._outcome.rows += read.rows.num_rows
        self._outcome.rests += read.rests
        for ask, surprise in read.surprises:
            self._outcome.failures.setdefault(ask.site_id, surprise)
            self._outcome.unanswered.append(ask)
        if is_over:
            self._days.write_all()
        elif is_time or self._days.rows_waiting > _MOST_ROWS_WAITING:
            self._days.write_answered()
        else:
            self._days.write_complete()
