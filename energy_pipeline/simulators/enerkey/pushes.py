"""The two pushes: consumption and register positions of one meter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, json_answer, wire_name
from energy_pipeline.simulators.enerkey.calls import Call, Operation
from energy_pipeline.simulators.enerkey.instants import HOUR_S, hour_of, to_datetime, writer
from energy_pipeline.simulators.enerkey.messages import Message, MessageRules
from energy_pipeline.simulators.enerkey.profile import Meter, ReadingType
from energy_pipeline.simulators.enerkey.registers import falls
from energy_pipeline.simulators.enerkey.repush import (
    Merge,
    Row,
    labelled_hour,
    merge_amounts,
    merge_readings,
)
from energy_pipeline.simulators.enerkey.switches import Switches


def operations(switches: Switches) -> list[Operation]:
    """Return the pushes, with the meter's id where the switch puts it."""
    position = "/{meterId}" if switches.push_meter_position == "path" else ""
    return [
        Operation(
            id="pushConsumptionsForMeter",
            method="POST",
            path=f"Values/PushConsumptionsForMeter{position}",
            handle=lambda call: _push(call, "consumption"),
            needs_values=True,
        ),
        Operation(
            id="pushCumulativeReadingsForMeter",
            method="POST",
            path=f"Values/PushCumulativeReadingsForMeter{position}",
            handle=lambda call: _push(call, "cumulative"),
            needs_values=True,
        ),
    ]


def _push(call: Call, endpoint: ReadingType) -> Answer:
    world = call.world
    meter_id = _meter_id(call)
    meter = call.profile.meter_by_id.get(meter_id)
    kind = meter.reading_type if meter and world.switches.wrong_endpoint == "misread" else endpoint
    zone = call.profile.zone_of(meter) if meter else UTC
    message = MessageRules(world.switches, kind, zone, call.now).read(call.document)
    is_partial = world.switches.push_atomicity == "partial"
    if message.errors and not (is_partial and message.rows):
        raise Refusal(400, errors=message.errors, meter_ids=(meter_id,))
    meter = world.meter(call.profile, meter_id)
    if meter.reading_type != kind:
        detail = f"Meter {meter.id} takes {_TAKES[meter.reading_type]}."
        raise Refusal(422, detail, meter_ids=(meter.id,))
    with world.values.lock:
        return _store(call, meter, message)


_TAKES = {"consumption": "consumption values", "cumulative": "cumulative readings"}


def _meter_id(call: Call) -> int:
    if call.world.switches.push_meter_position != "body":
        return call.id("meterId")
    member = wire_name("meterId", call.world.switches)
    found = call.document.get(member) if isinstance(call.document, dict) else None
    return replace(call, path_ids={"meterId": str(found)}).id("meterId")


def _store(call: Call, meter: Meter, message: Message) -> Answer:
    """Store the message; with something wrong in it nothing, or under `partial` the good rows."""
    is_partial = call.world.switches.push_atomicity == "partial"
    rows = sorted(message.rows, key=lambda row: row.at_s)
    rising = _rising(call, meter, rows)
    merge = _merge(call, meter, rising)
    call.world.values.note_arrival(meter, merge)
    refusal = _complaint(message, is_falling=len(rising) < len(rows), merge=merge)
    stored = len(rising) - len(merge.refused)
    if stored and (refusal is None or is_partial):
        call.world.values.commit(meter, merge, call.now)
    if refusal is None:
        return replace(
            _success(call, meter, rows),
            meter_ids=(meter.id,),
            rows=len(rows),
            is_committed=bool(merge.changes),
        )
    refusal.meter_ids = (meter.id,)
    refusal.rows = stored if is_partial else 0
    raise refusal


def _complaint(message: Message, *, is_falling: bool, merge: Merge) -> Refusal | None:
    if message.errors:
        return Refusal(400, errors=message.errors)
    if is_falling:
        return Refusal(422, "A reading is below the one before it.")
    if merge.refused:
        hours = f"{to_datetime(merge.refused[0].at_s):%Y-%m-%dT%H:%M:%SZ}"
        return Refusal(409, f"There is a value for {hours} already.")
    return None


def _merge(call: Call, meter: Meter, rows: Sequence[Row]) -> Merge:
    values, switches = call.world.values, call.world.switches
    stored = values.stored(meter)
    if meter.reading_type == "cumulative":
        return merge_readings(switches.repush_cumulative, rows, stored)
    return merge_amounts(
        switches.repush_consumption, switches.hour_label, rows, stored, values.parts(meter)
    )


def _rising(call: Call, meter: Meter, rows: list[Row]) -> list[Row]:
    """Return the rows that let no register fall, or the first few where one row refuses all."""
    switches = call.world.switches
    if meter.reading_type == "consumption" or switches.cumulative_decrease != "refuse_422":
        return rows
    stored = call.world.values.stored(meter)
    while True:
        changes = _merge(call, meter, rows).changes
        hours = {hour_of(at_s) for at_s in changes}
        bad = _first_fall({**stored, **changes}, hours, switches)
        if bad is None:
            return rows
        rows = [row for row in rows if hour_of(row.at_s) != bad]
        if switches.push_atomicity == "all_or_nothing":
            return rows


def _first_fall(readings: dict[int, float], new: set[int], switches: Switches) -> int | None:
    """Return the hour among the `new` ones that makes the register fall."""
    for pair in falls(readings, switches):
        for at_s in reversed(pair):
            if hour_of(at_s) in new:
                return hour_of(at_s)
    return None


def _success(call: Call, meter: Meter, rows: Sequence[Row]) -> Answer:
    switches = call.world.switches
    match switches.push_success:
        case "200_summary":
            return json_answer(_summary(call, meter, rows), switches)
        case "200_empty":
            return Answer(status=200)
        case "202_async":
            return Answer(status=202)
        case "204_empty":
            return Answer(status=204)


def _summary(call: Call, meter: Meter, rows: Sequence[Row]) -> dict[str, object]:
    summary: dict[str, object] = {"meterId": meter.id, "receivedValues": len(rows), "hours": 0}
    if not rows:
        return summary
    switches = call.world.switches
    instants = [row.at_s for row in rows]
    if meter.reading_type == "consumption":
        hours = {labelled_hour(at_s, switches.hour_label) for at_s in instants}
        first_s, last_s, count = min(hours), max(hours) + HOUR_S, len(hours)
    else:
        first_s, last_s = instants[0], instants[-1]
        count = len(range(hour_of(first_s), last_s, HOUR_S))
    is_local = switches.response_offset_default == "zone_local"
    write = writer(call.profile.zone_of(meter), None) if is_local else writer(UTC, "Z")
    return {**summary, "hours": count, "from": write(first_s), "to": write(last_s)}
