"""Steps: energy of pieces of time, and how the counters of a stream share one timeline.

What flows in a step flows evenly. Each instant is spoken for once: by a measured step rather than
one that bridges a gap, by a meter rather than by inverters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from energy_pipeline.transform.instants import Microseconds

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Steps:
    """Pieces of time with their energy, in order; those that cover do not overlap.

    Args:
        start_us: begin.
        end_us: end.
        energy_wh: energy of the whole piece.
        covers: whether the piece is known; if not, its energy is only part of what flowed.
        is_bridged: whether the piece is part of a gap whose energy was spread.
        is_metered: whether a meter counted, not a sum of inverters.
    """

    start_us: Microseconds
    end_us: Microseconds
    energy_wh: NDArray[np.float64]
    covers: Flags
    is_bridged: Flags
    is_metered: Flags

    @property
    def size(self) -> int:
        """Number of steps."""
        return self.start_us.size

    def at(self, wanted: Flags | NDArray[np.intp]) -> "Steps":
        """Return the steps at these places."""
        return Steps(*(getattr(self, field.name)[wanted] for field in fields(self)))


def no_steps() -> Steps:
    """Return no steps."""
    nothing, none = np.empty(0, np.int64), np.empty(0, np.bool_)
    return Steps(nothing, nothing, np.empty(0), none, none, none)


def joined(parts: Iterable[Steps]) -> Steps:
    """Return the steps of all parts in order of time."""
    listed = [no_steps(), *parts]
    columns = (np.concatenate([getattr(p, field.name) for p in listed]) for field in fields(Steps))
    steps = Steps(*columns)
    return steps.at(np.lexsort((steps.end_us, steps.start_us)))


def cut(steps: Steps, at_us: Microseconds) -> Steps:
    """Return the steps cut at these instants (sorted); energy is shared in proportion to time."""
    first = np.searchsorted(at_us, steps.start_us, side="right")
    last = np.maximum(first, np.searchsorted(at_us, steps.end_us, side="left"))
    count = last - first + 1
    if (count == 1).all():
        return steps
    step = np.repeat(np.arange(steps.size), count)
    nth = np.arange(step.size) - np.repeat(np.cumsum(count) - count, count)
    edge = first[step] + nth
    last_edge = at_us.size - 1
    start_us = np.where(nth == 0, steps.start_us[step], at_us[np.clip(edge - 1, 0, last_edge)])
    is_last = nth == count[step] - 1
    end_us = np.where(is_last, steps.end_us[step], at_us[np.clip(edge, 0, last_edge)])
    whole = steps.at(step)
    share = (end_us - start_us) / (whole.end_us - whole.start_us)
    return replace(whole, start_us=start_us, end_us=end_us, energy_wh=whole.energy_wh * share)


def edges(*parts: Steps) -> Microseconds:
    """Return the instants at which a step begins or ends, in order."""
    return np.unique(np.concatenate([each for p in parts for each in (p.start_us, p.end_us)]))


def timeline(counters: Sequence[Steps]) -> Steps:
    """Return the steps of a stream from those of its counters, better counters first."""
    if len(counters) == 1:
        return counters[0]
    ranked = [steps.at(~steps.is_bridged) for steps in counters]
    ranked += [steps.at(steps.is_bridged) for steps in counters]
    found = no_steps()
    for steps in ranked:
        found = joined((found, _outside(steps, found)))
    return found


def _outside(steps: Steps, taken: Steps) -> Steps:
    """Return the parts of steps for whose time nobody speaks yet."""
    covering = taken.at(taken.covers)
    pieces = cut(steps, edges(covering))
    before = np.searchsorted(covering.start_us, pieces.start_us, side="right") - 1
    until_us = np.append(covering.end_us, np.iinfo(np.int64).min)[before]
    return pieces.at(until_us <= pieces.start_us)
