"""What EnerKey answers about provisioning: the id of a run, and its state.

The id is taken from an object, from a bare text or from the address of the status. The words of a
state are read without regard to letter case; one that is not known is not final.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.json_answer import field_of
from energy_pipeline.sinks.enerkey.provisioning.runs import RunState

_FINAL: dict[str, RunState] = {
    wire.COMPLETED: "completed",
    wire.COMPLETED_WITH_ERRORS: "with_errors",
    wire.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The state of a run.

    Args:
        word: EnerKey's own word for it.
        state: ours.
        created: things made; None when it is not said.
        updated: things changed.
        deleted: things deleted.
        errors: EnerKey's own messages, each with the place and id that it names.
    """

    word: str
    state: RunState
    created: int | None = None
    updated: int | None = None
    deleted: int | None = None
    errors: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether it will not change any more."""
        return self.state != "running"


def read_run_id(answer: httpx.Response, request: str) -> str:
    """Return the id of the run that an answer to a snapshot names.

    Raises:
        SchemaSurprise: it names none.
    """
    found = _json(answer)
    id = field_of(found, wire.PROVISIONING_ID) if isinstance(found, dict) else found
    if isinstance(id, str | int) and not isinstance(id, bool) and str(id).strip():
        return str(id).strip()
    place = urlsplit(answer.headers.get("Location", ""))
    named = parse_qs(place.query).get(wire.PROVISIONING_ID, [])
    last = place.path.rpartition("/")[2] if place.path else ""
    if named or last:
        return named[0] if named else last
    message = "the answer to a snapshot has no id to ask for its state with"
    raise SchemaSurprise(message, request=request, status=answer.status_code)


def read_status(answer: httpx.Response, request: str) -> RunStatus:
    """Return the state of a run.

    Raises:
        SchemaSurprise: the answer is no object with a status.
    """
    found = _json(answer)
    word = field_of(found, wire.STATUS) if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(word, str | int):
        message = f"{wire.STATUS}: found {word!r}; allowed: a word"
        raise SchemaSurprise(message, request=request, status=answer.status_code)
    counts = (_count(found, name) for name in (wire.CREATED, wire.UPDATED, wire.DELETED))
    state = _FINAL.get(str(word).lower(), "running")
    return RunStatus(str(word), state, *counts, errors=_errors(found))


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _count(found: Mapping[str, Any], name: str) -> int | None:
    value = field_of(found, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _errors(found: Mapping[str, Any]) -> tuple[str, ...]:
    listed = field_of(found, wire.ERRORS)
    return tuple(_error(each) for each in listed) if isinstance(listed, list) else ()


def _error(each: object) -> str:
    if not isinstance(each, dict):
        return str(each)
    names = (wire.ERROR_PATH, wire.ERROR_EXTERNAL_ID)
    place = " ".join(str(text) for name in names if (text := field_of(each, name)) is not None)
    said = field_of(each, wire.ERROR_MESSAGE) or "no message"
    return f"{place}: {said}" if place else str(said)
