"""A throwaway model of EnerKey in memory, and the smallest client that obeys the decisions.

It proves the decisions, not the client: thousands of lives of a meter in a second. What a second
message does to an hour follows the five readings of the vendor's text.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from energy_pipeline.sinks.enerkey.decisions import Decision, Terms
from energy_pipeline.sinks.enerkey.hours import LedgerHour, fresh
from energy_pipeline.sinks.enerkey.messages import Message, cut
from energy_pipeline.sinks.enerkey.outcome import Outcome
from energy_pipeline.sinks.enerkey.reconcile import needs_read, reconcile_hours
from energy_pipeline.sinks.enerkey.register_readings import readings_to_read
from energy_pipeline.sinks.enerkey.registers import reconcile_readings
from energy_pipeline.sinks.enerkey.transitions import begin_send, end_send, settle

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODELS = ("overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first")
LOST = Outcome("unknown", "no answer")


class Server:
    """One meter at EnerKey; `stored` is consumption by hour, or positions by instant."""

    def __init__(
        self,
        model: str,
        rng: random.Random,
        fault_rate: float = 0.3,
        delay: timedelta = timedelta(0),
    ) -> None:
        self.model = model
        self.delay = delay
        self._history: list[tuple[datetime, dict[datetime, float]]] = []
        self.rng = rng
        self.fault_rate = fault_rate
        self.stored: dict[datetime, float] = {}
        self.taken: Counter[datetime] = Counter()

    def push(self, message: Message, now: datetime = START) -> Outcome | None:
        """Take a message or lose it; None: the client's process dies after the commit or before."""
        outcome = self._take_or_lose(message)
        self._history.append((now, dict(self.stored)))
        return outcome

    def _take_or_lose(self, message: Message) -> Outcome | None:
        fate = self.rng.random() / self.fault_rate if self.fault_rate else 1.0
        if fate < 0.2:
            return LOST
        if fate < 0.3:
            return None
        if fate < 0.4:
            return Outcome("limited", "too many", 429)
        outcome = self._store(message)
        if fate < 0.8:
            return LOST
        return None if fate < 1.0 else outcome

    def _store(self, message: Message) -> Outcome:
        if self.model == "reject" and any(at in self.stored for at, _ in message.rows):
            return Outcome("refused", "there is a value", 409)
        if message.kind == "cumulative" and self._falls(message):
            return Outcome("refused", "the register would fall", 422)
        for at, amount in message.rows:
            self.taken[at] += 1
            if self.model == "sum":
                self.stored[at] = self.stored.get(at, 0.0) + amount
            elif self.model != "keep_first" or at not in self.stored:
                self.stored[at] = amount
        return Outcome("accepted", "taken", 200)

    def _falls(self, message: Message) -> bool:
        values = [value for _, value in sorted({**self.stored, **dict(message.rows)}.items())]
        return values != sorted(values)

    def shows(self, now: datetime) -> dict[datetime, float]:
        """Consumption by hour as it can be read at `now`."""
        if not self.delay:
            return self.stored
        old = [stored for at, stored in self._history if at <= now - self.delay]
        return old[-1] if old else {}

    def consumption(self) -> dict[datetime, float]:
        """Hours as the readings give them."""
        hours: dict[datetime, float] = {}
        readings = sorted(self.stored.items())
        for (start, low), (end, high) in pairwise(readings):
            count = int((end - start) / HOUR)
            hours |= {start + n * HOUR: (high - low) / count for n in range(count)}
        return hours


@dataclass
class Client:
    """Runs over one meter; its ledger survives the death of its process."""

    server: Server
    kind: str = "consumption"
    repush: str = "unknown"
    quiet: timedelta = timedelta(minutes=15)
    now: datetime = START + timedelta(days=30)
    ledger: dict[datetime, LedgerHour] = field(default_factory=dict)
    is_released: bool = False

    def run(self, wanted: dict[datetime, float]) -> dict[datetime, Decision]:
        """Read, decide, send, read back; return the last decisions."""
        while True:
            decisions = self._decide(wanted)
            self._settle(decisions)
            pushes = {at: d for at, d in decisions.items() if d.action == "push"}
            if not pushes or not self._send(pushes):
                return decisions

    def run_until_quiet(self, wanted: dict[datetime, float], runs: int = 60) -> None:
        """Run again and again, a quiet time apart."""
        for _ in range(runs):
            before = dict(self.ledger)
            self.run(wanted)
            self.now += self.quiet
            if before == self.ledger and not any(e.is_unresolved for e in before.values()):
                return

    def _decide(self, wanted: dict[datetime, float]) -> dict[datetime, Decision]:
        terms = Terms(self.now, self.quiet, self.repush, "kWh", self.is_released)
        if self.kind == "cumulative":
            hours = readings_to_read(wanted, self.ledger)
            stored = self.server.consumption()
            shown = {hour: stored.get(hour) for hour in hours}
            return reconcile_readings(wanted, self.ledger, shown, terms)
        asked = [
            at for at in wanted | self.ledger if needs_read(wanted.get(at), self.ledger.get(at))
        ]
        stored = self.server.shows(self.now)
        shown = {at: stored.get(at) for at in asked}
        return reconcile_hours(wanted, self.ledger, shown, terms)

    def _settle(self, decisions: dict[datetime, Decision]) -> None:
        for at, decision in decisions.items():
            if decision.action != "push":
                entry = self.ledger.get(at, fresh(at, decision.value))
                self.ledger[at] = settle(entry, decision, self.now)

    def _send(self, pushes: dict[datetime, Decision]) -> bool:
        """Send all; return whether the process still lives and it makes sense to look again."""
        rows = [(at, decision.amount) for at, decision in pushes.items()]
        max_days = self.server.rng.choice([1, 2, 365])
        for message in cut(self.kind, 1, rows, max_days=max_days, now=self.now):
            ats = [at for at, _ in message.rows]
            for at in ats:
                entry = self.ledger.get(at, fresh(at, None))
                self.ledger[at] = begin_send(entry, pushes[at], message.fingerprint, self.now)
            outcome = self.server.push(message, self.now)
            if outcome is None:
                return False
            for at in ats:
                self.ledger[at] = end_send(self.ledger[at], outcome, self.now)
            if outcome.verdict != "accepted" and self.kind == "cumulative":
                return False
            if outcome.verdict in ("limited", "refused"):
                return False
        return True
