"""Which counter feeds a stream: chosen once, kept, and changed only for a lasting reason.

Two counters never show the same energy, so a change loses what flows between them. A counter that
is silent for a few polls is waited for; a better one that has come to stay is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy_pipeline.sources.envoy.candidates import Candidate

BETTER_AFTER = timedelta(hours=1)
"""A better counter is taken when it was there in every poll for so long."""
INSTEAD_AFTER = timedelta(hours=6)
"""Another counter is taken when the kept one was silent for so long; shorter gaps are bridged."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What feeds a stream, and what may take its place.

    Args:
        counter: the counter that is kept; None before the first choice.
        rival: another one that was offered lately.
        rival_since: since when every poll offered it, aware.
    """

    counter: str | None = None
    rival: str | None = None
    rival_since: datetime | None = None


def choose(choice: Choice, offered: Sequence[Candidate], now: datetime) -> Choice:
    """Return the choice after a poll.

    Args:
        choice: the one before.
        offered: the stream's candidates, best first.
        now: the instant of the poll, aware.
    """
    shown = [candidate.counter for candidate in offered if candidate.sample]
    if not shown or shown[0] == choice.counter:
        return Choice(choice.counter)
    best = shown[0]
    if choice.counter is None and not _may_be_better(offered, best):
        return Choice(best)
    since = choice.rival_since if best == choice.rival and choice.rival_since else now
    patience = BETTER_AFTER if choice.counter in (None, *shown) else INSTEAD_AFTER
    if now - since >= patience:
        return Choice(best)
    return Choice(choice.counter, best, since)


def _may_be_better(offered: Sequence[Candidate], counter: str) -> bool:
    """Return whether a candidate before this one did not answer, so that nobody knows."""
    names = [candidate.counter for candidate in offered]
    return any(candidate.may_come for candidate in offered[: names.index(counter)])
