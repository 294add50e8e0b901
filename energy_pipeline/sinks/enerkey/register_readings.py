"""The readings of one register in time order, and the hours of consumption that tell of them.

What is decided about each is in `registers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.calendar import HOUR
from energy_pipeline.sinks.enerkey.hours import LedgerHour, hours_between
from energy_pipeline.sinks.enerkey.reconcile import needs_read


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of the chain: what the source says of it and what the ledger does."""

    at: datetime
    wanted: float | None
    entry: LedgerHour | None

    @property
    def needs_read(self) -> bool:
        """Whether it cannot be decided from the ledger alone."""
        return needs_read(self.wanted, self.entry)

    @property
    def known(self) -> float | None:
        """Position that EnerKey is known to have."""
        return self.entry.known if self.entry else None

    @property
    def value(self) -> float:
        """What was sent, else what is wanted."""
        if self.entry and (self.entry.is_unresolved or self.wanted is None):
            return self.entry.value
        return self.wanted if self.wanted is not None else 0.0


def readings_to_read(
    wanted: Mapping[datetime, float], entries: Mapping[datetime, LedgerHour]
) -> set[datetime]:
    """Return the hours (starts) whose consumption decides about the readings of one meter."""
    chain = chain_of(wanted, entries)
    hours: set[datetime] = set()
    for number, reading in enumerate(chain):
        if not reading.needs_read:
            continue
        hours.add(reading.at - HOUR)
        if number:
            hours.update(hours_between(chain[number - 1].at, reading.at))
        if number + 1 < len(chain):
            hours.update(hours_between(reading.at, chain[number + 1].at))
    return hours


def chain_of(
    wanted: Mapping[datetime, float], entries: Mapping[datetime, LedgerHour]
) -> list[Reading]:
    """Return the readings that EnerKey has, may have or shall have, in time order.

    While the fate of one is not known, no new one is among them: it would be taken for the
    neighbour of a reading that may have been stored without it.
    """
    readings = (
        Reading(at, wanted.get(at), entries.get(at)) for at in sorted(wanted.keys() | entries)
    )
    takes_new = first_unresolved(entries) is None
    return [r for r in readings if _may_be_there(r.entry) or (takes_new and r.wanted is not None)]


def first_unresolved(entries: Mapping[datetime, LedgerHour]) -> datetime | None:
    """Return the first instant whose message has not been seen to have an effect."""
    return min((at for at, entry in entries.items() if entry.is_unresolved), default=None)


def _may_be_there(entry: LedgerHour | None) -> bool:
    return entry is not None and (
        entry.is_unresolved or entry.known is not None or entry.attempts > 0
    )
