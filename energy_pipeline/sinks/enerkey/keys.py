"""The two keys of a profile, tenant or partner: which one a request carries, and when to warn.

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
class ProfileKey:
    """One of the two keys of a profile, tenant or partner.

    Args:
        slot: `A` or `B`.
        secret: the key itself.
        valid_from: first instant (aware), None when not known.
        valid_to: first instant at which it is no longer valid, None when not known.
    """

    slot: str
    secret: SecretStr
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
        keys: the configured keys, in the order in which equal ones are preferred.
        variables: how their variables begin, for who has to set them.
    """

    def __init__(self, keys: Sequence[ProfileKey], variables: str = "ENERKEY_API_KEY") -> None:
        self._keys = tuple(keys)
        self._variables = variables
        self._refused: set[str] = set()

    @property
    def secrets(self) -> list[str]:
        """The keys' values, for whoever must keep them out of texts."""
        return [key.secret.get_secret_value() for key in self._keys]

    def choose(self, now: datetime, request: str) -> ProfileKey:
        """Return the key to use now.

        Raises:
            AccessRefused: no key is configured, valid by its dates and not refused.
        """
        usable = [key for key in self._keys if key.slot not in self._refused]
        for margin in (_MARGIN, timedelta(0)):
            valid = [key for key in usable if key.is_valid(now, margin)]
            if valid:
                return max(valid, key=lambda key: key.end)
        raise AccessRefused(self._why_none(now), request=request)

    def refuse(self, key: ProfileKey, now: datetime) -> bool:
        """Note that EnerKey answered 401 to a key; tell whether another one may be tried."""
        self._refused.add(key.slot)
        return any(other.is_valid(now) for other in self._keys if other.slot not in self._refused)

    def warning(self, now: datetime) -> str | None:
        """Return what to tell the user about the end of the last key, None while it is far."""
        if not self._keys:
            return None
        last = max(self._keys, key=lambda key: key.end)
        if last.end - now > timedelta(days=_WARN_DAYS):
            return None
        what = f"the last EnerKey key (slot {last.slot})"
        when = f"{last.end:%Y-%m-%d %H:%M} UTC"
        if last.end <= now:
            return f"{what} ended at {when}: have the keys renewed"
        days = (last.end - now) // timedelta(days=1)
        return f"{what} ends at {when}, in {days} days: have the other one renewed"

    def _why_none(self, now: datetime) -> str:
        if not self._keys:
            return f"no key is configured: set {self._variables}_A or {self._variables}_B"
        reasons = [f"slot {slot} was refused by EnerKey (401)" for slot in sorted(self._refused)]
        reasons += [
            f"slot {key.slot} is outside its validity dates"
            for key in self._keys
            if key.slot not in self._refused and not key.is_valid(now)
        ]
        return "no key can be used: " + "; ".join(reasons)
