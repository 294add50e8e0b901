"""What there is: quantities, facilities and meters of the caller's profile."""

from collections.abc import Collection, Iterable

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, json_answer
from energy_pipeline.simulators.enerkey.calls import Call, Operation, read_method
from energy_pipeline.simulators.enerkey.profile import Facility, Meter, Profile
from energy_pipeline.simulators.enerkey.switches import Switches


def operations(switches: Switches) -> list[Operation]:
    """Return the reads of the inventory."""
    method = read_method(switches)
    return [
        Operation(id="listQuantities", method="GET", path="Quantities", handle=_quantities),
        Operation(id="listFacilities", method=method, path="Facilities", handle=_facilities),
        Operation(id="getFacility", method="GET", path="Facilities/{facilityId}", handle=_facility),
        Operation(id="listMeters", method=method, path="Meters", handle=_meters),
        Operation(id="getMeter", method="GET", path="Meters/{meterId}", handle=_meter),
    ]


def unit_of(profile: Profile, meter: Meter) -> str | None:
    """Return the unit in which values of a meter are stored."""
    return meter.unit or profile.quantity_by_id[meter.quantity_id].unit


def _quantities(call: Call) -> Answer:
    document = [{"id": q.id, "name": q.name, "unit": q.unit} for q in call.profile.quantities]
    return json_answer(document, call.world.switches, rows=len(document))


def _facilities(call: Call) -> Answer:
    ids = call.ids("facilityIds")
    known = call.profile.facility_by_id
    if ids is not None:
        _refuse_unknown(call, "A facility", "facility_by_id", ids)
    chosen = known.values() if ids is None else [known[id] for id in ids if id in known]
    document = [_facility_document(facility, call.world.switches) for facility in chosen]
    return json_answer(document, call.world.switches, rows=len(document))


def _facility(call: Call) -> Answer:
    id = call.id("facilityId")
    facility = call.profile.facility_by_id.get(id)
    if facility is None:
        raise call.world.no_such_id(f"Facility {id}", "facility_by_id", id)
    document = _facility_document(facility, call.world.switches)
    return json_answer(document, call.world.switches, rows=1)


def _meters(call: Call) -> Answer:
    facility_ids, meter_ids = call.ids("facilityIds"), call.ids("meterIds")
    if facility_ids is not None and meter_ids is not None:
        raise Refusal(400, errors={"meterIds": ["Either facilityIds or meterIds, not both."]})
    if meter_ids is not None:
        _refuse_unknown(call, "A meter", "meter_by_id", meter_ids)
        tops = _named(call.profile, set(meter_ids))
    else:
        if facility_ids is not None:
            _refuse_unknown(call, "A facility", "facility_by_id", facility_ids)
        tops = [
            meter
            for meter in call.profile.meters
            if meter.parent_id is None
            and (facility_ids is None or meter.facility_id in facility_ids)
        ]
    return _meter_answer(call, tops)


def _meter(call: Call) -> Answer:
    meter = call.world.meter(call.profile, call.id("meterId"))
    document = _tree(call.profile, meter)
    if call.world.switches.meter_hierarchy == "flat_parent_id":
        document = _flat(document, meter.parent_id)[0]
    return json_answer(document, call.world.switches, meter_ids=(meter.id,), rows=1)


def _meter_answer(call: Call, tops: Iterable[Meter]) -> Answer:
    trees = [_tree(call.profile, meter) for meter in tops]
    flat = [meter for tree in trees for meter in _flat(tree, None)]
    is_flat = call.world.switches.meter_hierarchy == "flat_parent_id"
    ids = tuple(meter["id"] for meter in flat)
    document = flat if is_flat else trees
    return json_answer(document, call.world.switches, meter_ids=ids, rows=len(flat))


def _named(profile: Profile, ids: set[int]) -> list[Meter]:
    """Return the named meters, without those that come inside another named one."""

    def is_inside(meter: Meter) -> bool:
        while meter.parent_id is not None:
            if meter.parent_id in ids:
                return True
            meter = profile.meter_by_id[meter.parent_id]
        return False

    return [meter for meter in profile.meters if meter.id in ids and not is_inside(meter)]


def _refuse_unknown(call: Call, what: str, index: str, ids: Collection[int]) -> None:
    unknown = set(ids) - getattr(call.profile, index).keys()
    if unknown and call.world.switches.unknown_ids_in_list == "404_all":
        raise call.world.no_such_id(what, index, min(unknown))


def _tree(profile: Profile, meter: Meter) -> dict:
    subs = [_tree(profile, sub) for sub in profile.submeters.get(meter.id, [])]
    return {
        "id": meter.id,
        "facilityId": meter.facility_id,
        "name": meter.name,
        "quantityId": meter.quantity_id,
        "unit": meter.unit,
        "readingType": meter.reading_type,
        **({"externalMeterId": meter.external_id} if meter.external_id else {}),
        "subMeters": subs or None,
    }


def _flat(tree: dict, parent_id: int | None) -> list[dict]:
    own = {name: value for name, value in tree.items() if name != "subMeters"}
    subs = tree["subMeters"] or []
    below = [meter for sub in subs for meter in _flat(sub, tree["id"])]
    return [{**own, "parentId": parent_id}, *below]


def _facility_document(facility: Facility, switches: Switches) -> dict[str, object]:
    document: dict[str, object] = {
        "id": facility.id,
        "name": facility.name,
        **facility.address,
        "timeZone": facility.time_zone,
    }
    match switches.facility_properties:
        case "list":
            document["properties"] = [dict(each) for each in facility.properties]
        case "dictionary":
            document["properties"] = {str(p["name"]): p.get("value") for p in facility.properties}
        case "flat":
            document |= {str(p["name"]): p.get("value") for p in facility.properties}
    return document
