"""One hour on its way into EnerKey: what the ledger remembers of it, and when two values agree.

An hour is the start of a consumption hour or the instant of a register reading. Values are in the
meter's unit. What is decided about an hour is in `reconcile`, how it is stored in `ledger`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from energy_pipeline.calendar import HOUR

Kind = Literal["consumption", "cumulative"]
State = Literal["ready", "sending", "sent", "verified", "held"]
Hold = Literal[
    "conflict",  # EnerKey shows something that we did not send
    "correction",  # the source changed its mind about a verified hour
    "unknown_twice",  # two messages without an answer, and EnerKey shows neither
    "refused",  # EnerKey said no to the message, and not clearly to another hour of it
    "companion",  # EnerKey said no to the message because of another hour
    "not_final",  # sent without effect, and the source has since taken the value back
    "implausible",  # a thousand times too large or too small
    "decrease",  # a register that would fall
    "behind",  # a reading that waits for another one
]
UNRESOLVED: Final[frozenset[State]] = frozenset({"sending", "sent"})
AFTER_REFUSAL: Final[frozenset[Hold | None]] = frozenset({"refused", "companion"})

MOST_ATTEMPTS = 2
"""Messages of unknown fate after which a person has to look."""

# The server may round; half a thousandth of a unit is less than any meter shows.
_RELATIVE = 1e-6
_LEAST = 0.0005


@dataclass(frozen=True, slots=True)
class LedgerHour:
    """What is remembered of one hour.

    Args:
        at: start of the hour, or instant of the reading, UTC.
        value: what EnerKey is to show for it, as far as we sent or mean to send.
        known: what EnerKey was last seen to show of ours; None before the first time.
        state: `sending` is on disk before the request leaves, and stays when no answer comes;
            `sent` means taken (2xx); `verified` means read back.
        hold: why it is held, with `state` held only.
        reason: the same for a person, empty when all is well.
        message_id: the last message that carried it.
        attempts: messages that may have had an effect since the value was last verified.
        sent_at: when the last message left, or when its answer came or failed to come.
        verified_at: when EnerKey was last seen to show `known`.
    """

    at: datetime
    value: float
    known: float | None = None
    state: State = "ready"
    hold: Hold | None = None
    reason: str = ""
    message_id: str | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def is_unresolved(self) -> bool:
        """Whether a message with it left and its effect has not been seen."""
        return self.state in UNRESOLVED


def fresh(at: datetime, wanted: float | None) -> LedgerHour:
    """Return the entry of an hour that the ledger does not have."""
    return LedgerHour(at, 0.0 if wanted is None else wanted)


def same(value: float, other: float | None) -> bool:
    """Tell whether two of our own values are one value; a register's height makes no difference."""
    return other is not None and abs(value - other) <= _LEAST


def near(shown: float | None, value: float | None, hours: int = 1) -> bool:
    """Tell whether EnerKey shows a value, as far as it may round; nothing agrees with nothing.

    Args:
        shown: what EnerKey shows, None for nothing.
        value: what it is compared with, None for nothing.
        hours: of how many rounded hours `shown` is the sum.
    """
    if shown is None or value is None:
        return shown is value
    return abs(shown - value) <= max(_RELATIVE * abs(value), _LEAST) * hours


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """Return the full hours (starts) from `start` up to, not including, `end`."""
    return [start + n * HOUR for n in range(int((end - start) / HOUR))]
