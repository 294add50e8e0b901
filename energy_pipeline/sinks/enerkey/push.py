"""Carries out the decisions: read, write down, send once, read back.

The caller holds the connection's lock. Whatever happens, the ledger tells the truth or less, and
the next call goes on from there. What is decided is in `reconcile` and `registers`; one message's
way out is in `sender`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import Repush
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.hours import (
    AFTER_REFUSAL,
    Hold,
    LedgerHour,
    fresh,
)
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.messages import Message, cut
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.plausibility import strange_batches
from energy_pipeline.sinks.enerkey.reading import read_hours
from energy_pipeline.sinks.enerkey.reconcile import Decision, Terms, needs_read, reconcile_hours
from energy_pipeline.sinks.enerkey.register_readings import readings_to_read
from energy_pipeline.sinks.enerkey.registers import reconcile_readings
from energy_pipeline.sinks.enerkey.sender import Sender
from energy_pipeline.sinks.enerkey.transitions import settle

_LONGEST_PAUSE = timedelta(seconds=60)
"""A quiet time that ends within this is waited for; a longer one is left to the next run."""


@dataclass(frozen=True, slots=True)
class PushRules:
    """How the user wants it.

    Args:
        repush: what a second push of an hour does at the vendor.
        quiet_s: the user's own quiet time; None for the rule.
        max_push_days: elapsed days in one message at most.
    """

    repush: Repush
    quiet_s: float | None
    max_push_days: int


class Push:
    """One push of some meters.

    Args:
        client: EnerKey.
        ledger: the entries.
        log: the messages.
        sender: sends one message and records its fate.
        rules: how the user wants it.
        clock: the present instant, and how to wait.
    """

    def __init__(
        self,
        client: EnerKeyClient,
        ledger: Ledger,
        log: MessageLog,
        sender: Sender,
        rules: PushRules,
        clock: Clock,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._log = log
        self._sender = sender
        self._rules = rules
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
        needed = {work.meter_id: self._hours_to_read(work) for work in works if not work.problem}
        shown = await read_hours(self._client, needed, is_read_back=is_read_back)
        decided: dict[int, dict[datetime, Decision]] = {}
        for work in works:
            if work.problem:
                continue
            hours = shown.get(work.meter_id)
            if hours is None and needed[work.meter_id]:
                work.problem = "EnerKey does not answer for this meter: was it removed?"
                continue
            decided[work.meter_id] = self._decide_meter(work, hours or {})
        return decided

    def _hours_to_read(self, work: MeterWork) -> set[datetime]:
        if self._ledger.kind == "cumulative":
            return readings_to_read(work.wanted, work.entries)
        return {
            at
            for at in work.wanted.keys() | work.entries.keys()
            if needs_read(work.wanted.get(at), work.entries.get(at))
        }

    def _decide_meter(
        self, work: MeterWork, shown: Mapping[datetime, float | None]
    ) -> dict[datetime, Decision]:
        reconcile = reconcile_readings if self._ledger.kind == "cumulative" else reconcile_hours
        now = self._clock.now()
        quiet = self._log.quiet(self._rules.quiet_s)
        terms = Terms(now, quiet, self._rules.repush, work.unit, work.is_released)
        decided = reconcile(work.wanted, work.entries, shown, terms)
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
            (work, {at: d for at, d in decided[work.meter_id].items() if d.action == "push"})
            for work in works
            if work.meter_id in decided
        ]
        await self._hold_strange(pushes)
        is_sent = False
        for work, sends in pushes:
            if sends and not work.problem:
                is_sent |= await self._send_meter(work, sends)
        return is_sent

    async def _send_meter(self, work: MeterWork, sends: Mapping[datetime, Decision]) -> bool:
        is_sent = False
        for message in self._messages(work, sends):
            is_taken = await self._sender.send(message, work, sends)
            entries = (work.entries.get(at) for at, _ in message.rows)
            is_sent |= any(entry is not None and entry.is_unresolved for entry in entries)
            if not is_taken and self._ledger.kind == "cumulative":
                break  # a register goes up step by step
        return is_sent

    def _messages(self, work: MeterWork, sends: Mapping[datetime, Decision]) -> list[Message]:
        """Return the messages, oldest first.

        Hours of a refused message go apart from the others, and those that may be the cause in
        halves, so that one bad hour is found and keeps no other from going out.
        """
        holds: dict[datetime, Hold | None] = {
            at: entry.hold for at, entry in work.entries.items() if at in sends
        }
        kind, max_days, now = self._ledger.kind, self._rules.max_push_days, self._clock.now()
        parts: dict[Hold | None, list[tuple[datetime, float]]] = {}
        for at, decision in sends.items():
            hold = holds.get(at) if kind == "consumption" else None
            parts.setdefault(hold if hold in AFTER_REFUSAL else None, []).append(
                (at, decision.amount)
            )
        messages = [
            message
            for rows in parts.values()
            for message in cut(kind, work.meter_id, rows, max_days=max_days, now=now)
        ]
        pieces = [
            piece
            for message in messages
            for piece in (message.halves() if _is_worth_halving(message, holds) else (message,))
        ]
        return sorted(pieces, key=lambda message: message.rows[0][0])

    async def _hold_strange(
        self, pushes: Sequence[tuple[MeterWork, Mapping[datetime, Decision]]]
    ) -> None:
        """Hold the batches of a strange size; a batch is looked at once in a run."""
        unsure = {
            work.meter_id: (work, sends)
            for work, sends in pushes
            if sends and not (work.is_plausible or work.is_released)
        }
        batches = {
            meter_id: {at: decision.value for at, decision in sends.items()}
            for meter_id, (_, sends) in unsure.items()
        }
        strange = await strange_batches(self._client, self._ledger, batches)
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
        quiet = self._log.quiet(self._rules.quiet_s)
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


def _is_worth_halving(message: Message, holds: Mapping[datetime, Hold | None]) -> bool:
    return len(message.rows) > 1 and any(holds.get(at) == "refused" for at, _ in message.rows)
