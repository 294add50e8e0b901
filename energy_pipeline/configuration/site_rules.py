"""What the members of `sites.yaml` may not say together, whatever each says alone.

The rules look at the document before the models do, so that they speak even where another member
is wrong; they pass over everything that has not the expected form, since the models report that.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.found import MemberPath, dotted, words
from energy_pipeline.configuration.located_yaml import LocatedYaml
from energy_pipeline.errors import Problem

SERVED_APIS = ("v2",)


class _Mistake(NamedTuple):
    path: MemberPath
    found: str
    allowed: str


class _Object(NamedTuple):
    """An object of the document with its path."""

    path: MemberPath
    members: Mapping[str, object]

    def inner(self, name: str) -> "_Object | None":
        value = self.members.get(name)
        return _Object((*self.path, name), value) if isinstance(value, dict) else None

    def entries(self, name: str) -> list["_Object"]:
        value = self.members.get(name)
        entries = enumerate(value) if isinstance(value, list) else ()
        return [_Object((*self.path, name, at), e) for at, e in entries if isinstance(e, dict)]


def broken_rules(document: LocatedYaml, settings: Settings) -> list[Problem]:
    """Return every contradiction between members, with its line."""
    if not isinstance(document.data, dict):
        return []
    sites = _Object((), document.data).entries("sites")
    uploads = [upload for site in sites for upload in site.entries("uploads")]
    mistakes = [
        *_no_site(document.data),
        *_repeated(sites, "id"),
        *_repeated(uploads, "meter_id"),
        *(mistake for site in sites for mistake in _of_site(site, settings)),
        *(mistake for upload in uploads for mistake in _of_upload(upload)),
    ]
    return [Problem(document.where(m.path), dotted(m.path), m.found, m.allowed) for m in mistakes]


def _no_site(members: Mapping[str, object]) -> Iterator[_Mistake]:
    if members.get("sites") == []:
        yield _Mistake(("sites",), "an empty list", "a list with at least one site")


def _repeated(objects: list[_Object], name: str) -> Iterator[_Mistake]:
    first: dict[object, MemberPath] = {}
    for each in objects:
        value, path = each.members.get(name), (*each.path, name)
        if type(value) not in (str, int):
            continue
        if value in first:
            found = f"{words(value)}, which is {dotted(first[value])} already"
            yield _Mistake(path, found, f"each {name} once in the file")
        first.setdefault(value, path)


def _of_site(site: _Object, settings: Settings) -> Iterator[_Mistake]:
    start = site.members.get("start")
    if isinstance(start, date) and start < settings.energy_first_day:
        allowed = f"not before ENERGY_FIRST_DAY, which is {settings.energy_first_day}"
        yield _Mistake((*site.path, "start"), words(start), allowed)
    sources = {name for name in ("enlighten", "envoy") if site.members.get(name) is not None}
    if not sources:
        allowed = "at least one source: enlighten or envoy"
        yield _Mistake((*site.path, "enlighten"), "nothing", allowed)
    if streams := site.inner("streams"):
        for stream, source in streams.members.items():
            if source in ("enlighten", "envoy") and source not in sources:
                found = f"{words(source)}, which this site does not have"
                yield _Mistake((*streams.path, stream), found, "auto, or a source of this site")
    if access := site.inner("enlighten"):
        yield from _of_enlighten(access, settings)
    yield from _registers(site)


def _of_enlighten(access: _Object, settings: Settings) -> Iterator[_Mistake]:
    api = access.members.get("api")
    dialect = settings.enlighten_api if api is None else api
    if dialect == "v4":
        found = words(api) if api is not None else "nothing, so v4 by ENLIGHTEN_API"
        yield _Mistake((*access.path, "api"), found, " or ".join(SERVED_APIS))
    if dialect == "v2" and access.members.get("user_id") is None:
        allowed = "the user id that the owner's consent gave, which v2 needs"
        yield _Mistake((*access.path, "user_id"), "nothing", allowed)


def _registers(site: _Object) -> Iterator[_Mistake]:
    """A stream of a site has one register, so one opening reading."""
    first: dict[str, MemberPath] = {}
    for upload in site.entries("uploads"):
        stream = upload.members.get("stream")
        if upload.members.get("reading") != "cumulative" or not isinstance(stream, str):
            continue
        if stream in first:
            found = f"a second cumulative upload of {words(stream)}, after {dotted(first[stream])}"
            allowed = "one cumulative upload for each stream of a site"
            yield _Mistake((*upload.path, "reading"), found, allowed)
        first.setdefault(stream, upload.path)


def _of_upload(upload: _Object) -> Iterator[_Mistake]:
    opening = upload.members.get("opening_reading")
    is_set = isinstance(opening, int | float) and opening != 0
    if is_set and upload.members.get("reading") == "consumption":
        allowed = "0 or nothing, because only a cumulative upload has a register"
        yield _Mistake((*upload.path, "opening_reading"), words(opening), allowed)
