"""Asks for windows, many at a time, and hands the answers on as they come.

Who is not asked any more is decided in `asking.py`, when a day is written in `answered_days.py`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from energy_pipeline.calendar import Span
from energy_pipeline.clock import Clock
from energy_pipeline.steps.answer_rows import Answered, Ask
from energy_pipeline.steps.answered_days import AnsweredDays
from energy_pipeline.steps.asking import Asking, side_by_side
from energy_pipeline.steps.enlighten_account import CONCURRENCY, Account
from energy_pipeline.steps.fetch_plan import SitePlan

_MOST_ANSWERS_WAITING = 256
_MOST_AT_ONCE = 64
_GATHER_S = 0.15
_MOST_ROWS_WAITING = 400_000  # about 40 MB
_WRITE_EVERY = timedelta(seconds=30)  # a killed process loses the hits of no longer time


@dataclass
class FetchOutcome:
    """What came of one pass, besides what was written.

    Args:
        rows: intervals in the answers.
        unanswered: requests that failed or were not made.
        rests: what is still to be asked for: windows whose answers were cut.
    """

    rows: int = 0
    unanswered: list[Ask] = field(default_factory=list[Ask])
    rests: list[tuple[SitePlan, Span]] = field(default_factory=list[tuple[SitePlan, Span]])


class FetchRun:
    """One pass over requests.

    Args:
        account: whom to ask.
        asking: notes what fails.
        days: where the answers go, by the streams that they measure; the first is the one that
            the run is about.
        clock: the present instant.
        on_done: called after every request.
    """

    def __init__(
        self,
        account: Account,
        asking: Asking[str],
        days: Sequence[AnsweredDays],
        clock: Clock,
        on_done: Callable[[], None],
    ) -> None:
        self._account = account
        self._asking = asking
        self._days = days
        self._clock = clock
        self._on_done = on_done
        self._answers: asyncio.Queue[Answered | None] = asyncio.Queue(_MOST_ANSWERS_WAITING)
        self._outcome = FetchOutcome()

    async def run(self, asks: Sequence[Ask]) -> FetchOutcome:
        """Ask everything, in order, and write every answer.

        Raises:
            StoreError: rows or hits cannot be written; what was answered before is, if it can.
        """
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.gather(keeping, self._ask_all(asks))
        finally:
            keeping.cancel()
        self._asking.raise_what_is_ours()
        return self._outcome

    async def _ask_all(self, asks: Sequence[Ask]) -> None:
        await side_by_side(asks, self._ask, CONCURRENCY)
        await self._answers.put(None)

    async def _ask(self, ask: Ask) -> None:
        plan = ask.plan
        answer = await self._asking.ask(
            ask.site_id,
            lambda: self._account.of(plan.access).intervals(plan.series, plan.access, ask.window),
        )
        if answer is None:
            self._outcome.unanswered.append(ask)
        await self._answers.put((ask, answer))
        self._on_done()

    async def _keep(self) -> None:
        """Take answers as they come, in a thread of their own, and write days that are complete."""
        written_at = self._clock.now()
        is_over = False
        while not is_over:
            batch = await self._batch()
            is_over = batch[-1] is None
            answered = [each for each in batch if each is not None]
            is_time = self._clock.now() - written_at >= _WRITE_EVERY
            await asyncio.to_thread(self._write, answered, is_over=is_over, is_time=is_time)
            written_at = self._clock.now() if is_time else written_at

    async def _batch(self) -> list[Answered | None]:
        """Wait for an answer, and a moment for more: many are read in little more time than one."""
        batch = [await self._answers.get()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GATHER_S):
                while batch[-1] is not None and len(batch) < _MOST_AT_ONCE:
                    batch.append(await self._answers.get())
        return batch

    def _write(self, answered: Sequence[Answered], *, is_over: bool, is_time: bool) -> None:
        read = [days.take(answered) for days in self._days]
        self._outcome.rows += read[0].rows.num_rows
        self._outcome.rests += read[0].rests
        surprises = dict(pair for each in read for pair in each.surprises)
        for ask, surprise in surprises.items():
            self._asking.take_back(ask.site_id, surprise)
            self._outcome.unanswered.append(ask)
        for days in self._days:
            if is_over:
                days.write_all()
            elif is_time or days.rows_waiting > _MOST_ROWS_WAITING:
                days.write_answered()
            else:
                days.write_complete()
