"""When the EnerKey keys end, and whether the next one begins before that. Pure but for the keys.

A key's dates are what the environment says; nobody can ask EnerKey for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.sinks.enerkey.keys import ProfileKey
from energy_pipeline.sinks.enerkey.session import Scope, keys_of

WARN_DAYS = (30, 14, 7, 1)
_WHOSE: dict[Scope, str] = {"API": "profile", "TENANT": "tenant", "PARTNER": "partner"}


@dataclass(frozen=True, slots=True)
class Expiry:
    """What is to be told of a pair of keys, or of an authorization.

    Args:
        whose: profile, tenant or partner; or an owner's authorization.
        told: a sentence; names slots, never a key.
        is_urgent: a day is left, or nothing.
    """

    whose: str
    told: str
    is_urgent: bool


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """Return what is to be told of the configured keys at `now`."""
    scopes: tuple[Scope, ...] = get_args(Scope)
    return [
        expiry for scope in scopes for expiry in _of(_WHOSE[scope], keys_of(settings, scope), now)
    ]


def _of(whose: str, keys: list[ProfileKey], now: datetime) -> Iterator[Expiry]:
    if not keys:
        return
    last = max(keys, key=lambda key: key.end)
    when = f"{last.end:%Y-%m-%d %H:%M} UTC" if last.valid_to else "never"
    if last.end <= now:
        told = f"the {whose}'s last key (slot {last.slot}) ended at {when}: have it renewed"
        yield Expiry(whose, told, is_urgent=True)
        return
    left = [days for days in WARN_DAYS if last.end - now <= timedelta(days=days)]
    if left:
        told = f"the {whose}'s last key (slot {last.slot}) ends at {when}, in {min(left)} days or "
        yield Expiry(whose, told + "less: have the other one renewed", is_urgent=min(left) == 1)
    yield from _gap(whose, keys, now)


def _gap(whose: str, keys: list[ProfileKey], now: datetime) -> Iterator[Expiry]:
    """A pair of which the second begins after the first has ended holds for a while by nobody."""
    usable = [key for key in keys if key.end > now]
    for key in usable:
        ends_at = key.valid_to
        others = [other for other in usable if other is not key and other.end > key.end]
        starts = [other.valid_from for other in others]
        if ends_at is None or not others or None in starts:
            continue
        begins_at = min(start for start in starts if start is not None)
        if begins_at > ends_at:
            slot = others[0].slot
            told = f"between slot {key.slot} and slot {slot} of the {whose} no key holds: "
            told += f"{ends_at:%Y-%m-%d %H:%M} to {begins_at:%Y-%m-%d %H:%M} UTC"
            yield Expiry(whose, told, is_urgent=ends_at - now <= timedelta(days=1))
