"""Carries out the decisions: read, write down, send once, read back.

The caller holds the connection's lock. Whatever happens, the ledger tells the truth or less, and
the next call goes on from there. What is read and decided before anything leaves is in `survey`,
one message's way out in `sender`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from energy_pipeline.clock import Clock
from energy_pipeline.sinks.enerkey.decisions import Decision
from energy_pipeline.sinks.enerkey.hours import AFTER_REFUSAL, LedgerHour, fresh
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.reconcile import needs_read
from energy_pipeline.sinks.enerkey.sender import Sender
from energy_pipeline.sinks.enerkey.survey import Survey, sends_of
from energy_pipeline.sinks.enerkey.transitions import settle

_LONGEST_PAUSE = timedelta(seconds=60)
"""A quiet time that ends within this is waited for; a longer one is left to the next run."""


class Push:
    """One push of some meters.

    Args:
        survey: reads and decides.
        ledger: the entries.
        log: the messages.
        sender: sends one message and records its fate.
        clock: the present instant, and how to wait.
    """

    def __init__(
        self, survey: Survey, ledger: Ledger, log: MessageLog, sender: Sender, clock: Clock
    ) -> None:
        self._survey = survey
        self._ledger = ledger
        self._log = log
        self._sender = sender
        self._clock = clock

    async def run(self, works: Sequence[MeterWork]) -> None:
        """Bring the meters as far as they can be brought now.

        Raises:
            ServiceError: EnerKey does not answer or refuses altogether.
            QuotaSpent: no request is left.
        """
        is_read_back = False
        goes_on = True
        while goes_on:
            decided = await self._decide(works, is_read_back=is_read_back)
            is_sent = await self._send(works, decided)
            goes_on = is_sent or self._is_freed(works, decided) or await self._pause(works)
            is_read_back = is_read_back or is_sent

    async def _decide(
        self, works: Sequence[MeterWork], *, is_read_back: bool
    ) -> dict[int, dict[datetime, Decision]]:
        """Read what must be read, decide, and save what sends nothing."""
        shown = await self._survey.shown(works, is_read_back=is_read_back)
        return {
            work.meter_id: self._decide_meter(work, shown[work.meter_id])
            for work in works
            if work.meter_id in shown
        }

    def _decide_meter(
        self, work: MeterWork, shown: Mapping[datetime, float | None]
    ) -> dict[datetime, Decision]:
        decided = self._survey.decide(work, shown)
        now = self._clock.now()
        self._note_look(work, decided, now)
        self._settle(work, decided, now)
        return decided

    def _note_look(
        self, work: MeterWork, decided: Mapping[datetime, Decision], now: datetime
    ) -> None:
        looked: dict[str, set[str]] = {"verify": set(), "wait": set()}
        for at, entry in work.entries.items():
            action = decided[at].action
            if entry.state == "sent" and entry.message_id and action in looked:
                looked[action].add(entry.message_id)
        self._log.note_look(looked["verify"] - looked["wait"], looked["wait"], now)

    def _settle(self, work: MeterWork, decided: Mapping[datetime, Decision], now: datetime) -> None:
        changed: list[LedgerHour] = []
        for at, decision in decided.items():
            if decision.action in ("push", "keep"):
                continue
            before = work.entries.get(at) or fresh(at, decision.value)
            after = settle(before, decision, now)
            if after != work.entries.get(at):
                changed.append(after)
        self._ledger.save(work.meter_id, work.unit, changed)
        work.entries.update((entry.at, entry) for entry in changed)

    async def _send(
        self, works: Iterable[MeterWork], decided: Mapping[int, Mapping[datetime, Decision]]
    ) -> bool:
        """Send what is to be sent; return whether anything left that has to be looked for."""
        pushes = [
            (work, sends_of(decided[work.meter_id])) for work in works if work.meter_id in decided
        ]
        await self._hold_strange(pushes)
        is_sent = False
        for work, sends in pushes:
            if sends and not work.problem:
                is_sent |= await self._send_meter(work, sends)
        return is_sent

    async def _send_meter(self, work: MeterWork, sends: Mapping[datetime, Decision]) -> bool:
        is_sent = False
        for message in self._survey.messages(work, sends):
            is_taken = await self._sender.send(message, work, sends)
            entries = (work.entries.get(at) for at, _ in message.rows)
            is_sent |= any(entry is not None and entry.is_unresolved for entry in entries)
            if not is_taken and self._ledger.kind == "cumulative":
                break  # a register goes up step by step
        return is_sent

    async def _hold_strange(
        self, pushes: Sequence[tuple[MeterWork, Mapping[datetime, Decision]]]
    ) -> None:
        """Hold the batches of a strange size; a batch is looked at once in a run."""
        unsure = {
            work.meter_id: (work, sends)
            for work, sends in pushes
            if sends and not (work.is_plausible or work.is_released)
        }
        strange = await self._survey.strange(unsure.values())
        for meter_id, (work, sends) in unsure.items():
            work.problem = strange.get(meter_id, "")
            work.is_plausible = not work.problem
            holds = {
                at: Decision("hold", decision.value, hold="implausible", reason=work.problem)
                for at, decision in sends.items()
                if work.problem
            }
            self._settle(work, holds, self._clock.now())

    def _is_freed(
        self, works: Iterable[MeterWork], decided: Mapping[int, Mapping[datetime, Decision]]
    ) -> bool:
        """Tell whether what was verified now lets something else be decided anew."""
        for work in works:
            decisions = decided.get(work.meter_id, {})
            verified = [at for at, d in decisions.items() if d.action == "verify"]
            if any(needs_read(work.wanted.get(at), work.entries[at]) for at in verified):
                return True
            if verified and any(d.hold == "behind" for d in decisions.values()):
                return True
        return False

    async def _pause(self, works: Iterable[MeterWork]) -> bool:
        """Wait for the end of a short quiet time; tell whether there was one."""
        quiet = self._survey.quiet
        now = self._clock.now()
        ends = [
            entry.sent_at + quiet
            for work in works
            if not work.problem
            for entry in work.entries.values()
            if (entry.state == "sending" or entry.hold in AFTER_REFUSAL) and entry.sent_at
        ]
        soon = [end for end in ends if now < end <= now + _LONGEST_PAUSE]
        if not soon:
            return False
        await self._clock.sleep((max(soon) - now).total_seconds())
        return True
