"""Reading values: hourly, monthly and normalized monthly consumption of up to 100 meters.

A range is one of labels: with `hour_label=end` the hour 00 to 01 is asked for as 01.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, json_answer
from energy_pipeline.simulators.enerkey.calls import Call, Operation, read_method
from energy_pipeline.simulators.enerkey.instants import (
    DAY_S,
    HOUR_S,
    WireInstant,
    months,
    to_datetime,
    writer,
)
from energy_pipeline.simulators.enerkey.inventory import unit_of
from energy_pipeline.simulators.enerkey.normalization import heating_factor
from energy_pipeline.simulators.enerkey.profile import Meter
from energy_pipeline.simulators.enerkey.repush import DECIMALS
from energy_pipeline.simulators.enerkey.switches import Switches

MOST_HOURS = 8_760
MOST_MONTHS = 120


def operations(switches: Switches) -> list[Operation]:
    """Return the reads of values."""
    method = read_method(switches)
    return [
        Operation(
            id="getHourlyValues",
            method=method,
            path="Values/HourlyValues",
            handle=lambda call: _read(call, _too_many_hours, _hourly),
            needs_values=True,
        ),
        Operation(
            id="getMonthlyValues",
            method=method,
            path="Values/MonthlyValues",
            handle=lambda call: _read(call, _too_many_months, _monthly),
            needs_values=True,
        ),
        Operation(
            id="getMonthlyNormalizedValues",
            method=method,
            path="Values/MonthlyNormalizedValues",
            handle=lambda call: _read(call, _too_many_months, _normalized),
            needs_values=True,
        ),
    ]


@dataclass(frozen=True)
class _Range:
    """What was asked for; `stop_s` is exclusive."""

    start: WireInstant
    stop_s: int


_Series = list[tuple[int, float | None]]
"""Labels with values; None where null stands for no data."""


def _read(
    call: Call,
    is_too_long: Callable[[_Range, Switches], bool],
    series: Callable[[Call, Meter, _Range], _Series],
) -> Answer:
    ids = call.ids("meterIds")
    if ids is None:
        raise Refusal(400, errors={"meterIds": ["The meterIds field is required."]})
    meters = [call.profile.meter_by_id[id] for id in sorted(ids) if id in call.profile.meter_by_id]
    asked = _range(call, call.profile.zone_of(meters[0]) if meters else UTC)
    if is_too_long(asked, call.world.switches):
        raise Refusal(400, errors={"to": ["The range is too long."]})
    if len(meters) < len(ids) and call.world.switches.unknown_ids_in_list == "404_all":
        raise call.world.no_such_id(
            "A meter", "meter_by_id", min(set(ids) - {m.id for m in meters})
        )
    entries = [_entry(call, meter, asked, series(call, meter, asked)) for meter in meters]
    rows = sum(len(entry["values"]) for entry in entries)
    told = tuple(meter.id for meter in meters)
    return json_answer(entries, call.world.switches, meter_ids=told, rows=rows)


def _range(call: Call, zone: tzinfo) -> _Range:
    start, end = call.instant("from", zone), call.instant("to", zone)
    errors = {
        name: ["The timestamp must be on a full hour."]
        for name, instant in (("from", start), ("to", end))
        if instant.at_s % HOUR_S
    }
    if not errors and start.at_s >= end.at_s:
        errors = {"to": ["The end must be after the start."]}
    if errors:
        raise Refusal(400, errors=errors)
    is_closed = call.world.switches.range_bounds == "closed"
    return _Range(start, end.at_s + (1 if is_closed else 0))


def _entry(call: Call, meter: Meter, asked: _Range, series: _Series) -> dict:
    switches = call.world.switches
    match switches.response_offset:
        case "offset_of_from":
            write = writer(asked.start.zone, asked.start.suffix)
        case "utc":
            write = writer(UTC, "Z")
        case "zone_local":
            write = writer(call.profile.zone_of(meter), None)
    return {
        "meterId": meter.id,
        "quantityId": meter.quantity_id,
        "unit": unit_of(call.profile, meter),
        "values": [{"timestamp": write(at_s), "value": value} for at_s, value in series],
    }


def _too_many_hours(asked: _Range, switches: Switches) -> bool:
    """Return whether an hourly read asks for too much."""
    longest = {"none": math.inf, "31_days": 31 * DAY_S}
    span_s = asked.stop_s - asked.start.at_s
    return span_s > longest.get(switches.get_range_max, MOST_HOURS * HOUR_S)


def _too_many_months(asked: _Range, switches: Switches) -> bool:
    """Return whether a monthly read asks for too much."""
    count = sum(1 for _ in months(asked.start.zone, asked.start.at_s, asked.stop_s))
    return count > MOST_MONTHS and switches.get_range_max != "none"


def _hourly(call: Call, meter: Meter, asked: _Range) -> _Series:
    switches = call.world.switches
    shift = HOUR_S if switches.hour_label == "end" else 0
    with call.world.values.lock:
        stored = call.world.values.readable_hours(meter, call.now)
        labels = range(asked.start.at_s, asked.stop_s, HOUR_S)
        if switches.missing_values == "null_value":
            return [(label, stored.get(label - shift)) for label in labels]
        return [(label, stored[label - shift]) for label in labels if label - shift in stored]


def _monthly(call: Call, meter: Meter, asked: _Range) -> _Series:
    switches = call.world.switches
    zones: dict[str, tzinfo] = {
        "facility_zone": call.profile.zone_of(meter),
        "request_offset": asked.start.zone,
        "utc": UTC,
    }
    zone = zones[switches.month_definition]
    spans = list(months(zone, asked.start.at_s, asked.stop_s))
    with call.world.values.lock:
        stored = call.world.values.readable_hours(meter, call.now)
        totals = [(start_s, _total(stored, start_s, end_s)) for start_s, end_s in spans]
    if switches.missing_values == "null_value":
        return list(totals)
    return [(start_s, total) for start_s, total in totals if total is not None]


def _normalized(call: Call, meter: Meter, asked: _Range) -> _Series:
    monthly = _monthly(call, meter, asked)
    if not call.profile.quantity_by_id[meter.quantity_id].is_heating:
        return monthly
    zone = call.profile.zone_of(meter)
    series: _Series = []
    for label, value in monthly:
        factor = heating_factor(to_datetime(label).astimezone(zone).date(), call.now)
        if value is not None and factor is not None:
            series.append((label, round(value * factor, DECIMALS)))
    return series


def _total(stored: Mapping[int, float], start_s: int, end_s: int) -> float | None:
    first_s = -(-start_s // HOUR_S) * HOUR_S
    amounts = [stored[hour] for hour in range(first_s, end_s, HOUR_S) if hour in stored]
    return round(math.fsum(amounts), DECIMALS) if amounts else None
