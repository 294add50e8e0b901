"""Energy management actions: read, changed in named members only, written back whole.

EnerKey stores an action as it is sent, whatever it held before. So it is read right before it is
changed, read again right before it is written, and not written when somebody else was there
meanwhile. What is not known of it survives byte for byte (`json_text`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from energy_pipeline.errors import OutcomeUnknown, RequestRefused, SchemaSurprise
from energy_pipeline.sinks.enerkey import json_text, wire
from energy_pipeline.sinks.enerkey.connection import Connection, Request
from energy_pipeline.sinks.enerkey.json_answer import JsonAnswer

Difference = tuple[str, str, str]
"""Path, old and new text."""


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action as EnerKey has it.

    Args:
        text: its JSON, as it came.
        version: the answer's entity tag; None without one.
    """

    text: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ActionUpdate:
    """What an update did, or would do.

    Args:
        differences: of what was read and what was to be written.
        is_written: EnerKey was seen to have it; False of a rehearsal, and where nothing differs.
        elsewhere: what EnerKey itself changed besides.
    """

    differences: tuple[Difference, ...]
    is_written: bool
    elsewhere: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedAction:
    """An action in a list; the rest of it is got by its id.

    Args:
        id: EnerKey's.
        name: what is to be done.
        status: how far it is.
    """

    id: int
    name: str | None
    status: str | None


class _ListAnswer(JsonAnswer):
    """Reads an answer with a list of actions."""

    def actions(self) -> list[ListedAction]:
        return [
            ListedAction(
                self._id(item, wire.ID, at),
                self._optional_text(item, wire.NAME, at),
                self._optional_text(item, wire.STATUS, at),
            )
            for at, item in self._items(self._document(), "")
        ]


class Actions:
    """The actions of a profile.

    Args:
        connection: the way to it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self, facility_ids: Sequence[int] = ()) -> list[ListedAction]:
        """Return the actions of facilities; of none named: all.

        Raises:
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        query = urlencode([(wire.FACILITY_IDS, str(id)) for id in facility_ids])
        request = Request("GET", wire.ACTIONS, query)
        return _ListAnswer(await self._connection.read(request), request.name).actions()

    async def get(self, action_id: int) -> StoredAction:
        """Return an action.

        Raises:
            NotFound: the profile has none of that id.
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        request = Request("GET", wire.ACTION.format(action_id=action_id))
        return _stored(await self._connection.read(request), request.name)

    async def update(
        self, action_id: int, changes: Mapping[str, str], *, is_rehearsal: bool = False
    ) -> ActionUpdate:
        """Change members of an action.

        Args:
            action_id: EnerKey's.
            changes: JSON values by path, e.g. `{"status": '"Done"'}`.
            is_rehearsal: read and compare, write nothing.

        Raises:
            RequestRefused: a member is not there or must not be changed, somebody else has changed
                the action meanwhile, or EnerKey refuses it.
            OutcomeUnknown: EnerKey shows neither the old nor the new action.
            ServiceError: EnerKey does not answer or answers something else.
            QuotaSpent: no request is left.
        """
        name = f"{wire.UPDATE_ACTION} {wire.ACTION.format(action_id=action_id)}"
        first = await self.get(action_id)
        wanted = changed(first.text, changes, name)
        differences = tuple(json_text.differences(first.text, wanted))
        if is_rehearsal or not differences:
            return ActionUpdate(differences, is_written=False)
        second = await self.get(action_id)
        _refuse_if_changed(first, second, name)
        await self._write(action_id, wanted, second.version, name)
        return await self._verified(action_id, second, wanted, differences)

    async def _write(self, action_id: int, text: str, version: str | None, name: str) -> None:
        await self._connection.allow_push()
        path = wire.ACTION.format(action_id=action_id)
        body = text.encode()
        sent = await self._connection.send(
            Request(wire.UPDATE_ACTION, path, body=body, may_use_reserve=True, if_match=version)
        )
        if sent.outcome.verdict not in ("accepted", "unknown"):
            message = f"{sent.outcome.detail}; nothing has changed"
            raise RequestRefused(message, request=name, status=sent.outcome.status)

    async def _verified(
        self, action_id: int, old: StoredAction, wanted: str, differences: Sequence[Difference]
    ) -> ActionUpdate:
        found = await self.get(action_id)
        elsewhere = tuple(json_text.differences(wanted, found.text))
        asked = {path for path, _, _ in differences}
        if not asked & {path for path, _, _ in elsewhere}:
            return ActionUpdate(tuple(differences), is_written=True, elsewhere=elsewhere)
        request = f"{wire.UPDATE_ACTION} {wire.ACTION.format(action_id=action_id)}"
        if not json_text.differences(old.text, found.text):
            raise RequestRefused("EnerKey still shows the old action", request=request)
        told = "; ".join(f"{path} is {now}, not {then}" for path, then, now in elsewhere)
        raise OutcomeUnknown(f"EnerKey shows another action: {told}", request=request)


def changed(text: str, changes: Mapping[str, str], request: str) -> str:
    """Return an action's text with other values in its members.

    Raises:
        RequestRefused: a member is not there, or names the action itself.
    """
    for written, value in changes.items():
        path = json_text.read_path(written)
        place = json_text.find(text, path)
        if path == [wire.ID]:
            raise RequestRefused("the id of an action cannot be changed", request=request)
        if place is None:
            known = ", ".join(json.loads(text))
            message = f"found no member {written}; allowed: what the action has: {known}"
            raise RequestRefused(message, request=request)
        text = json_text.replace(text, place, value)
    return text


def _stored(answer: httpx.Response, request: str) -> StoredAction:
    text = answer.content.decode("utf-8", "replace")
    if not isinstance(json.loads(text), dict):
        message = f"answer: found {text[:80]!r}; allowed: an object"
        raise SchemaSurprise(message, request=request, status=answer.status_code)
    return StoredAction(text, answer.headers.get(wire.ETAG))


def _refuse_if_changed(first: StoredAction, second: StoredAction, request: str) -> None:
    meanwhile = json_text.differences(first.text, second.text)
    if meanwhile:
        told = ", ".join(path for path, _, _ in meanwhile)
        message = f"somebody else has changed the action meanwhile ({told}); look and try again"
        raise RequestRefused(message, request=request)
