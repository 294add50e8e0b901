"""What the refusals of dialect v4 mean, and what the user can do about them.

When a request is made again is decided in `counted_requests.py`, when the token is renewed in
`connection.py`.
"""

import re
from http import HTTPStatus

import httpx

from energy_pipeline.errors import AccessRefused, NotFound, RequestRefused, ServiceError
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.bodies import shown
from energy_pipeline.sources.enlighten.counted_requests import Manners
from energy_pipeline.sources.enlighten.refusals import (
    SHOWN,
    OverQuota,
    Refusal,
    instant_of,
    over_quota,
    said,
)
from energy_pipeline.sources.enlighten.v4 import wire

_SAID_IN = ("message", "details", "errorMessages", "reason")
_LAST_INTERVAL = re.compile(r":last_interval=>(\d+)")  # Ruby notation inside the sentence
_AGAIN = "The same request will be refused again; please report it."
_SIGN_IN = "Let the owner grant your application access: energy-pipeline enlighten authorize."


def refusal_of(response: httpx.Response) -> Refusal | None:
    """Return why there are no intervals or totals, None when the answer says something else."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return Refusal("no content", is_ahead=False)
    text = said(response.content, ("details", "message"))
    if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        if shared.IN_THE_FUTURE in text:
            return Refusal(shared.IN_THE_FUTURE, is_ahead=True)
        if shared.OUTSIDE in text:
            return Refusal(shared.OUTSIDE + _until(text), is_ahead=False)
    if shared.NO_CONSUMPTION_METER in text:
        return Refusal(text, is_ahead=False)
    return None


def error_of(response: httpx.Response, request: str) -> ServiceError:
    """Return the error of an answer that is neither good nor a `Refusal`."""
    words = said(response.content, _SAID_IN) or shown(response.content, SHOWN)
    found = f"Enlighten answered {response.status_code} ({words})."
    kind, advice = _kind_and_advice(response.status_code, words, request)
    return kind(f"{found} {advice}", request=request, status=response.status_code)


def is_token_refused(response: httpx.Response) -> bool:
    """Whether another token may help: this one is missing, expired or unknown."""
    is_refused = response.status_code == HTTPStatus.UNAUTHORIZED
    return is_refused and wire.TOKEN_REFUSED in said(response.content, _SAID_IN)


def _over_quota(response: httpx.Response) -> OverQuota | None:
    return over_quota(response) if response.status_code == wire.QUOTA_STATUS else None


def _hopeless(response: httpx.Response, request: str) -> ServiceError | None:
    """A time that cannot be read, or a method that does not exist, will not be better later."""
    words = said(response.content, _SAID_IN)
    is_lasting = response.status_code == HTTPStatus.NOT_IMPLEMENTED
    return error_of(response, request) if is_lasting or wire.UNPARSABLE_TIME in words else None


MANNERS = Manners(_over_quota, _hopeless)


def _until(text: str) -> str:
    found = _LAST_INTERVAL.search(text)
    last = instant_of(int(found[1])) if found else None
    return f"; its intervals end at {last:%Y-%m-%d %H:%M} UTC" if last else ""


def _kind_and_advice(status: int, words: str, request: str) -> tuple[type[ServiceError], str]:
    match status:
        case 401:
            return AccessRefused, _advice_on_401(words, request)
        case 403:
            return AccessRefused, (
                "The owner who granted access does not share this system. Check the site's "
                f"system_id in sites.yaml. {_SIGN_IN}"
            )
        case 404:
            return NotFound, (
                "Check the site's system_id in sites.yaml, and ENLIGHTEN_BASE_URL where it is set."
            )
        case 405 | 410 | 501:
            return NotFound, "The service does not have this path. Check ENLIGHTEN_BASE_URL."
        case status if httpx.codes.is_redirect(status):
            return RequestRefused, "Redirects are not followed. Check ENLIGHTEN_BASE_URL."
        case _:
            return RequestRefused, _AGAIN


def _advice_on_401(words: str, request: str) -> str:
    if wire.KEY_MISSING in words:
        return "Set ENLIGHTEN_API_KEY to the API key of your application."
    if wire.KEY_OF_ANOTHER in words:
        return (
            "ENLIGHTEN_API_KEY is the key of another application than the one that the owner "
            "granted access to. Take API key, client id and client secret from one application at "
            f"{wire.DEVELOPER_PORTAL}, then: energy-pipeline enlighten authorize."
        )
    if wire.NOT_IN_PLAN in words:
        return (
            f"Your application may not use the group {group_of(request)!r}: see at "
            f"{wire.DEVELOPER_PORTAL} whether your plan has it and the application has it ticked."
        )
    return _SIGN_IN


def group_of(request: str) -> str:
    """Return the vendor's name of the group of endpoints that a path belongs to."""
    return next(group for fragment, group in wire.GROUPS if fragment in request)
