"""Requests of dialect v2: one method per endpoint, each request counted before it is made.

How windows are chosen is in `planner.py`, how answers are read in `answers.py`, `day_totals.py` and
`bodies.py`. The key and the user id are in the query alone; no message ever holds a query.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import Random, SystemRandom

import httpx
from pydantic import SecretStr

from energy_pipeline.calendar import Span
from energy_pipeline.clock import Clock
from energy_pipeline.errors import QuotaSpent, SchemaSurprise, ServiceUnavailable
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.bodies import (
    ListedSystem,
    Summary,
    SystemsPage,
    read_body,
)
from energy_pipeline.sources.enlighten.day_totals import DayTotals, parse_day_totals
from energy_pipeline.sources.enlighten.problems import (
    OverQuota,
    Refusal,
    error_of,
    is_server_bug,
    over_quota,
    refusal_of,
    server_bug,
)
from energy_pipeline.sources.enlighten.series import CONSUMPTION, IntervalSeries
from energy_pipeline.state.quota import Quota

READS = RetryPolicy(tries=5, first_step_s=1.0, longest_step_s=30.0)
"""A try is a hit: few, and soon far apart."""

_MOST_REFUSALS = 8  # 409s of one request before it is given up
_SHORT_PERIODS = ("second", "minute")
_SHORTEST_CLOSURE = {True: timedelta(seconds=2), False: timedelta(hours=1)}
_MINUTE = timedelta(minutes=1)
_SAME_TIME = timedelta(minutes=5)
# Instants of both clocks are whole seconds; the period is over after its last one.
_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class SystemAccess:
    """A system, and the user who granted access to it."""

    system_id: int
    user_id: SecretStr


@dataclass(frozen=True, slots=True)
class RefusedWindow:
    """Enlighten has no intervals to give for a window.

    Args:
        window: the time that was asked for.
        refusal: why.
        received_at: when it was received, aware.
    """

    window: Span
    refusal: Refusal
    received_at: datetime


class EnlightenV2:
    """The Enlighten cloud for one application.

    Args:
        http: a client for the service's base URL.
        quota: the plan's requests; every try is counted, also one that fails.
        api_key: the application's key.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.
        policy: how often a read is tried.

    Every method raises:
        AccessRefused: key, user id or grant are not accepted.
        NotFound: the system or the path is not known.
        RequestRefused: anything else that will be refused again.
        QuotaSpent: the plan's requests are used up for longer than a minute.
        ServiceUnavailable: no usable answer after every sensible try.
        SchemaSurprise: an answer of another shape than promised.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        quota: Quota,
        api_key: SecretStr,
        clock: Clock,
        *,
        rng: Random | None = None,
        policy: RetryPolicy = READS,
    ) -> None:
        self._http = http
        self._quota = quota
        self._api_key = api_key
        self._clock = clock
        self._rng = rng or SystemRandom()
        self._policy = policy
        self._hidden: frozenset[SecretStr] = frozenset()

    @property
    def quota(self) -> Quota:
        """The plan's requests."""
        return self._quota

    async def intervals(
        self, series: IntervalSeries, system: SystemAccess, window: Span
    ) -> IntervalAnswer | RefusedWindow:
        """Ask for the intervals of a window, at most `series.widest` long, on its grid."""
        path = f"{wire.SYSTEMS}/{system.system_id}/{series.endpoint}"
        bounds = {wire.START_AT: window.start, wire.END_AT: window.end}
        params = {name: str(int(at.timestamp())) for name, at in bounds.items()}
        response = await self._get(path, system.user_id, params)
        received_at = self._clock.now()
        if response.status_code == HTTPStatus.OK and not _is_message(response):
            content = response.content
            return IntervalAnswer(f"GET {path}", system.system_id, window, content, received_at)
        if refusal := refusal_of(response):
            return RefusedWindow(window, refusal, received_at)
        raise error_of(response, f"GET {path}")

    async def day_totals(self, series: IntervalSeries, system: SystemAccess) -> DayTotals:
        """Ask for the vendor's total of every local day of the system's life, in one request."""
        is_consumption = series is CONSUMPTION
        endpoint = wire.CONSUMPTION_LIFETIME if is_consumption else wire.ENERGY_LIFETIME
        path = f"{wire.SYSTEMS}/{system.system_id}/{endpoint}"
        params = {} if is_consumption else wire.PRODUCTION_PARTS
        response = await self._get(path, system.user_id, params)
        received_at = self._clock.now()
        if response.status_code == HTTPStatus.OK and not _is_message(response):
            return parse_day_totals(response.content, series, f"GET {path}", received_at)
        if refusal := refusal_of(response):
            return DayTotals(None, (), None, received_at, refusal.reason)
        raise error_of(response, f"GET {path}")

    async def systems(self, user_id: SecretStr) -> list[ListedSystem]:
        """Return every system that the user can see; one request per 1,000."""
        params = {wire.LIMIT: str(wire.LONGEST_PAGE)}
        found: list[ListedSystem] = []
        while True:
            response = await self._get(wire.SYSTEMS, user_id, params)
            if response.status_code != HTTPStatus.OK:
                raise error_of(response, f"GET {wire.SYSTEMS}")
            page = read_body(SystemsPage, response.content, f"GET {wire.SYSTEMS}")
            found += page.systems
            if not page.next:
                return found
            if page.next == params.get(wire.NEXT):
                message = "next: found the cursor of this very page"
                raise SchemaSurprise(message, request=f"GET {wire.SYSTEMS}", status=200)
            params = {**params, wire.NEXT: page.next}

    async def summary(self, system: SystemAccess, day: date | None = None) -> Summary:
        """Return the figures of a local day; None: of today."""
        path = f"{wire.SYSTEMS}/{system.system_id}/{wire.SUMMARY}"
        params = {} if day is None else {wire.SUMMARY_DATE: day.isoformat()}
        response = await self._get(path, system.user_id, params)
        if response.status_code != HTTPStatus.OK:
            raise error_of(response, f"GET {path}")
        return read_body(Summary, response.content, f"GET {path}")

    async def _get(
        self, path: str, user_id: SecretStr, params: Mapping[str, str]
    ) -> httpx.Response:
        """Return the answer, whatever it says but for the quota, which is waited for."""
        secrets = {wire.KEY: self._api_key, wire.USER_ID: user_id}
        self._hide(secrets.values())
        query = {**params, **{name: secret.get_secret_value() for name, secret in secrets.items()}}

        async def send() -> httpx.Response:
            await self._quota.spend()
            response = await self._http.get(path, params=query)
            if response.is_server_error and is_server_bug(response):
                raise server_bug(response, f"GET {path}")
            return response

        for refused in range(_MOST_REFUSALS):
            response = await send_with_retries(
                send,
                policy=self._policy,
                clock=self._clock,
                rng=self._rng,
                request_name=f"GET {path}",
            )
            if response.status_code != wire.QUOTA_STATUS:
                return response
            self._close_quota(response, over_quota(response), refused)
        message = f"the plan's limit was said to be reached {_MOST_REFUSALS} times in a row"
        raise ServiceUnavailable(message, request=f"GET {path}", status=wire.QUOTA_STATUS)

    def _hide(self, secrets: Iterable[SecretStr]) -> None:
        """Keep what is about to be sent out of every log line and message."""
        if new := frozenset(secrets) - self._hidden:
            install_log_redaction(secret.get_secret_value() for secret in new)
            self._hidden |= new

    def _close_quota(self, response: httpx.Response, over: OverQuota, refused: int) -> None:
        """Let nobody ask before the vendor's period is over; never at once, later each time.

        A long period in another time than ours ends this run alone: when it is over cannot be
        told by our clock, so the next run asks once.

        Raises:
            QuotaSpent: the vendor's long period is in another time.
        """
        shortest = _SHORTEST_CLOSURE[over.period in _SHORT_PERIODS] * 2**refused
        now = self._clock.now()
        if (
            over.ends_at
            and over.period not in _SHORT_PERIODS
            and not _is_ours(over.ends_at, response, now)
        ):
            raise QuotaSpent(wire.SERVICE, over.period, over.limit or 0, over.ends_at)
        remaining = _MINUTE
        if over.ends_at:
            remaining = over.ends_at - _vendors_now(response, now) + _AFTER
        self._quota.close_until(now + max(remaining, shortest), over.period, over.limit)


def _is_message(response: httpx.Response) -> bool:
    """Whether a good status carries a sentence instead of values."""
    return wire.NO_CONSUMPTION_METER.encode() in response.content[:1000]


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
