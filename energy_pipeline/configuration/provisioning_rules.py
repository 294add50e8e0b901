"""What the members of `provisioning.yaml` may not say together, and what the sites say for them.

A facility whose `externalFacilityId` is the id of a site is that site: its name and time zone come
from `sites.yaml`. A meter of it whose `externalMeterId` is `<site>/<stream>` is that stream of the
site: its name is the stream's, its reading type that of the site's upload.
"""

from collections.abc import Iterator, Mapping, Sequence

from energy_pipeline.configuration.file_objects import FileObject, Mistake, located, repeated
from energy_pipeline.configuration.found import listed, words
from energy_pipeline.configuration.located_yaml import LocatedYaml
from energy_pipeline.configuration.sites import STREAMS, Registry, Site, Stream
from energy_pipeline.errors import Problem


def meter_of(site: Site, stream: Stream) -> str:
    """Return the external id under which a site's stream is a meter."""
    return f"{site.id}/{stream}"


def broken_rules(document: LocatedYaml, registry: Registry) -> list[Problem]:
    """Return every contradiction between members, with its line."""
    if not isinstance(document.data, dict):
        return []
    whole = FileObject((), document.data)
    customers, facilities = whole.entries("customers"), whole.entries("facilities")
    meters = [meter for facility in facilities for meter in _meters(facility, "meters")]
    mistakes = [
        *repeated(customers, "externalCustomerId", ignores_case=True),
        *repeated(customers, "externalCustomerName", ignores_case=True),
        *_unknown_codes(whole, customers),
        *repeated(facilities, "externalFacilityId", ignores_case=True),
        *repeated(meters, "externalMeterId", ignores_case=True),
        *_unknown_customers(customers, facilities),
        *_other_readings(meters, registry),
    ]
    return located(mistakes, document)


def with_sites(data: object, registry: Registry) -> object:
    """Return a copy in which facilities and meters that are of a site are written out."""
    match data:
        case {"facilities": list(facilities), **others}:
            written = [_with_site(facility, registry) for facility in facilities]
            return {**others, "facilities": written}
        case _:
            return data


def _meters(owner: FileObject, name: str) -> Iterator[FileObject]:
    for meter in owner.entries(name):
        yield meter
        yield from _meters(meter, "subMeters")


def _unknown_codes(whole: FileObject, customers: Sequence[FileObject]) -> Iterator[Mistake]:
    codes = whole.members.get("product_codes")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        return
    known = [str(code) for code in codes]
    for customer in customers:
        code = customer.members.get("productCode")
        if isinstance(code, str) and code != "" and code not in known:
            allowed = (
                f"one of product_codes: {listed(known)}" if known else "none: no product_codes"
            )
            yield Mistake((*customer.path, "productCode"), words(code), allowed)


def _unknown_customers(
    customers: Sequence[FileObject], facilities: Sequence[FileObject]
) -> Iterator[Mistake]:
    known = {customer.members.get("externalCustomerId") for customer in customers}
    for facility in facilities:
        id = facility.members.get("externalCustomerId")
        if isinstance(id, str) and id != "" and id not in known:
            allowed = "the externalCustomerId of a customer in this file"
            yield Mistake((*facility.path, "externalCustomerId"), words(id), allowed)


def _other_readings(meters: Sequence[FileObject], registry: Registry) -> Iterator[Mistake]:
    """A meter that is a stream of a site takes what the site's uploads give it."""
    ours = _readings(registry)
    for meter in meters:
        id, reading = (meter.members.get(name) for name in ("externalMeterId", "readingType"))
        readings = ours.get(id) if isinstance(id, str) else None
        if readings and isinstance(reading, str) and reading not in readings:
            allowed = f"{listed(readings)}, as the upload of {id} in the site file says"
            yield Mistake((*meter.path, "readingType"), words(reading), allowed)


def _readings(registry: Registry) -> dict[str, list[str]]:
    """Return how the streams of the sites are uploaded, by the external id of their meter."""
    readings: dict[str, list[str]] = {}
    for site in registry.sites:
        for upload in site.uploads:
            readings.setdefault(meter_of(site, upload.stream), []).append(upload.reading)
    return readings


def _with_site(facility: object, registry: Registry) -> object:
    if not isinstance(facility, dict):
        return facility
    id = facility.get("externalFacilityId")
    site = next((site for site in registry.sites if site.id == id), None)
    if site is None:
        return facility
    known = {"name": site.name, "timeZone": site.timezone}
    return _filled(facility, known) | _filled_meters(facility, "meters", site, _readings(registry))


def _filled_meters(
    owner: dict[str, object], name: str, site: Site, readings: dict[str, list[str]]
) -> dict[str, object]:
    meters = owner.get(name)
    if not isinstance(meters, list):
        return {}
    return {name: [_filled_meter(meter, site, readings) for meter in meters]}


def _filled_meter(meter: object, site: Site, readings: dict[str, list[str]]) -> object:
    if not isinstance(meter, dict):
        return meter
    id = meter.get("externalMeterId")
    stream = next((stream for stream in STREAMS if meter_of(site, stream) == id), None)
    known: dict[str, object] = {}
    if stream is not None:
        known["name"] = stream.replace("_", " ").capitalize()
        uploaded = readings.get(str(id), [])
        known |= {"readingType": uploaded[0]} if len(uploaded) == 1 else {}
    return _filled(meter, known) | _filled_meters(meter, "subMeters", site, readings)


def _filled(members: dict[str, object], known: Mapping[str, object]) -> dict[str, object]:
    given = {name: value for name, value in members.items() if value is not None}
    return {**members, **known, **given}
