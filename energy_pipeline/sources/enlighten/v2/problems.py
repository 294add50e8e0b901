"""What the refusals of dialect v2 mean, and what the user can do about them.

When a request is made again is decided in `counted_requests.py` and `http/retry.py`.
"""

from http import HTTPStatus

import httpx

from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
)
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.bodies import shown
from energy_pipeline.sources.enlighten.counted_requests import Manners
from energy_pipeline.sources.enlighten.refusals import (
    SHOWN,
    OverQuota,
    Refusal,
    instant_of,
    members_of,
    over_quota,
    said,
)
from energy_pipeline.sources.enlighten.v2 import wire

_SAID_IN = ("message", "errorMessages", "reason")


def refusal_of(response: httpx.Response) -> Refusal | None:
    """Return why there are no intervals or totals, None when the answer says something else."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return Refusal("no content", is_ahead=False)
    text = said(response.content, _SAID_IN)
    if shared.IN_THE_FUTURE in text:
        return Refusal(shared.IN_THE_FUTURE, is_ahead=True)
    if shared.NO_CONSUMPTION_METER in text:
        return Refusal(text, is_ahead=False)
    if shared.OUTSIDE in text:
        last = members_of(response.content).get("last_interval")
        until = f"; its intervals end at {instant_of(last):%Y-%m-%d %H:%M} UTC" if last else ""
        return Refusal(text + until, is_ahead=False)
    return None


def error_of(response: httpx.Response, request: str) -> ServiceError:
    """Return the error of an answer that is neither good nor a `Refusal`."""
    words = said(response.content, _SAID_IN) or shown(response.content, SHOWN)
    found = f"Enlighten answered {response.status_code} ({words})."
    kind, advice = _kind_and_advice(response.status_code, words)
    return kind(f"{found} {advice}", request=request, status=response.status_code)


def _over_quota(response: httpx.Response) -> OverQuota | None:
    return over_quota(response) if response.status_code == wire.QUOTA_STATUS else None


def _server_bug(response: httpx.Response, request: str) -> ServiceError | None:
    """The vendor's program broke on this very request: asking again does not help."""
    if wire.SERVER_BUG not in str(members_of(response.content).get("type")):
        return None
    words = said(response.content, _SAID_IN)
    message = f"Enlighten broke on this request ({words}). Try again later."
    return ServiceUnavailable(message, request=request, status=response.status_code)


MANNERS = Manners(_over_quota, _server_bug)


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
