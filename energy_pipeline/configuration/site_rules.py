"""What the members of `sites.yaml` may not say together, whatever each says alone.

The rules look at the document before the models do, so that they speak even where another member
is wrong; they pass over everything that has not the expected form, since the models report that.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.file_objects import FileObject, Mistake, located, repeated
from energy_pipeline.configuration.found import MemberPath, dotted, words
from energy_pipeline.configuration.located_yaml import LocatedYaml
from energy_pipeline.errors import Problem

_STREAMS_OF_V4 = ("grid_import", "grid_export", "battery_charge", "battery_discharge")


def broken_rules(document: LocatedYaml, settings: Settings) -> list[Problem]:
    """Return every contradiction between members, with its line."""
    if not isinstance(document.data, dict):
        return []
    sites = FileObject((), document.data).entries("sites")
    uploads = [upload for site in sites for upload in site.entries("uploads")]
    mistakes = [
        *_no_site(document.data),
        *repeated(sites, "id"),
        *repeated(uploads, "meter_id"),
        *(mistake for site in sites for mistake in _of_site(site, settings)),
        *(mistake for upload in uploads for mistake in _of_upload(upload)),
    ]
    return located(mistakes, document)


def _no_site(members: Mapping[str, object]) -> Iterator[Mistake]:
    if members.get("sites") == []:
        yield Mistake(("sites",), "an empty list", "a list with at least one site")


def _of_site(site: FileObject, settings: Settings) -> Iterator[Mistake]:
    start = site.members.get("start")
    if isinstance(start, date) and start < settings.energy_first_day:
        allowed = f"not before ENERGY_FIRST_DAY, which is {settings.energy_first_day}"
        yield Mistake((*site.path, "start"), words(start), allowed)
    sources = {name for name in ("enlighten", "envoy") if site.members.get(name) is not None}
    if not sources:
        allowed = "at least one source: enlighten or envoy"
        yield Mistake((*site.path, "enlighten"), "nothing", allowed)
    access = site.inner("enlighten")
    dialect = _dialect(access, settings) if access else None
    if streams := site.inner("streams"):
        for stream, source in streams.members.items():
            if source in ("enlighten", "envoy") and source not in sources:
                found = f"{words(source)}, which this site does not have"
                yield Mistake((*streams.path, stream), found, "auto, or a source of this site")
            elif source == "enlighten" and dialect == "v2" and stream in _STREAMS_OF_V4:
                found = f"{words(source)}, whose dialect v2 has production and consumption alone"
                yield Mistake((*streams.path, stream), found, "auto or envoy, or dialect v4")
    if access:
        yield from _of_enlighten(access, dialect)
    yield from _registers(site)


def _dialect(access: FileObject, settings: Settings) -> object:
    api = access.members.get("api")
    return settings.enlighten_api if api is None else api


def _of_enlighten(access: FileObject, dialect: object) -> Iterator[Mistake]:
    if dialect == "v2" and access.members.get("user_id") is None:
        allowed = "the user id that the owner's consent gave, which v2 needs"
        yield Mistake((*access.path, "user_id"), "nothing", allowed)
    owner = access.members.get("owner")
    if dialect == "v2" and owner is not None:
        allowed = "nothing: v2 knows the owner by the user_id, only v4 by an authorization"
        yield Mistake((*access.path, "owner"), words(owner), allowed)


def _registers(site: FileObject) -> Iterator[Mistake]:
    """A stream of a site has one register, so one opening reading."""
    first: dict[str, MemberPath] = {}
    for upload in site.entries("uploads"):
        stream = upload.members.get("stream")
        if upload.members.get("reading") != "cumulative" or not isinstance(stream, str):
            continue
        if stream in first:
            found = f"a second cumulative upload of {words(stream)}, after {dotted(first[stream])}"
            allowed = "one cumulative upload for each stream of a site"
            yield Mistake((*upload.path, "reading"), found, allowed)
        first.setdefault(stream, upload.path)


def _of_upload(upload: FileObject) -> Iterator[Mistake]:
    opening = upload.members.get("opening_reading")
    is_set = isinstance(opening, int | float) and opening != 0
    if is_set and upload.members.get("reading") == "consumption":
        allowed = "0 or nothing, because only a cumulative upload has a register"
        yield Mistake((*upload.path, "opening_reading"), words(opening), allowed)
