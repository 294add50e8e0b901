"""Requests of either dialect: each counted before it is made, made again where that can help.

What answers mean is decided by the dialects; what they ask is in their `connection.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random, SystemRandom

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import QuotaSpent, ServiceError, ServiceUnavailable
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.refusals import OverQuota
from energy_pipeline.state.quota import Quota

READS = RetryPolicy(tries=5, first_step_s=1.0, longest_step_s=30.0)
"""A try is a hit: few, and soon far apart."""

_MOST_REFUSALS = 8  # of one request by the quota, before it is given up
_MINUTES_WITHOUT_A_WORD = 2
_SHORT_PERIODS = ("second", "minute")
_SHORTEST_CLOSURE = {True: timedelta(seconds=2), False: timedelta(hours=1)}
_MINUTE = timedelta(minutes=1)
_SAME_TIME = timedelta(minutes=5)
# Instants of both clocks are whole seconds; the period is over after its last one.
_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Manners:
    """How a dialect says no.

    Args:
        over_quota: what an answer says of a full quota; None when it says nothing of it.
        hopeless: the error of a 5xx that will come again; None: it may pass.
    """

    over_quota: Callable[[httpx.Response], OverQuota | None]
    hopeless: Callable[[httpx.Response, str], ServiceError | None]


class CountedRequests:
    """The requests of one account.

    Args:
        http: a client for the service's base URL.
        quota: the plan's requests; every try is counted, also one that fails.
        clock: the present instant, and how to wait.
        manners: how the dialect says no.
        rng: dice for the waits between tries.
        policy: how often a read is tried.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        quota: Quota,
        clock: Clock,
        manners: Manners,
        *,
        rng: Random | None = None,
        policy: RetryPolicy = READS,
    ) -> None:
        self._http = http
        self.quota = quota
        self._clock = clock
        self._manners = manners
        self._rng = rng or SystemRandom()
        self._policy = policy
        self._hidden: frozenset[SecretStr] = frozenset()

    async def send(
        self, build: Callable[[httpx.AsyncClient], Awaitable[httpx.Request]], name: str
    ) -> httpx.Response:
        """Return the answer, whatever it says but for the quota, which is waited for.

        Args:
            build: makes the request, anew for every try.
            name: method and path without query, for messages.

        Raises:
            QuotaSpent: the plan's requests are used up for longer than a minute.
            ServiceUnavailable: no usable answer after every sensible try.
            ServiceError: what `hopeless` gave.
        """

        async def send() -> httpx.Response:
            request = await build(self._http)
            await self.quota.spend()
            response = await self._http.send(request)
            failure = self._manners.hopeless(response, name) if response.is_server_error else None
            if failure is not None:
                raise failure
            return response

        for refused in range(_MOST_REFUSALS):
            response = await send_with_retries(
                send, policy=self._policy, clock=self._clock, rng=self._rng, request_name=name
            )
            over = self._manners.over_quota(response)
            if over is None:
                return response
            self._close_quota(response, over, refused)
        message = f"the plan's limit was said to be reached {_MOST_REFUSALS} times in a row"
        raise ServiceUnavailable(message, request=name)

    def hide(self, *secrets: SecretStr) -> None:
        """Keep what is about to be sent out of every log line and message."""
        if new := frozenset(secrets) - self._hidden:
            install_log_redaction(secret.get_secret_value() for secret in new)
            self._hidden |= new

    def _close_quota(self, response: httpx.Response, over: OverQuota, refused: int) -> None:
        """Let nobody ask before the vendor's period is over; never at once, later each time.

        A long period in another time than ours ends this run alone: when it is over cannot be
        told by our clock, so the next run asks once. A refusal that names no period, and comes
        again after whole minutes, is taken for the month: the next runs ask now and then.

        Raises:
            QuotaSpent: the vendor's long period is in another time.
        """
        now = self._clock.now()
        if over.ends_at is None and refused >= _MINUTES_WITHOUT_A_WORD:
            over = OverQuota("month", now + _SHORTEST_CLOSURE[False], over.limit)
        shortest = _SHORTEST_CLOSURE[over.period in _SHORT_PERIODS] * 2**refused
        if (
            over.ends_at
            and over.period not in _SHORT_PERIODS
            and not _is_ours(over.ends_at, response, now)
        ):
            raise QuotaSpent(wire.SERVICE, over.period, over.limit or 0, over.ends_at)
        remaining = _MINUTE
        if over.ends_at:
            remaining = over.ends_at - _vendors_now(response, now) + _AFTER
        self.quota.close_until(now + max(remaining, shortest), over.period, over.limit)


def _is_ours(instant: datetime, response: httpx.Response, now: datetime) -> bool:
    """Whether an instant of the vendor means something on our clock."""
    apart = abs(_vendors_now(response, now) - now)
    return apart <= _SAME_TIME and instant > now - _SAME_TIME


def _vendors_now(response: httpx.Response, otherwise: datetime) -> datetime:
    """Return the vendor's own present where it tells it: its periods are in its own time."""
    try:
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return otherwise
    return told if told.tzinfo else otherwise
