"""Provisioning: both snapshots and the state of their runs. Needs a tenant key."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from energy_pipeline.simulators.enerkey.answers import JSON, Answer, Refusal, json_answer
from energy_pipeline.simulators.enerkey.calls import Call, Operation
from energy_pipeline.simulators.enerkey.runs import Fate, Kind, Result, Run, Runs, State, schedule
from energy_pipeline.simulators.enerkey.snapshots import read_customers, read_facilities
from energy_pipeline.simulators.enerkey.switches import Switches

_FATES: dict[str, Fate] = {"import_fails": "failed", "import_partial": "partial"}
_STATES: tuple[State, ...] = (
    "Queued",
    "Processing",
    "Completed",
    "CompletedWithErrors",
    "Failed",
)
_RUN_NAMESPACE = uuid.UUID("8d3c1f6e-0d55-4bd0-9f0b-6a86d2c1b7aa")


def operations(switches: Switches) -> list[Operation]:
    """Return the operations of provisioning."""
    position = "/{id}" if switches.status_parameter == "path" else ""
    return [
        Operation(
            id="provisionCustomers",
            method="PUT" if switches.customers_endpoint == "put_bare_array" else "POST",
            path="Provisioning/Customers",
            handle=lambda call: _take(call, "customers", read_customers),
            scope="tenant",
        ),
        Operation(
            id="provisionFacilities",
            method="POST",
            path="Provisioning/Facilities",
            handle=lambda call: _take(call, "facilities", read_facilities),
            scope="tenant",
        ),
        Operation(
            id="getProvisioningStatus",
            method="GET",
            path=f"Provisioning/ProvisioningStatus{position}",
            handle=_status,
            scope="tenant",
        ),
    ]


def _take(call: Call, kind: Kind, read: Callable[[object, Switches], list[dict]]) -> Answer:
    runs, switches = call.world.runs, call.world.switches
    items = read(call.document, switches)
    same = _sameness(call, items)
    with runs.lock:
        before = runs.last(kind)
        if before is not None and before.sameness == same:
            return _ticket(before, 208, switches)
        _make_room(runs, kind, call)
        run = runs.add(lambda number: _run(call, kind, items, same, number))
        runs.settle(call.now)
        return replace(_ticket(run, 202, switches), is_committed=True)


def _make_room(runs: Runs, kind: Kind, call: Call) -> None:
    """Do with a run of the kind that has no end yet what the switch says."""
    for run in runs.unfinished(kind):
        match call.world.switches.overlapping_runs:
            case "conflict_409":
                raise Refusal(409, f"Provisioning of {kind} is running.")
            case "last_wins":
                run.ends_at = call.now
                errors: list[dict[str, object]] = [{"message": "A later snapshot took its place."}]
                run.result = Result(is_failed=True, errors=errors)
            case "queued":
                pass


def _run(call: Call, kind: Kind, items: list[dict], same: str, number: int) -> Run:
    switches, fault = call.world.switches, call.fault
    slower_s = fault.seconds if fault and fault.kind == "import_slow" else 0.0
    starts_at, ends_at = schedule(
        call.now,
        switches.provisioning_queued_s,
        switches.provisioning_worked_s + slower_s,
        call.world.runs.unfinished(kind),
    )
    is_guid = switches.provisioning_id == "guid"
    return Run(
        id=str(uuid.uuid5(_RUN_NAMESPACE, str(number))) if is_guid else str(number),
        kind=kind,
        sameness=same,
        items=items,
        received_at=call.now,
        starts_at=starts_at,
        ends_at=ends_at,
        fate=_FATES.get(fault.kind, "good") if fault else "good",
    )


def _sameness(call: Call, items: list[dict]) -> str:
    match call.world.switches.same_snapshot_test:
        case "bytes":
            return call.body.decode(errors="replace")
        case "canonical_json_last_not_failed":
            return orjson.dumps(call.document, option=orjson.OPT_SORT_KEYS).decode()
        case "normalized_hash":
            texts = sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in items)
            return b"\n".join(texts).decode()


def _ticket(run: Run, status: int, switches: Switches) -> Answer:
    match switches.accepted_body:
        case "object_id":
            return replace(json_answer({"id": run.id}, switches), status=status)
        case "json_string":
            return Answer(status=status, content=orjson.dumps(run.id), media_type=JSON)
        case "location_header":
            place = f"{switches.path_prefix}/Provisioning/ProvisioningStatus?id={run.id}"
            return Answer(status=status, headers={"Location": place})


def _status(call: Call) -> Answer:
    switches = call.world.switches
    is_renamed = switches.status_parameter == "query_provisioningId"
    run = call.world.runs.find(call.text("provisioningId" if is_renamed else "id"))
    if run is None:
        raise Refusal(404, "There is no such provisioning run.")
    result = run.result or Result()
    has_started, has_ended = call.now >= run.starts_at, run.result is not None
    document = {
        "id": run.id,
        "kind": run.kind,
        "status": _word(run.state(call.now), switches),
        "receivedAt": _stamp(run.received_at),
        "startedAt": _stamp(run.starts_at) if has_started else None,
        "finishedAt": _stamp(run.ends_at) if has_ended else None,
        "created": result.created,
        "updated": result.updated,
        "deleted": result.deleted,
        "errors": result.errors,
    }
    return json_answer(document, switches)


def _word(state: State, switches: Switches) -> str | int:
    match switches.status_values:
        case "lower_case":
            return state.lower()
        case "numeric":
            return _STATES.index(state)
        case _:
            return state


def _stamp(instant: datetime) -> str:
    whole = instant - timedelta(microseconds=instant.microsecond)
    return f"{whole:%Y-%m-%dT%H:%M:%SZ}"
