"""The two keys of a profile: which one a request carries, and when to warn.

A key is renewed while the other one is in use, so the choice is made anew at every request. Logs
and errors name a slot, never a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from energy_pipeline.errors import AccessRefused

# A day inside the dates on both ends: whether they are UTC, Finnish or inclusive is not said.
_MARGIN = timedelta(days=1)
_WARN_DAYS = 30
_ALWAYS = datetime.min.replace(tzinfo=UTC) + _MARGIN
_NEVER = datetime.max.replace(tzinfo=UTC) - _MARGIN


@dataclass(frozen=True, slots=True)
class KeySlot:
    """One of the profile's keys.

    Args:
        name: `A` or `B`.
        key: the secret.
        valid_from: first instant (aware), None when not known.
        valid_to: first instant at which it is no longer valid, None when not known.
    """

    name: str
    key: SecretStr
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    @property
    def end(self) -> datetime:
        """`valid_to`, or the end of time."""
        return self.valid_to or _NEVER

    def is_valid(self, now: datetime, margin: timedelta = timedelta(0)) -> bool:
        """Tell whether `now` lies inside the dates, by at least `margin`."""
        return (self.valid_from or _ALWAYS) + margin <= now < self.end - margin


class KeyRing:
    """Chooses the key of every request and remembers which ones EnerKey refused.

    Args:
        slots: the configured keys, in the order in which equal ones are preferred.
    """

    def __init__(self, slots: Sequence[KeySlot]) -> None:
        self._slots = tuple(slots)
        self._refused: set[str] = set()

    def choose(self, now: datetime, request: str) -> KeySlot:
        """Return the key to use now.

        Raises:
            AccessRefused: no key is configured, valid by its dates and not refused.
        """
        usable = [slot for slot in self._slots if slot.name not in self._refused]
        for margin in (_MARGIN, timedelta(0)):
            valid = [slot for slot in usable if slot.is_valid(now, margin)]
            if valid:
                return max(valid, key=lambda slot: slot.end)
        raise AccessRefused(self._why_none(now), request=request)

    def refuse(self, slot: KeySlot, now: datetime) -> bool:
        """Note that EnerKey answered 401 to a key; tell whether another one may be tried."""
        self._refused.add(slot.name)
        return any(s.is_valid(now) for s in self._slots if s.name not in self._refused)

    def warning(self, now: datetime) -> str | None:
        """Return what to tell the user about the end of the last key, None while it is far."""
        ends = [slot.end for slot in self._slots]
        if not ends or max(ends) - now > timedelta(days=_WARN_DAYS):
            return None
        last = max(self._slots, key=lambda slot: slot.end)
        days = (last.end - now) // timedelta(days=1)
        return (
            f"the last EnerKey key (slot {last.name}) ends at {last.end:%Y-%m-%d %H:%M} UTC, "
            f"in {days} days: have the other one renewed"
            if days >= 0
            else f"every EnerKey key has ended, the last one (slot {last.name}) at "
            f"{last.end:%Y-%m-%d %H:%M} UTC: have them renewed"
        )

    def _why_none(self, now: datetime) -> str:
        if not self._slots:
            return "no key is configured: set ENERKEY_API_KEY_A or ENERKEY_API_KEY_B"
        refused = sorted(self._refused)
        outside = sorted(
            slot.name
            for slot in self._slots
            if slot.name not in self._refused and not slot.is_valid(now)
        )
        reasons = [f"slot {name} was refused by EnerKey (401)" for name in refused]
        reasons += [f"slot {name} is outside its validity dates" for name in outside]
        return "no key can be used: " + "; ".join(reasons)
