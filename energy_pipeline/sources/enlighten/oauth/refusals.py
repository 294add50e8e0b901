"""What the token endpoint's refusals mean, and what the user can do about them.

The vendor's own description repeats the code or the token that it refuses, so that only the part
before its colon is shown.
"""

from collections.abc import Mapping

import httpx
import orjson

from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    RequestRefused,
    ServiceError,
)
from energy_pipeline.http.redaction import redact
from energy_pipeline.sources.enlighten.oauth import wire

_SHOWN = 120  # characters of the vendor's words


class GrantRefused(AccessRefused):
    """A code or a refresh token buys nothing (any more).

    Attributes:
        was_sent_before: an earlier try got no answer, and may have used it up.
    """

    was_sent_before = False


def error_of(response: httpx.Response, request: str) -> ServiceError:
    """Return the error of an answer of the token endpoint that is not good."""
    status, members = response.status_code, _members(response)
    kind, advice = _kind_and_advice(status, str(members.get("error", "")))
    message = f"Enlighten answered {_said(status, members)}. {advice}"
    return kind(message, request=request, status=status)


def _kind_and_advice(status: int, error: str) -> tuple[type[ServiceError], str]:
    if error == wire.INVALID_GRANT:
        return GrantRefused, "A code and a refresh token are good for one use, and not for ever."
    if error in wire.UNKNOWN_CLIENT or status in (401, 403):
        return AccessRefused, (
            "Check ENLIGHTEN_CLIENT_ID and ENLIGHTEN_CLIENT_SECRET: both are on the page of your "
            "application at the vendor's developer portal."
        )
    if status in (404, 405, 410) or httpx.codes.is_redirect(status):
        kind = NotFound if status in (404, 410) else RequestRefused
        return kind, "The service does not have this path. Check ENLIGHTEN_BASE_URL."
    return RequestRefused, "The same request will be refused again; please report it."


def _said(status: int, members: Mapping[str, object]) -> str:
    texts = [members.get("error"), members.get("error_description")]
    words = "; ".join(_harmless(text) for text in texts if isinstance(text, str) and text)
    return f"{status} ({words})" if words else str(status)


def _harmless(text: str) -> str:
    return redact(text.partition(":")[0].strip())[:_SHOWN]


def _members(response: httpx.Response) -> Mapping[str, object]:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
