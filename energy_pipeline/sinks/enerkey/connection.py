"""Requests to EnerKey: which key they carry, how they are counted, when they are made again.

Every request carries one of the two keys, is counted before it leaves and tells how many are left.
Reads are repeated where that can help; a push goes out once. What is asked is in `client`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from random import Random

import httpx
import orjson

from energy_pipeline.clock import Clock
from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    QuotaSpent,
    RequestRefused,
    ServiceUnavailable,
)
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.keys import KeyRing, ProfileKey
from energy_pipeline.sinks.enerkey.outcome import (
    Outcome,
    classify_answer,
    classify_failure,
    vendor_text,
)
from energy_pipeline.state.quota import Quota

READ_POLICY = RetryPolicy(tries=5, first_step_s=2.0, factor=4.0)
LONGEST_LIMIT_WAIT_S = 900.0
"""A limit that lasts longer ends the run instead of sleeping; `Quota` raises `QuotaSpent`."""

READ_TIMEOUT_S = 60.0
LONG_READ_TIMEOUT_S = 120.0
"""For what EnerKey has to work on before it answers: snapshots and images."""

READ_ONLY = "ENERKEY_READ_ONLY is true"

_FIRST_LIMIT_WAIT_S = 60.0
_MOST_LIMITED = 8  # in a row


@dataclass(frozen=True, slots=True)
class Request:
    """One request, made anew for every try.

    Args:
        method: HTTP method.
        path: without query.
        query: encoded.
        body: JSON of a push.
        may_use_reserve: it finishes what was begun and may use the last requests of the day.
        accept: media type of the answer.
        read_timeout_s: longest silence of EnerKey while it answers.
        if_match: the version of what is to be replaced.
    """

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    may_use_reserve: bool = False
    accept: str = wire.MEDIA_TYPE
    read_timeout_s: float = READ_TIMEOUT_S
    if_match: str | None = None

    @property
    def name(self) -> str:
        """Method and path, for errors and logs."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that went out once.

    Args:
        outcome: its fate.
        answer: what EnerKey answered; None when nothing came.
    """

    outcome: Outcome
    answer: httpx.Response | None = None


class Connection:
    """The way to one profile, tenant or partner at EnerKey.

    Args:
        http: open client with EnerKey's base URL.
        keys: the keys of the profile, tenant or partner.
        quota_of: the durable count of a key's requests; it waits out limits of up to
            `LONGEST_LIMIT_WAIT_S` and keeps the pace.
        clock: the present instant, and how to wait.
        rng: dice of the waits.
        is_read_only: nothing that changes something at EnerKey leaves.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        keys: KeyRing,
        quota_of: Callable[[ProfileKey], Quota],
        clock: Clock,
        rng: Random,
        *,
        is_read_only: bool = False,
    ) -> None:
        self._http = http
        self._keys = keys
        self._quota_of = quota_of
        self._clock = clock
        self._rng = rng
        self._is_read_only = is_read_only

    async def read(self, request: Request) -> httpx.Response:
        """Return the successful answer to a read; its body is JSON unless something else is asked.

        Raises:
            AccessRefused: no key is accepted, or what is asked is not allowed.
            NotFound: EnerKey does not know the thing asked for.
            RequestRefused: any other no.
            ServiceUnavailable: no usable answer after every sensible try.
            QuotaSpent: no request is left.
        """
        for limited in range(_MOST_LIMITED):
            answer = await self._read_once_answered(request, limited)
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                return _usable(answer, request.name)
        raise ServiceUnavailable("limited again and again (429)", request=request.name, status=429)

    async def allow_push(self) -> None:
        """Count the request of a push that is about to leave, waiting as long as it takes.

        Raises:
            QuotaSpent: no request is left; nothing may be sent.
            AccessRefused: no key can be used, or the connection is for reading only.
        """
        request = Request("POST", "push")
        if self._is_read_only:
            raise AccessRefused(f"{READ_ONLY}; nothing was sent", request=request.name)
        await self._count(request)

    async def push(self, request: Request) -> Outcome:
        """Send a push once, after `allow_push`, and return its fate; raises nothing for it."""
        return (await self.send(request)).outcome

    async def send(self, request: Request) -> Sent:
        """Send a request once, after `allow_push`; raises nothing for its fate."""
        try:
            answer, key = await self._send_counted(request)
        except httpx.RequestError as error:
            return Sent(classify_failure(error))
        except (QuotaSpent, AccessRefused) as error:  # of the other key, after this one's 401
            return Sent(Outcome("denied", str(error)))
        outcome = classify_answer(answer, self._clock.now())
        if outcome.verdict == "limited":
            self._close(key, outcome.retry_after_s, 0)
        return Sent(outcome, answer)

    async def _read_once_answered(self, request: Request, limited: int) -> httpx.Response:
        async def once() -> httpx.Response:
            await self._count(request)
            answer, key = await self._send_counted(request)
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                outcome = classify_answer(answer, self._clock.now())
                self._close(key, outcome.retry_after_s, limited)
            elif answer.status_code == HTTPStatus.OK and not _is_whole(answer, request):
                raise httpx.RemoteProtocolError("the answer broke off")
            return answer

        return await send_with_retries(
            once,
            policy=READ_POLICY,
            clock=self._clock,
            rng=self._rng,
            request_name=request.name,
        )

    async def _count(self, request: Request) -> None:
        key = self._keys.choose(self._clock.now(), request.name)
        await self._quota_of(key).spend(may_use_reserve=request.may_use_reserve)

    async def _send_counted(self, request: Request) -> tuple[httpx.Response, ProfileKey]:
        """Send a request that is counted already; a refused key gives way to the other one."""
        key = self._keys.choose(self._clock.now(), request.name)
        answer = await self._send(request, key)
        if self._is_refused(answer, key):
            await self._count(request)
            key = self._keys.choose(self._clock.now(), request.name)
            answer = await self._send(request, key)
            self._is_refused(answer, key)
        return answer, key

    def _is_refused(self, answer: httpx.Response, key: ProfileKey) -> bool:
        """Note a refused key; tell whether the other one may be tried."""
        is_refused = answer.status_code == HTTPStatus.UNAUTHORIZED
        return is_refused and self._keys.refuse(key, self._clock.now())

    async def _send(self, request: Request, key: ProfileKey) -> httpx.Response:
        headers = {wire.AUTHORIZATION: wire.KEY_FORMAT.format(key=key.secret.get_secret_value())}
        headers["Accept"] = request.accept
        if request.if_match is not None:
            headers[wire.IF_MATCH] = request.if_match
        if request.body is not None:
            headers["Content-Type"] = wire.PUSH_CONTENT_TYPE
        url = f"{request.path}?{request.query}" if request.query else request.path
        timeout = httpx.Timeout(self._http.timeout.connect, read=request.read_timeout_s, pool=None)
        answer = await self._http.request(
            request.method, url, headers=headers, content=request.body, timeout=timeout
        )
        remaining = requests_left(answer.headers)
        if remaining is not None:
            self._quota_of(key).report_remaining(remaining)
        return answer

    def _close(self, key: ProfileKey, asked_s: float | None, limited: int) -> None:
        """Keep every process from asking before the limit is over."""
        own_s = _FIRST_LIMIT_WAIT_S * 2**limited * self._rng.uniform(1.0, 1.25)
        wait = timedelta(seconds=own_s if asked_s is None else max(1.0, asked_s))
        until = self._clock.now() + wait
        self._quota_of(key).close_until(until, "day", allowed=wire.REQUESTS_PER_DAY)


def requests_left(headers: Mapping[str, str]) -> int | None:
    """Return how many requests EnerKey says are left in the 24 hours, None when it does not say."""
    for name in (wire.RATE_REMAINING, wire.RATE_LIMIT):
        text = headers.get(name, "").strip()
        if text.isdecimal():
            return int(text)
    return None


def _is_whole(answer: httpx.Response, request: Request) -> bool:
    if request.accept != wire.MEDIA_TYPE:
        return True  # what it is, is seen by who reads it
    try:
        orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return False
    return True


def _usable(answer: httpx.Response, request: str) -> httpx.Response:
    code = answer.status_code
    if code == HTTPStatus.OK:
        return answer
    said = vendor_text(answer)
    match code:
        case 401:
            message = f"EnerKey does not accept the key (401). {said}"
            raise AccessRefused(message, request=request, status=code)
        case 403:
            message = f"not allowed (403): ask the EnerKey service desk to enable it. {said}"
            raise AccessRefused(message, request=request, status=code)
        case 404:
            raise NotFound(f"EnerKey does not know it (404). {said}", request=request, status=code)
        case _:
            raise RequestRefused(f"EnerKey answered {code}. {said}", request=request, status=code)
