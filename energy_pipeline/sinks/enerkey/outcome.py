"""What became of a push, as far as the answer tells: taken, not taken, or nobody knows.

The one distinction that matters: a message that was surely not applied may be thought about again;
one of unknown fate must be looked for in EnerKey first. The codes are assumed, but for 2xx.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import httpx
import orjson

from energy_pipeline.http.redaction import redact
from energy_pipeline.http.retry import parse_retry_after_s

Verdict = Literal[
    "accepted",  # 2xx: received, not yet verified
    "refused",  # understood and not applied; never sent again unchanged
    "denied",  # 401, 403: the key, or the service is not switched on; not applied
    "too_large",  # 413: not applied, smaller ones may pass
    "limited",  # 429: not applied, later
    "not_sent",  # no connection: nothing left this machine
    "unknown",  # may or may not have been applied
]
_ROW = re.compile(r"(?:\$\.?)?\[(\d+)\]")
_MOST_CHARACTERS = 2_000
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of one push.

    Args:
        verdict: see `Verdict`.
        detail: the vendor's words or ours, one line.
        status: code of the answer; None without one.
        retry_after_s: how long the answer asks to wait; None when it does not say.
        bad_rows: rows of the message (from 0) that a refusal names.
    """

    verdict: Verdict
    detail: str
    status: int | None = None
    retry_after_s: float | None = None
    bad_rows: frozenset[int] = frozenset()


def classify_answer(answer: httpx.Response, now: datetime) -> Outcome:
    """Read the fate of a push from its answer."""
    code = answer.status_code
    said = vendor_text(answer)
    detail = f"EnerKey answered {code}" + (f": {said}" if said else "")
    wait_s = parse_retry_after_s(answer.headers.get("Retry-After", ""), now)
    return Outcome(_verdict(code), detail, code, wait_s, _named_rows(answer))


def classify_failure(error: httpx.RequestError) -> Outcome:
    """Read the fate of a push that got no answer; only a failed connection is surely harmless."""
    name = type(error).__name__
    if isinstance(error, _UNSENT):
        return Outcome("not_sent", f"EnerKey could not be reached ({name})")
    return Outcome("unknown", f"no answer from EnerKey ({name})")


def _verdict(code: int) -> Verdict:
    special: dict[int, Verdict] = {
        401: "denied",
        403: "denied",
        408: "unknown",
        413: "too_large",
        429: "limited",
    }
    if code in special:
        return special[code]
    if code >= 500:
        return "unknown"
    return "accepted" if 200 <= code < 300 else "refused"


def _named_rows(answer: httpx.Response) -> frozenset[int]:
    """Return the rows that the keys of a problem's `errors` name, as in `[17].value`."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return frozenset()
    errors = body.get("errors") if isinstance(body, dict) else None
    named = (_ROW.match(where) for where in errors) if isinstance(errors, dict) else ()
    return frozenset(int(match[1]) for match in named if match)


def vendor_text(answer: httpx.Response) -> str:
    """Return what an answer says, in one line of at most 2,000 characters and without secrets."""
    try:
        text = _words(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        text = answer.text
    return redact(" ".join(text.split()))[:_MOST_CHARACTERS]


def _words(body: Any) -> str:  # noqa: ANN401 - whatever the answer holds
    match body:
        case {"errors": dict(errors)} if errors:
            parts = (f"{where} {' '.join(map(str, texts))}" for where, texts in errors.items())
            return "; ".join([str(body.get("title", "")), *parts])
        case {"detail": str(text)} | {"title": str(text)} | {"message": str(text)}:
            return text
        case str(text):
            return text
        case _:
            return ""
