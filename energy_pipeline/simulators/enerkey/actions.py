"""Energy management actions: list, get, and the update that replaces the whole object."""

from dataclasses import replace
from datetime import UTC
from typing import Any

from energy_pipeline.simulators.enerkey.action_store import StoredAction
from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, json_answer
from energy_pipeline.simulators.enerkey.calls import Call, Operation, read_method
from energy_pipeline.simulators.enerkey.instants import parse_instant
from energy_pipeline.simulators.enerkey.switches import Switches

MEMBERS: dict[str, tuple[type, ...]] = {
    "id": (int,),
    "name": (str,),
    "description": (str,),
    "facilityIds": (list,),
    "actionType": (str,),
    "status": (str,),
    "plannedStart": (str,),
    "implementedAt": (str,),
    "responsiblePerson": (str,),
    "estimatedSavings": (list,),
    "cost": (int, float),
    "currency": (str,),
    "modifiedAt": (str,),
}
"""The known members; of all but the first, null is allowed, but not in place of a list."""
_INSTANTS = ("plannedStart", "implementedAt", "modifiedAt")


def operations(switches: Switches) -> list[Operation]:
    """Return the operations on actions."""
    update = "POST" if switches.action_update == "post_update" else "PUT"
    return [
        Operation(id="listActions", method=read_method(switches), path="Actions", handle=_list),
        Operation(id="getAction", method="GET", path="Actions/{actionId}", handle=_get),
        Operation(id="updateAction", method=update, path="Actions/{actionId}", handle=_update),
    ]


def _list(call: Call) -> Answer:
    ids = call.ids("facilityIds")
    found = [
        stored.document
        for stored in call.world.actions.of(call.profile).values()
        if ids is None or set(_facilities(stored)) & set(ids)
    ]
    return json_answer(found, call.world.switches, rows=len(found))


def _get(call: Call) -> Answer:
    return _answer(_known(call), call.world.switches)


def _update(call: Call) -> Answer:
    actions, switches = call.world.actions, call.world.switches
    document = call.document
    if not isinstance(document, dict):
        raise Refusal(400, errors={"$": ["An object is required."]})
    id = call.id("actionId")
    if mistakes := _mistakes(document, id, switches):
        raise Refusal(400, errors={name: [said] for name, said in mistakes.items()})
    with actions.lock:
        before = _known(call)
        if switches.action_concurrency == "etag_if_match" and call.if_match != before.version:
            raise Refusal(409, "The action was changed meanwhile.")
        lost: dict[str, Any] = {name: _emptied(name) for name in before.document}
        actions.replace(id, {**lost, **document})
        return replace(_answer(_known(call), switches), is_committed=True)


def _emptied(name: str) -> list[Any] | None:
    """Return what becomes of a member that an update leaves out."""
    return [] if MEMBERS.get(name) == (list,) else None


def _answer(stored: StoredAction, switches: Switches) -> Answer:
    answer = json_answer(stored.document, switches, rows=1)
    if switches.action_concurrency == "etag_if_match":
        return replace(answer, headers={"ETag": stored.version})
    return answer


def _known(call: Call) -> StoredAction:
    id = call.id("actionId")
    stored = call.world.actions.of(call.profile).get(id)
    if stored is None:
        raise Refusal(404, f"Action {id} does not exist.")
    return stored


def _facilities(stored: StoredAction) -> list[int]:
    listed = stored.document.get("facilityIds")
    return [each for each in listed if isinstance(each, int)] if isinstance(listed, list) else []


def _mistakes(document: dict, id: int, switches: Switches) -> dict[str, str]:
    if document.get("id") != id or isinstance(document.get("id"), bool):
        return {"id": f"The id must be {id}."}
    mistakes: dict[str, str] = {}
    for name, value in document.items():
        kinds = MEMBERS.get(name)
        if kinds is None or (value is None and kinds != (list,)):
            continue
        if isinstance(value, bool) or not isinstance(value, kinds) or not _is_good(name, value):
            mistakes[name] = "The value is not valid."
        elif name in _INSTANTS and isinstance(value, str):
            mistakes |= _instant_mistake(name, value, switches)
    return mistakes


def _is_good(name: str, value: object) -> bool:
    match name, value:
        case "facilityIds", list(ids):
            return all(type(each) is int and each >= 1 for each in ids)
        case "estimatedSavings", list(savings):
            return all(_is_saving(each) for each in savings)
        case _:
            return True


def _is_saving(saving: object) -> bool:
    if not isinstance(saving, dict):
        return False
    quantity, value = saving.get("quantityId"), saving.get("value")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    has_unit = isinstance(saving.get("unit"), str | None)
    return type(quantity) is int and quantity >= 1 and is_number and has_unit


def _instant_mistake(name: str, text: str, switches: Switches) -> dict[str, str]:
    try:
        parse_instant(text, switches.timestamp_grammar, UTC)
    except ValueError as error:
        return {name: str(error)}
    return {}
