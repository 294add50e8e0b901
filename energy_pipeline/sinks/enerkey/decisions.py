"""The words in which an hour is judged: what holds for it, what EnerKey shows, what is to be done.

The rules that use them are in `reconcile` and, for registers, in `registers`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from energy_pipeline.configuration.environment import Repush
from energy_pipeline.sinks.enerkey.hours import Hold
from energy_pipeline.sinks.enerkey.messages import decimal_text

Action = Literal["keep", "verify", "push", "wait", "hold"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every hour of a meter in one run.

    Args:
        now: the present instant.
        quiet: how long after a send an empty read-back is not yet believed.
        repush: what a second push of an hour does at the vendor.
        unit: the meter's unit, for texts.
        is_released: a person has looked at the meter: what EnerKey does not show was not taken.
    """

    now: datetime
    quiet: timedelta
    repush: Repush
    unit: str
    is_released: bool = False

    def text(self, value: float | None) -> str:
        """Return a value for a person."""
        return "nothing" if value is None else f"{decimal_text(value)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a read of EnerKey says about one hour.

    Args:
        shows_value: it shows what the ledger's entry says was sent.
        shows_wanted: it shows what the source says now.
        is_untouched: it shows what it showed before the message of the entry: nothing, or `before`.
        before: what EnerKey holds of ours when no message is on its way; None for nothing.
        shown: what it shows, for texts and for finding multiples.
    """

    shows_value: bool
    shows_wanted: bool
    is_untouched: bool
    before: float | None
    shown: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with an hour.

    Args:
        action: `keep` changes nothing, `verify` notes that EnerKey shows `value`, `push` sends
            `amount` so that it shows `value`, `wait` leaves the entry to a later look, `hold`
            leaves it to a person or to a change of the circumstances.
        value: see `action`.
        amount: what the message carries; differs from `value` only for a difference.
        hold: why it is held.
        reason: the same for a person.
    """

    action: Action
    value: float
    amount: float = 0.0
    hold: Hold | None = None
    reason: str = ""
