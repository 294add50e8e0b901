"""What would be done with meters now: read, decide, weigh, cut into messages. Nothing is changed.

A push carries it out and writes it down (`push`); a rehearsal shows it to a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import Repush
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.decisions import Decision, Terms
from energy_pipeline.sinks.enerkey.hours import AFTER_REFUSAL, Hold
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.messages import Message, cut
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.plausibility import strange_batches
from energy_pipeline.sinks.enerkey.reading import read_hours
from energy_pipeline.sinks.enerkey.reconcile import needs_read, reconcile_hours
from energy_pipeline.sinks.enerkey.register_readings import readings_to_read
from energy_pipeline.sinks.enerkey.registers import reconcile_readings

Decisions = Mapping[datetime, Decision]
Shown = Mapping[datetime, float | None]
"""What EnerKey shows of a meter by start of hour; None for nothing."""


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


class Survey:
    """Looks at some meters.

    Args:
        client: EnerKey.
        ledger: the entries.
        log: the messages, from which the quiet time follows.
        rules: how the user wants it.
        clock: the present instant.
    """

    def __init__(
        self,
        client: EnerKeyClient,
        ledger: Ledger,
        log: MessageLog,
        rules: PushRules,
        clock: Clock,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._log = log
        self._rules = rules
        self._clock = clock

    @property
    def quiet(self) -> timedelta:
        """How long after a send an empty read-back is not yet believed."""
        return self._log.quiet(self._rules.quiet_s)

    async def shown(self, works: Sequence[MeterWork], *, is_read_back: bool) -> dict[int, Shown]:
        """Return, by meter, what EnerKey shows of the hours that have to be read.

        A meter for which it does not answer gets a problem; one with a problem is left out.

        Raises:
            ServiceError: EnerKey does not answer or refuses altogether.
            QuotaSpent: no request is left.
        """
        needed = {work.meter_id: self._hours_to_read(work) for work in works if not work.problem}
        answered = await read_hours(self._client, needed, is_read_back=is_read_back)
        shown: dict[int, Shown] = {}
        for work in works:
            if work.problem:
                continue
            hours = answered.get(work.meter_id)
            if hours is None and needed[work.meter_id]:
                work.problem = "EnerKey does not answer for this meter: was it removed?"
                continue
            shown[work.meter_id] = hours or {}
        return shown

    def decide(self, work: MeterWork, shown: Shown) -> dict[datetime, Decision]:
        """Return what is to be done with every hour (or reading) of a meter."""
        reconcile = reconcile_readings if self._ledger.kind == "cumulative" else reconcile_hours
        terms = Terms(
            self._clock.now(), self.quiet, self._rules.repush, work.unit, work.is_released
        )
        return reconcile(work.wanted, work.entries, shown, terms)

    async def strange(self, pushes: Iterable[tuple[MeterWork, Decisions]]) -> dict[int, str]:
        """Return, by meter, what is strange about the size of the values that are to be sent.

        Raises:
            ServiceError: EnerKey does not answer or refuses altogether.
            QuotaSpent: no request is left.
        """
        batches = {
            work.meter_id: {at: decision.value for at, decision in sends.items()}
            for work, sends in pushes
        }
        return await strange_batches(self._client, self._ledger, batches)

    def messages(self, work: MeterWork, sends: Decisions) -> list[Message]:
        """Return the messages of a meter, oldest first.

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

    def _hours_to_read(self, work: MeterWork) -> set[datetime]:
        if self._ledger.kind == "cumulative":
            return readings_to_read(work.wanted, work.entries)
        return {
            at
            for at in work.wanted.keys() | work.entries.keys()
            if needs_read(work.wanted.get(at), work.entries.get(at))
        }


def sends_of(decided: Decisions) -> dict[datetime, Decision]:
    """Return the decisions that send something."""
    return {at: decision for at, decision in decided.items() if decision.action == "push"}


def _is_worth_halving(message: Message, holds: Mapping[datetime, Hold | None]) -> bool:
    return len(message.rows) > 1 and any(holds.get(at) == "refused" for at, _ in message.rows)
