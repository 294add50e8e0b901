"""Durable request quotas: two processes never spend the same hit, and none is forgotten.

A hit is counted in the state database before its request is made, so that a process killed at any
moment has counted at least what it sent. How a service says that it is full (409, 429) is read by
its client, which closes the quota here for every process.

Limits are in `limits.py`, the counted rows in `quota_counts.py`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from energy_pipeline.clock import Clock
from energy_pipeline.errors import QuotaSpent
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.limits import Limit, Period
from energy_pipeline.state.quota_counts import Closure, Counts, Hit

RESERVE_REQUESTS = 500
"""The service's own remaining number below which only what was begun is finished."""

_RESERVE = "reserve"
_RESERVE_PAUSE = timedelta(hours=1)  # then one request goes out and brings a new number
_LEAST_SLEEP_S = 0.001


@dataclass(frozen=True, slots=True)
class _Wall:
    """Why no hit can be made before an instant."""

    period: str
    requests: int
    until: datetime
    is_worth_waiting: bool
    kept_back: int = 0


class Quota:
    """The requests that one account may still make at one service.

    Objects of any number of processes with the same service and account share one count.

    Args:
        state: where the counts live.
        service: its name for people, e.g. `Enlighten`.
        account: who is counted, see `account_fingerprint`.
        limits: all of them hold at the same time; at least one.
        clock: the present instant, and how to wait.
        on_wait: told, with words for a person, before a wait for a period that is full.
        longest_wait_s: a period of at most this length, and a closure of which at most this is
            left, is waited for; anything longer raises.
        kept_back: requests of a month that this object leaves to others.
    """

    def __init__(
        self,
        state: StateDatabase,
        service: str,
        account: str,
        limits: Sequence[Limit],
        clock: Clock,
        *,
        on_wait: Callable[[str], None] | None = None,
        longest_wait_s: float = 60.0,
        kept_back: int = 0,
    ) -> None:
        self._state = state
        self._service = service
        self._limits = tuple(limits)
        self._rolling = tuple(limit for limit in limits if not limit.is_month)
        self._longest = max(limits, key=lambda limit: limit.length)
        self._longest_rolling = max((x.length for x in self._rolling), default=timedelta(0))
        self._clock = clock
        self._on_wait = on_wait
        self._longest_wait = timedelta(seconds=longest_wait_s)
        self._kept = kept_back
        self._counts = Counts(service, account)
        self._spent = 0

    @property
    def spent_by_this_object(self) -> int:
        """Hits counted through this object."""
        return self._spent

    async def spend(self, n: int = 1, *, may_use_reserve: bool = False) -> None:
        """Count `n` hits that are about to be made; wait while a short period is full.

        Args:
            n: hits, at least 1 and at most what the smallest limit allows.
            may_use_reserve: for requests that finish what was begun (read-backs, polls): go on
                although the service's own remaining number is below the reserve.

        Raises:
            QuotaSpent: a long period is used up; nothing was counted.
            StoreError: the state database cannot be written, so nothing may be sent.
        """
        if not 1 <= n <= min(limit.requests for limit in self._limits):
            raise ValueError(f"{n} hits at once do not fit the limits {self._limits}")
        while walls := self._count_or_walls(n, may_use_reserve):
            await self._clock.sleep(self._wait_s(walls))
        self._spent += n

    def close_until(
        self, instant: datetime, period: Period | float, allowed: int | None = None
    ) -> None:
        """Record, for every process, that the service refuses this account until `instant`.

        An instant that lies farther away than the period is long is believed up to that length.

        Args:
            instant: end of the service's own period, aware.
            period: which of its periods is full.
            allowed: the service's number for it; without it, our own limit words the message.
        """
        own = next((limit for limit in self._limits if limit.period == period), self._longest)
        limit = Limit(allowed or own.requests, period)
        until = min(instant, self._clock.now() + limit.length)
        self._close(Closure(limit.name, until, limit.requests))

    def report_remaining(self, remaining: int, reserve: int = RESERVE_REQUESTS) -> None:
        """Tell what the service itself says is left; below `reserve`, only reserved hits go on.

        The quota opens again after an hour: the next request then finds out how things stand.
        """
        if remaining < reserve:
            until = self._clock.now() + _RESERVE_PAUSE
            self._close(Closure(_RESERVE, until, self._longest.requests))

    def left(self) -> dict[str, int]:
        """Return how many hits may be made now, by name of the period; 0 while it is closed."""
        now = self._clock.now()
        with self._state.read() as connection:
            closed = {closure.period for closure in self._counts.closures(connection, now)}
            return {
                limit.name: 0 if limit.name in closed else self._left_of(limit, connection, now)
                for limit in self._limits
            }

    def _left_of(self, limit: Limit, connection: Connection, now: datetime) -> int:
        if limit.is_month:
            return max(0, limit.requests - self._counts.hits_of_month(connection, now))
        return max(0, limit.requests - self._counts.hits_since(connection, now - limit.length))

    def _close(self, closure: Closure) -> None:
        with self._state.begin(durable=False) as connection:
            self._counts.close(connection, closure, self._clock.now())

    def _count_or_walls(self, n: int, may_use_reserve: bool) -> list[_Wall]:
        with self._state.begin(durable=False) as connection:
            now = self._clock.now()  # inside: instants rise with the numbers of the hits
            latest = self._counts.latest(connection, now)
            walls = [
                *self._closed(connection, now, may_use_reserve),
                *self._full_month(connection, now, n),
                *self._full_rolling(connection, now, latest, n),
            ]
            if not walls:
                self._counts.count(connection, latest, now, n)
                self._counts.prune(connection, latest, n, now - self._longest_rolling)
        return walls

    def _closed(
        self, connection: Connection, now: datetime, may_use_reserve: bool
    ) -> Iterator[_Wall]:
        for closure in self._counts.closures(connection, now):
            if closure.period == _RESERVE:
                if not may_use_reserve:
                    yield _Wall(self._longest.name, closure.requests, closure.until, False)
            else:
                is_short = closure.until - now <= self._longest_wait
                yield _Wall(closure.period, closure.requests, closure.until, is_short)

    def _full_month(self, connection: Connection, now: datetime, n: int) -> Iterator[_Wall]:
        for limit in self._limits:
            if limit.is_month and (left := self._left_of(limit, connection, now)) < n + self._kept:
                kept_back = min(left, self._kept)
                yield _Wall(limit.name, limit.requests, _next_month(now), False, kept_back)

    def _full_rolling(
        self, connection: Connection, now: datetime, latest: Hit, n: int
    ) -> Iterator[_Wall]:
        # The hit that must have left the period before hit number `latest + n` may be made.
        leaving = {limit: latest.number + n - limit.requests for limit in self._rolling}
        instants = self._counts.instants(connection, leaving.values())
        for limit, number in leaving.items():
            if number in instants and (until := instants[number] + limit.length) > now:
                is_short = limit.length <= self._longest_wait
                yield _Wall(limit.name, limit.requests, until, is_short)

    def _wait_s(self, walls: Iterable[_Wall]) -> float:
        """Return how long to wait for all walls to fall.

        Raises:
            QuotaSpent: the last one stands too long.
        """
        last = max(walls, key=lambda wall: wall.until)
        if not last.is_worth_waiting:
            raise QuotaSpent(self._service, last.period, last.requests, last.until, last.kept_back)
        if self._on_wait:
            self._on_wait(f"waiting: {last.requests} requests a {last.period} at {self._service}")
        return max(_LEAST_SLEEP_S, (last.until - self._clock.now()).total_seconds())


def account_fingerprint(*secrets: str) -> str:
    """Return a name for the account that holds these secrets; none can be read from it."""
    digest = hashlib.blake2b(digest_size=10, person=b"account")
    for secret in secrets:
        digest.update(hashlib.blake2b(secret.encode()).digest())
    return digest.hexdigest()


def _next_month(now: datetime) -> datetime:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=31)).replace(day=1)
