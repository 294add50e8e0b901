"""What an answer is worth: a document, a clear no, or nothing for now.

The difference decides what a poll may conclude: a gateway without an endpoint measures by another
one, a gateway that is busy is asked again. Requests are in `client.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import orjson

from energy_pipeline.sources.envoy.wire import Endpoint

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Document:
    """JSON that a gateway answered.

    Args:
        value: objects, lists, texts, numbers; of a repeated key the last value.
        received_at: when it was received, aware.
    """

    value: object
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """The gateway does not have the endpoint, or not for this token."""

    why: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer this time."""

    why: str


Reply = Document | Absent | Unavailable
Replies = Mapping[Endpoint, Reply]
"""The answers of one poll; an endpoint that was not asked is not in it."""


def read_reply(status: int, content: bytes, received_at: datetime) -> Reply:
    """Judge an answer by its status and its first character, whatever it calls itself.

    Args:
        status: of the answer.
        content: the whole body; a broken one never gets here.
        received_at: when it was received, aware.
    """
    if status in _PASSING:
        return Unavailable(f"status {status}")
    if status != HTTPStatus.OK:
        return Absent(f"status {status}")
    text = content.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        return Unavailable("an empty body")
    if not text.startswith((b"{", b"[")):
        return Absent("a page instead of JSON")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Unavailable(f"broken JSON at character {error.pos}")
    if isinstance(value, dict) and "error" in value:
        return Absent("an error instead of data")
    return Document(value, received_at)


def document(replies: Replies, endpoint: Endpoint) -> object:
    """Return the JSON of an endpoint, None when there is none."""
    reply = replies.get(endpoint)
    return reply.value if isinstance(reply, Document) else None


def may_answer_later(replies: Replies, endpoint: Endpoint) -> bool:
    """Return whether nobody knows what the endpoint would say: not asked, or not answered."""
    return not isinstance(replies.get(endpoint), Document | Absent)
