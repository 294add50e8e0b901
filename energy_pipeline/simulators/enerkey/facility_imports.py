"""One facility of a snapshot with its meters: made, or changed where its external ids are known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.profile import Facility, Meter, Profile

_ADDRESS = ("streetAddress", "postalCode", "city", "country", "externalFacilityId")


@dataclass
class Counted:
    """What an import of one facility did; errors are an external id with a sentence."""

    created: int = 0
    updated: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def note(self, before: object, after: object) -> None:
        """Count a thing that was made or changed."""
        self.created += before is None
        self.updated += before is not None and before != after


def import_facility(directory: Directory, profile: Profile, item: dict) -> Counted:
    """Bring a facility with its meters into a profile."""
    counted = Counted()
    id = str(item["externalFacilityId"])
    before = next((each for each in profile.facilities if each.external_id == id), None)
    facility = Facility(
        id=before.id if before else directory.next_facility_id(),
        name=item["name"],
        time_zone=item.get("timeZone", "Europe/Helsinki"),
        properties=tuple(item.get("properties", ())),
        address={name: item[name] for name in _ADDRESS if name in item},
    )
    counted.note(before, facility)
    others = [each for each in profile.facilities if each is not before]
    profile = replace(profile, facilities=(*others, facility))
    directory.put(profile)
    for meter_item, parent in _flat(item.get("meters", ()), None):
        profile = _with_meter(directory, profile, facility, meter_item, parent, counted)
        directory.put(profile)
    return counted


def keep_only(profile: Profile, items: Iterable[dict]) -> Profile:
    """Return the profile without what was once imported and is not in a snapshot any more."""
    facilities, meters = set[str](), set[str]()
    for item in items:
        facilities.add(str(item["externalFacilityId"]))
        meters |= {str(each["externalMeterId"]) for each, _ in _flat(item.get("meters", ()), None)}
    kept = [f for f in profile.facilities if f.external_id is None or f.external_id in facilities]
    ids = {facility.id for facility in kept}
    kept_meters = [
        meter
        for meter in profile.meters
        if meter.facility_id in ids and (meter.external_id is None or meter.external_id in meters)
    ]
    return replace(profile, facilities=tuple(kept), meters=tuple(kept_meters))


def _flat(items: Sequence[dict], parent: str | None) -> Iterator[tuple[dict, str | None]]:
    for item in items:
        yield item, parent
        yield from _flat(item.get("subMeters", ()), str(item["externalMeterId"]))


def _with_meter(
    directory: Directory,
    profile: Profile,
    facility: Facility,
    item: dict,
    parent: str | None,
    counted: Counted,
) -> Profile:
    id = str(item["externalMeterId"])
    quantity = profile.quantity_by_id.get(item["quantityId"])
    if quantity is None:
        counted.errors.append((id, f"Unknown quantity '{item['quantityId']}'."))
        return profile
    known = {meter.external_id: meter for meter in profile.meters if meter.external_id}
    if parent is not None and parent not in known:
        counted.errors.append((id, f"The meter '{parent}' above it was not imported."))
        return profile
    before = known.get(id)
    meter = Meter(
        id=before.id if before else directory.next_meter_id(),
        facility_id=facility.id,
        name=item["name"],
        unit=quantity.unit,
        reading_type=item["readingType"],
        quantity_id=quantity.id,
        parent_id=known[parent].id if parent is not None else None,
        external_id=id,
    )
    counted.note(before, meter)
    others = [each for each in profile.meters if each is not before]
    return replace(profile, meters=(*others, meter))
