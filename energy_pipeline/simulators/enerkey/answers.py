"""What goes back over the wire: answers, refusals and how each looks in JSON.

A handler returns an `Answer` or raises a `Refusal`; `gate` turns both into HTTP.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from energy_pipeline.simulators.enerkey.switches import Switches

JSON = "application/json; charset=utf-8"
MOST_ERRORS = 200
"""Validation errors that one answer lists at most."""

_SECTIONS = {
    400: "15.5.1",
    401: "15.5.2",
    403: "15.5.4",
    404: "15.5.5",
    409: "15.5.10",
    413: "15.5.14",
    415: "15.5.16",
    422: "15.5.21",
    429: "15.5",
    500: "15.6.1",
    502: "15.6.3",
    503: "15.6.4",
    504: "15.6.5",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "An error occurred while processing your request.",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_traces = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer and what the request log tells of it."""

    status: int = 200
    content: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    meter_ids: tuple[int, ...] = ()
    rows: int = 0
    """Rows stored by a push or returned by a read."""
    is_committed: bool = False
    """Whether the request changed what is stored."""


class Refusal(Exception):
    """A request that the service does not do.

    Args:
        status: of the HTTP answer.
        detail: a sentence for people.
        errors: validation errors by member, e.g. `[17].timestamp`.
        headers: further headers of the answer.
        meter_ids: for the request log.
        rows: rows that were stored all the same (partial acceptance).
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        errors: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        meter_ids: tuple[int, ...] = (),
        rows: int = 0,
    ) -> None:
        super().__init__(f"{status} {detail or dict(errors or {})}")
        self.status = status
        self.detail = detail
        self.errors = dict(itertools.islice((errors or {}).items(), MOST_ERRORS))
        self.headers = dict(headers or {})
        self.meter_ids = meter_ids
        self.rows = rows


def json_answer(
    document: object, switches: Switches, *, meter_ids: tuple[int, ...] = (), rows: int = 0
) -> Answer:
    """Return 200 with a JSON document written in camelCase, renamed when the switch says so."""
    if switches.json_naming == "PascalCase":
        document = _pascal(document)
    content = orjson.dumps(document)
    return Answer(content=content, media_type=JSON, meter_ids=meter_ids, rows=rows)


def refusal_answer(refusal: Refusal, switches: Switches) -> Answer:
    """Return a refusal with the error body that the switch asks for."""
    media_type, content = _body(refusal, switches)
    return Answer(
        status=refusal.status,
        content=content,
        media_type=media_type,
        headers=refusal.headers,
        meter_ids=refusal.meter_ids,
        rows=refusal.rows,
        is_committed=refusal.rows > 0,
    )


def wire_name(name: str, switches: Switches) -> str:
    """Return a camelCase member name as the service spells it."""
    return name[:1].upper() + name[1:] if switches.json_naming == "PascalCase" else name


def _body(refusal: Refusal, switches: Switches) -> tuple[str | None, bytes]:
    message = refusal.detail or "; ".join(
        f"{member}: {' '.join(texts)}" for member, texts in refusal.errors.items()
    )
    message = message or _TITLES[refusal.status]
    match switches.error_body:
        case "problem_json":
            return "application/problem+json", orjson.dumps(_problem(refusal))
        case "gateway_json":
            document = {"statusCode": refusal.status, "message": message}
            return "application/json", orjson.dumps(document)
        case "text":
            return "text/plain; charset=utf-8", message.encode()
        case "html":
            return "text/html; charset=utf-8", html_page(refusal.status)
        case "empty":
            return None, b""


def html_page(status: int) -> bytes:
    """Return the kind of page that a gateway shows to a browser."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()


def _problem(refusal: Refusal) -> dict[str, object]:
    number = next(_traces)
    title = _TITLES[refusal.status]
    problem: dict[str, object] = {
        "type": f"https://tools.ietf.org/html/rfc9110#section-{_SECTIONS[refusal.status]}",
        "title": "One or more validation errors occurred." if refusal.errors else title,
        "status": refusal.status,
        "traceId": f"00-{number:032x}-{number:016x}-00",
    }
    if refusal.detail:
        problem["detail"] = refusal.detail
    if refusal.errors:
        problem["errors"] = refusal.errors
    return problem


def _pascal(document: object) -> object:
    if isinstance(document, dict):
        return {name[:1].upper() + name[1:]: _pascal(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_pascal(value) for value in document]
    return document
