"""Polls of a counter with faults of every kind in them, and the truth behind them.

Each fault is what real gateways do: counters that show something else for a few polls, that begin
again or wrap, clocks that jump, polls that are missed, repeated or stored in disorder. A sum of
inverters shows its last report again while nothing flows, as in the dark.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random

import numpy as np
from numpy.typing import NDArray

from energy_pipeline.transform.counters.links import WRAP_WH
from energy_pipeline_tests.transform.counters.gateways import Reading

MINUTES = 40 * 60
OPENING_WH = 5_000_000.0
_FROM_THE_ENDS = 60.0
"""Minutes at both ends without a fault: of the last polls nobody knows yet if they are right."""


@dataclass(frozen=True)
class House:
    """A true power in steps of an hour or less, and how a counter shows it.

    Args:
        powers_w: in steps of equal length.
        rounding_wh: what the counter rounds down to.
    """

    powers_w: tuple[float, ...]
    rounding_wh: float

    @cached_property
    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        edges = np.linspace(0, MINUTES, len(self.powers_w) + 1)
        steps_wh = np.array(self.powers_w) * np.diff(edges) / 60
        return edges, np.concatenate(([0.0], np.cumsum(steps_wh)))

    def true_wh(self, minute: float) -> float:
        """Return the energy since the begin."""
        return float(np.interp(minute, *self._sums))

    def shown(self, energy_wh: float) -> float:
        return round(float(np.floor(energy_wh / self.rounding_wh + 1e-9) * self.rounding_wh), 3)


@dataclass(frozen=True)
class Spoiled:
    """Polls as they were stored, and when something was wrong.

    Args:
        readings: in the order in which they were stored.
        polls: minutes at which the counter was polled, the wrong polls among them.
        reports: minutes at which it reported something new; a meter does in every poll.
        wrong: minutes, begin and end, around which a fault may hide energy.
        breaks: how often the counter began again.
    """

    readings: tuple[Reading, ...]
    polls: tuple[float, ...]
    reports: tuple[float, ...]
    wrong: tuple[tuple[float, float], ...]
    breaks: int


@dataclass
class _Polls:
    house: House
    random: Random
    minutes: list[float]
    reports: list[float]
    shown: list[Reading]
    wrong: list[tuple[float, float]]
    breaks: list[float] = field(default_factory=list[float])

    def span(self, longest: float) -> tuple[float, float]:
        """Return a time for a fault, away from both ends."""
        first, last = self.minutes[0] + _FROM_THE_ENDS, self.minutes[-1] - _FROM_THE_ENDS
        begin = self.random.uniform(first, max(first, last - longest))
        return begin, begin + self.random.uniform(0, longest)

    def change(self, begin: float, end: float, new: Callable[[Reading], Reading]) -> None:
        self.shown = [new(r) if begin <= r.polled_minute < end else r for r in self.shown]

    def hide(self, begin: float, end: float) -> None:
        """Let nobody judge this time, nor what stands still around it: that proves nothing."""
        before = max((m for m in self.reports if m <= begin), default=begin)
        self.wrong.append((before, self.next_moved(end)))

    def hide_a_first_standstill(self) -> None:
        """Let nobody judge the begin, where the counter has not moved before the first fault."""
        first_wrong = min((begin for begin, _ in self.wrong), default=self.minutes[-1])
        if self.next_moved(self.minutes[0]) > first_wrong:
            self.hide(self.minutes[0], first_wrong)

    def next_moved(self, minute: float) -> float:
        moved_wh = self.house.true_wh(minute) + 2 * self.house.rounding_wh
        return min((m for m in self.minutes if self.house.true_wh(m) > moved_wh), default=MINUTES)


def _glitch(polls: _Polls) -> None:
    """Show something else for a few polls; not where the counter begins anew, which hides it.

    There, half of a sum of inverters may happen to look like one that has wrapped.
    """
    begin, _ = polls.span(0)
    some = [m for m in polls.minutes if m >= begin][: polls.random.randint(1, 5)]
    if any(some[0] - _FROM_THE_ENDS <= at <= some[-1] + _FROM_THE_ENDS for at in polls.breaks):
        return
    kind = polls.random.choice(("zero", "part", "peak"))
    factor = {"zero": 0.0, "part": 0.5, "peak": 1.7}[kind]
    polls.hide(some[0], some[-1])
    polls.change(some[0], some[-1] + 1e-6, lambda r: replace(r, energy_wh=r.energy_wh * factor))


def _reset(polls: _Polls) -> None:
    at, _ = polls.span(0)
    before_wh = polls.house.true_wh(at)
    polls.hide(at, at)
    polls.breaks.append(at)

    def since(reading: Reading) -> Reading:
        energy_wh = polls.house.true_wh(reading.polled_minute) - before_wh
        return replace(reading, energy_wh=polls.house.shown(energy_wh))

    polls.change(at, np.inf, since)


def _wrap(polls: _Polls) -> None:
    """Begin again at 2^32 J, with the next report: a counter that stands still does not wrap."""
    at = polls.next_moved(polls.span(0)[0])
    can_wrap = all(r.energy_wh >= WRAP_WH for r in polls.shown if r.polled_minute >= at)
    if can_wrap and polls.shown[0].counter.startswith("i"):
        polls.change(at, np.inf, lambda r: replace(r, energy_wh=r.energy_wh - WRAP_WH))


def _jump(polls: _Polls) -> None:
    """Move up by what a repaired firmware adds: more than any house makes in a bridged gap."""
    at, _ = polls.span(0)
    jump_wh = polls.random.randint(1, 3) * WRAP_WH
    polls.hide(at, at)
    polls.breaks.append(at)
    polls.change(at, np.inf, lambda r: replace(r, energy_wh=r.energy_wh + jump_wh))


def _gap(polls: _Polls) -> None:
    begin, end = polls.span(polls.random.choice((30, 300, 800)))
    polls.hide(begin, end)
    polls.shown = [r for r in polls.shown if not begin < r.polled_minute < end]


def _clock(polls: _Polls) -> None:
    begin, end = polls.span(300)
    offset_s = polls.random.choice((40.1, -3_600.2, 7_000.4, -10_000.6))
    if polls.shown[0].counter.startswith("i"):
        polls.hide(begin, end)
    polls.change(begin, end, lambda r: replace(r, clock_s=offset_s))


def _twins(polls: _Polls) -> None:
    some = polls.random.sample(polls.shown, len(polls.shown) // 5)
    polls.shown += [replace(r, lag_s=r.lag_s + 30) for r in some]


def _disorder(polls: _Polls) -> None:
    polls.random.shuffle(polls.shown)


FAULTS: Mapping[str, Callable[[_Polls], None]] = {
    "glitch": _glitch,
    "reset": _reset,
    "wrap": _wrap,
    "jump": _jump,
    "gap": _gap,
    "clock": _clock,
    "twins": _twins,
    "disorder": _disorder,
}

_LAST = ("glitch", "twins", "disorder")


def _turn(fault: str) -> int:
    """Return when it happens: first to the counter itself, then to what is seen and kept of it."""
    return _LAST.index(fault) + 1 if fault in _LAST else 0


def spoiled(house: House, counter: str, faults: list[str], random: Random) -> Spoiled:
    """Return polls of `house` with these faults at random places.

    Args:
        house: what is true.
        counter: name of the counter; its first letter says how it counts.
        faults: names of `FAULTS`, in the order in which they happen to the counter.
        random: dice.
    """
    usual_s, minutes, at = random.randint(30, 900), list[float](), random.uniform(0, 60)
    while at < MINUTES and len(minutes) < 400:
        minutes.append(round(at * 60) / 60)
        at += random.uniform(usual_s / 2, usual_s) / 60
    reports = _reports(house, counter, minutes)
    shown = [
        Reading(
            report,
            house.shown(OPENING_WH + house.true_wh(m)),
            counter=counter,
            lag_s=round((m - report) * 60),
        )
        for m, report in zip(minutes, reports, strict=True)
    ]
    polls = _Polls(house, random, minutes, reports, shown, [])
    for fault in sorted(faults, key=_turn):
        FAULTS[fault](polls)
    polls.hide_a_first_standstill()
    return Spoiled(
        tuple(polls.shown),
        tuple(minutes),
        tuple(sorted(set(reports))),
        tuple(polls.wrong),
        len(polls.breaks),
    )


def _reports(house: House, counter: str, minutes: list[float]) -> list[float]:
    """Return the minute of the report that each poll shows."""
    if not counter.startswith("i"):
        return minutes
    found = minutes[:1]
    for minute in minutes[1:]:
        stands = house.true_wh(minute) == house.true_wh(found[-1])
        found.append(found[-1] if stands else minute)
    return found
