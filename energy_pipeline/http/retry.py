"""Asking again: for reads only, where a second answer can differ, and never at once.

A push is never sent twice by this module: what an unknown outcome means is decided by the upload.
Which status ends a request for good is known to the clients; minutes and hours are Dagster's.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

import httpx

from energy_pipeline.clock import Clock
from energy_pipeline.errors import RequestRefused, ServiceUnavailable
from energy_pipeline.http.redaction import redact

_PASSING_TROUBLE = frozenset({408, 500, 502, 503, 504})
_SECONDS = re.compile(r"[+-]?\d{1,9}(?:\.\d+)?")
_SHOWN_CHARACTERS = 200  # of an error's body


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to go on asking.

    Args:
        tries: requests at most, the first one included.
        first_step_s: upper end of the first random wait.
        factor: growth of that upper end from wait to wait.
        longest_step_s: where it stops growing.
        shortest_wait_s: no wait is shorter, whatever the dice or the server say.
        total_wait_s: all waits of one request together; a server that asks for more is given up.
        statuses: answers after which asking again makes sense.
    """

    tries: int = 4
    first_step_s: float = 2.0
    factor: float = 2.0
    longest_step_s: float = 60.0
    shortest_wait_s: float = 0.25
    total_wait_s: float = 300.0
    statuses: frozenset[int] = _PASSING_TROUBLE


async def send_with_retries(
    send: Callable[[], Awaitable[httpx.Response]],
    *,
    policy: RetryPolicy,
    clock: Clock,
    rng: Random,
    request_name: str,
) -> httpx.Response:
    """Return the first answer that is not passing trouble, whatever its status.

    Waits with full jitter between tries, or as long as `Retry-After` says when that is longer.

    Args:
        send: makes one try of an idempotent read and reads its body; counts its own hit.
        policy: how often and how long.
        clock: how to wait.
        rng: the dice.
        request_name: method and path without query, for messages.

    Raises:
        ServiceUnavailable: no such answer within the policy.
        RequestRefused: the request cannot be sent at all.
    """
    waited_s = 0.0
    for tried in range(1, policy.tries + 1):
        answer = await _try_once(send, request_name)
        if isinstance(answer, httpx.Response) and answer.status_code not in policy.statuses:
            return answer
        wait_s = max(_jittered_s(tried, policy, rng), _retry_after_s(answer, clock.now()))
        if tried == policy.tries:
            raise _given_up(answer, request_name, f"after {tried} tries")
        if waited_s + wait_s > policy.total_wait_s:
            raise _given_up(answer, request_name, f"and asked to wait {wait_s:.0f} s more")
        await clock.sleep(wait_s)
        waited_s += wait_s
    raise ValueError(f"a policy allows at least one try: {policy}")


async def _try_once(
    send: Callable[[], Awaitable[httpx.Response]], request_name: str
) -> httpx.Response | httpx.TransportError:
    # `from None`: the chain would print the transport's own message, which can quote a header.
    try:
        return await send()
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
        raise RequestRefused(f"cannot be sent: {_describe(error)}", request=request_name) from None
    except httpx.TransportError as error:
        return error
    except httpx.RequestError as error:
        raise ServiceUnavailable(_describe(error), request=request_name) from None


def _jittered_s(tried: int, policy: RetryPolicy, rng: Random) -> float:
    step_s = min(policy.longest_step_s, policy.first_step_s * policy.factor ** (tried - 1))
    return max(policy.shortest_wait_s, rng.uniform(0, step_s))


def _retry_after_s(answer: httpx.Response | httpx.TransportError, now: datetime) -> float:
    """Return the wait that the answer asks for; 0 when it asks for none or makes no sense."""
    if not isinstance(answer, httpx.Response):
        return 0.0
    return parse_retry_after_s(answer.headers.get("Retry-After", ""), now) or 0.0


def parse_retry_after_s(value: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, never negative; None if unreadable.

    Args:
        value: seconds or an HTTP date.
        now: what a date is counted from, aware.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _given_up(
    answer: httpx.Response | httpx.TransportError, request_name: str, why: str
) -> ServiceUnavailable:
    status = answer.status_code if isinstance(answer, httpx.Response) else None
    message = f"no usable answer {why}; the last one: {_describe(answer)}"
    return ServiceUnavailable(message, request=request_name, status=status)


def _describe(answer: httpx.Response | httpx.RequestError) -> str:
    if isinstance(answer, httpx.Response):
        body = " ".join(answer.text.split())
        text = f"{answer.status_code} {answer.reason_phrase} {body}"
    else:
        text = f"{type(answer).__name__}: {answer}"
    return redact(text)[:_SHOWN_CHARACTERS]
