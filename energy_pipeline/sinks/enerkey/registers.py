"""What is to be done with the readings of a register, which EnerKey shows only as differences.

A reading has no value of its own to be read back: the consumption shown between it and the reading
before it stands for it, so it can be judged only when the one before is. A baseline is judged with
the reading after it. Readings go up the register one after the other: none is sent past one that
waits or is held, since the difference would fall into the wrong hour.

Pure; the rule for one hour is `reconcile.decide`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from energy_pipeline.calendar import HOUR
from energy_pipeline.sinks.enerkey.decisions import Decision, Evidence, Terms
from energy_pipeline.sinks.enerkey.hours import LedgerHour, fresh, hours_between, near, same
from energy_pipeline.sinks.enerkey.reconcile import decide, unread_decision
from energy_pipeline.sinks.enerkey.register_readings import (
    Reading,
    chain_of,
    first_unresolved,
)

_ALONE = "the first reading is shown only by the hour after it, and goes out with it"


@dataclass(frozen=True, slots=True)
class _Link:
    """The reading before, as the next one needs it.

    `firm`: EnerKey holds `value`. `open`: it holds `known`, and this run sends `value`.
    `blocked`: it waits or is held.
    """

    at: datetime
    value: float
    known: float | None
    standing: Literal["firm", "open", "blocked"]


def reconcile_readings(
    wanted: Mapping[datetime, float],
    entries: Mapping[datetime, LedgerHour],
    shown: Mapping[datetime, float | None],
    terms: Terms,
) -> dict[datetime, Decision]:
    """Decide about the readings of one meter.

    Args:
        wanted: final register positions by instant.
        entries: the ledger's entries, with the nearest one before and after the wanted ones.
        shown: consumption that EnerKey shows by start of hour, None for nothing; every hour of
            `readings_to_read` must be there.
        terms: what holds in this run. A difference cannot be pushed as a reading, so that under
            `sum` a correction is held.

    Returns:
        A decision for every instant of `wanted` and `entries`, in time order.
    """
    repush = "reject" if terms.repush == "sum" else terms.repush
    decisions = _Walk(wanted, entries, shown, replace(terms, repush=repush)).decisions()
    for at in (wanted.keys() | entries.keys()) - decisions.keys():
        if at in wanted:
            first = first_unresolved(entries) or at
            decisions[at] = Decision("hold", wanted[at], hold="behind", reason=_waits_for(first))
        else:  # never sent and no longer wanted
            decisions[at] = unread_decision(entries[at])
    return dict(sorted(decisions.items()))


class _Walk:
    """One pass up the register."""

    def __init__(
        self,
        wanted: Mapping[datetime, float],
        entries: Mapping[datetime, LedgerHour],
        shown: Mapping[datetime, float | None],
        terms: Terms,
    ) -> None:
        self._chain = chain_of(wanted, entries)
        self._shown = shown
        self._terms = terms
        known = [(r.at, r.known) for r in self._chain if r.known is not None]
        self._known_at = [at for at, _ in known]
        self._known = [value for _, value in known]

    def decisions(self) -> dict[datetime, Decision]:
        decided: dict[datetime, Decision] = {}
        before: _Link | None = None
        for number, reading in enumerate(self._chain):
            after = self._chain[number + 1] if number + 1 < len(self._chain) else None
            decision = self._decide(reading, before, after)
            before = _link(reading, decision)
            decided[reading.at] = decision
        return decided | self._unfit(decided)

    def _decide(self, reading: Reading, before: _Link | None, after: Reading | None) -> Decision:
        if not reading.needs_read:
            return unread_decision(reading.entry)
        entry = reading.entry or fresh(reading.at, reading.wanted)
        if before is None:
            return self._decide_baseline(reading, entry, after)
        if before.standing == "blocked":
            return self._behind(reading, entry, before.at)
        decision = decide(
            reading.wanted, entry, self._evidence(reading, entry, before), self._terms
        )
        if decision.action == "push" and decision.value < before.value:
            return self._decrease(decision.value, before.value)
        return decision

    def _decide_baseline(
        self, reading: Reading, entry: LedgerHour, after: Reading | None
    ) -> Decision:
        if entry.known is not None and not entry.is_unresolved:
            # Every difference would be right on the wrong register.
            return self._changed(reading, entry.known, "the register's first reading cannot change")
        if after is None:
            action = "wait" if entry.is_unresolved else "hold"
            return Decision(action, reading.value, hold="behind", reason=_ALONE)
        shown = self._between(reading.at, after.at)
        hours = _count(reading.at, after.at)
        shows = near(shown, after.value - reading.value, hours)
        is_first = self._shown[reading.at - HOUR] is None
        evidence = Evidence(
            shows_value=shows,
            shows_wanted=shows and same(reading.value, reading.wanted),
            is_untouched=shown is None and is_first,
            before=entry.known,
            shown=shown if is_first else self._shown[reading.at - HOUR],
        )
        return decide(reading.wanted, entry, evidence, self._terms)

    def _evidence(self, reading: Reading, entry: LedgerHour, before: _Link) -> Evidence:
        shown = self._between(before.at, reading.at)
        hours = _count(before.at, reading.at)
        held = self._held_at(reading)
        was = None if held is None or before.known is None else held - before.known
        is_firm = before.standing == "firm"
        wanted = None if reading.wanted is None else reading.wanted - before.value
        return Evidence(
            shows_value=is_firm and near(shown, entry.value - before.value, hours),
            shows_wanted=is_firm and wanted is not None and near(shown, wanted, hours),
            is_untouched=near(shown, was, hours),
            before=held,
            shown=shown,
        )

    def _held_at(self, reading: Reading) -> float | None:
        """Return the position that EnerKey holds at an instant, evenly between its readings."""
        if reading.known is not None:
            return reading.known
        after = bisect_left(self._known_at, reading.at)
        if after in (0, len(self._known_at)):
            return None
        start, end = self._known_at[after - 1], self._known_at[after]
        share = (reading.at - start) / (end - start)
        return self._known[after - 1] + share * (self._known[after] - self._known[after - 1])

    def _between(self, start: datetime, end: datetime) -> float | None:
        amounts = [self._shown[hour] for hour in hours_between(start, end)]
        there = [amount for amount in amounts if amount is not None]
        return sum(there) if there else None

    def _behind(self, reading: Reading, entry: LedgerHour, before: datetime) -> Decision:
        reason = _waits_for(before)
        if entry.is_unresolved:
            return Decision("wait", entry.value, reason=reason)
        if entry.known is not None:
            return self._changed(reading, entry.known, reason)
        return Decision("hold", reading.value, hold="behind", reason=reason)

    def _changed(self, reading: Reading, known: float, why: str) -> Decision:
        has, wanted = self._terms.text(known), self._terms.text(reading.value)
        reason = f"EnerKey has {has}, the source now says {wanted}: {why}"
        return Decision("hold", reading.value, hold="correction", reason=reason)

    def _decrease(self, value: float, other: float) -> Decision:
        texts = self._terms.text(value), self._terms.text(other)
        reason = f"the register would fall: {texts[0]} against {texts[1]} of the reading beside it"
        return Decision("hold", value, hold="decrease", reason=reason)

    def _unfit(self, decided: Mapping[datetime, Decision]) -> dict[datetime, Decision]:
        """Return holds for sends that would put energy into an hour to which it does not belong."""
        waiting = next((at for at, d in decided.items() if d.action == "wait"), None)
        unfit: dict[datetime, Decision] = {}
        run: list[Reading] = []
        for reading in self._chain:
            if decided[reading.at].action == "push":
                run.append(reading)
                continue
            unfit |= self._unfit_run(run, reading, decided[reading.at], waiting)
            run = []
        return unfit | self._unfit_run(run, None, None, waiting)

    def _unfit_run(
        self,
        run: Sequence[Reading],
        after: Reading | None,
        decision: Decision | None,
        waiting: datetime | None,
    ) -> dict[datetime, Decision]:
        """Return holds for consecutive sends, given the reading that follows them."""
        there = _there(after, decision)
        is_firm = decision is not None and decision.action in ("keep", "verify")
        if waiting is not None:
            return {r.at: self._behind_open(r, waiting) for r in run}
        if after is not None and there is not None and not is_firm:
            return {r.at: self._behind_open(r, after.at) for r in run}
        if there is not None and any(r.value > there for r in run):
            return {r.at: self._decrease(r.value, there) for r in run}
        if len(run) == 1 and run[0] is self._chain[0] and there is None:
            return {run[0].at: Decision("hold", run[0].value, hold="behind", reason=_ALONE)}
        return {}

    def _behind_open(self, reading: Reading, other: datetime) -> Decision:
        return self._behind(reading, reading.entry or fresh(reading.at, reading.wanted), other)


def _waits_for(at: datetime) -> str:
    return f"waits for the reading of {at:%Y-%m-%d %H:%M} UTC"


def _there(reading: Reading | None, decision: Decision | None) -> float | None:
    """Return the position that EnerKey has for a reading that is not being sent."""
    if reading is None or decision is None:
        return None
    return decision.value if decision.action == "verify" else reading.known


def _link(reading: Reading, decision: Decision) -> _Link:
    match decision.action:
        case "verify":
            return _Link(reading.at, decision.value, decision.value, "firm")
        case "push":
            return _Link(reading.at, decision.value, reading.known, "open")
        case "keep" if reading.known is not None:
            return _Link(reading.at, reading.known, reading.known, "firm")
        case _:
            return _Link(reading.at, reading.value, reading.known, "blocked")


def _count(start: datetime, end: datetime) -> int:
    return int((end - start) / HOUR)
