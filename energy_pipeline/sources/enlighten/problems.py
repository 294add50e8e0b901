"""What Enlighten's refusals mean, and what the user can do about them.

When a request is made again is decided in `client.py` and `http/retry.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx
import orjson

from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
)
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.bodies import LAST_SECOND, shown
from energy_pipeline.state.limits import Period

_SHOWN = 200  # characters of the vendor's words


@dataclass(frozen=True, slots=True)
class Refusal:
    """Enlighten has nothing to give for the time that was asked for; no error.

    Args:
        reason: the vendor's words, with the end of the system's intervals where it names it.
        is_ahead: the time has not come yet by the vendor's clock.
    """

    reason: str
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class OverQuota:
    """The plan allows nothing more until `ends_at`, by the vendor's clock; None: not said."""

    period: Period
    ends_at: datetime | None
    limit: int | None


def refusal_of(response: httpx.Response) -> Refusal | None:
    """Return why there are no intervals or totals, None when the answer says something else."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return Refusal("no content", is_ahead=False)
    text = _words(response.content)
    if wire.IN_THE_FUTURE in text:
        return Refusal(wire.IN_THE_FUTURE, is_ahead=True)
    if wire.NO_CONSUMPTION_METER in text:
        return Refusal(text, is_ahead=False)
    if wire.OUTSIDE in text:
        last = _members(response.content).get("last_interval")
        until = f"; its intervals end at {_instant(last):%Y-%m-%d %H:%M} UTC" if last else ""
        return Refusal(text + until, is_ahead=False)
    return None


def over_quota(response: httpx.Response) -> OverQuota:
    """Return what a 409 says; what it leaves out is taken for a minute."""
    members = _members(response.content)
    period = members.get("period")
    limit = members.get("limit")
    return OverQuota(
        period if period in wire.PERIODS else "minute",
        _instant(members.get("period_end")),
        limit if isinstance(limit, int) and limit > 0 else None,
    )


def error_of(response: httpx.Response, request: str) -> ServiceError:
    """Return the error of an answer that is neither good nor a `Refusal`."""
    words = _words(response.content) or shown(response.content, _SHOWN)
    said = f"Enlighten answered {response.status_code} ({words})."
    kind, advice = _kind_and_advice(response.status_code, words)
    return kind(f"{said} {advice}", request=request, status=response.status_code)


def is_server_bug(response: httpx.Response) -> bool:
    """Whether the vendor's program broke on this very request: asking again does not help."""
    return wire.SERVER_BUG in str(_members(response.content).get("type"))


def server_bug(response: httpx.Response, request: str) -> ServiceError:
    """Return the error of such an answer."""
    message = f"Enlighten broke on this request ({_words(response.content)}). Try again later."
    return ServiceUnavailable(message, request=request, status=response.status_code)


def _kind_and_advice(status: int, words: str) -> tuple[type[ServiceError], str]:
    match status:
        case 401 | 403:
            return AccessRefused, (
                "Check ENLIGHTEN_API_KEY and the site's user_id and system_id in sites.yaml. The "
                "owner grants your application access, to production and to consumption, at "
                f"{wire.AUTHORIZATION_URL} with your application's id."
            )
        case 404 if "Couldn't find" in words:
            return NotFound, "Check the site's system_id in sites.yaml."
        case 404 | 410:
            return NotFound, (
                "The service does not have this path. Check ENLIGHTEN_BASE_URL; Enlighten itself "
                f"has retired this dialect (v2) on {wire.RETIRED}."
            )
        case status if httpx.codes.is_redirect(status):
            return RequestRefused, "Redirects are not followed. Check ENLIGHTEN_BASE_URL."
        case _:
            return RequestRefused, "The same request will be refused again; please report it."


def _words(content: bytes) -> str:
    """Return the vendor's own words; the members that hold them differ from body to body."""
    return "; ".join(dict.fromkeys(_texts(_members(content))))


def _texts(members: Mapping[str, Any]) -> Iterator[str]:
    for name in ("message", "errorMessages", "reason"):
        found = members.get(name)
        texts = found if isinstance(found, list) else [found]
        for text in texts:
            if isinstance(text, str) and not text.isdecimal():
                yield shown(text.encode(), _SHOWN)


def _members(content: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _instant(epoch_s: object) -> datetime | None:
    if isinstance(epoch_s, int) and 0 <= epoch_s < LAST_SECOND:
        return datetime.fromtimestamp(epoch_s, UTC)
    return None
