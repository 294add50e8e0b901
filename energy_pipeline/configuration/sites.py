"""The site registry: which sites there are, where their energy comes from and goes to.

The models say what each member may hold; what several members may not say together is in
`site_rules`, lines of the file in `located_yaml`.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from energy_pipeline.configuration.environment import EnlightenApi, Settings
from energy_pipeline.configuration.file_objects import Members
from energy_pipeline.configuration.found import listed, problems_of, words
from energy_pipeline.configuration.located_yaml import LocatedYaml, load_yaml
from energy_pipeline.configuration.members import (
    BridgeHours,
    Day,
    Fingerprint,
    Host,
    Id,
    Power,
    Reading,
    Secret,
    Serial,
    SiteId,
    Text,
    VariableName,
    Zone,
)
from energy_pipeline.configuration.site_rules import broken_rules
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.units import EnergyUnit

Stream = Literal[
    "production",
    "consumption",
    "grid_import",
    "grid_export",
    "battery_charge",
    "battery_discharge",
]
STREAMS: tuple[Stream, ...] = get_args(Stream)
Source = Literal["enlighten", "envoy", "auto"]
ReadingKind = Literal["consumption", "cumulative"]
Production = Literal["micro", "meter"]


def _auto_when_null(source: object) -> object:
    return "auto" if source is None else source


class EnlightenAccess(Members):
    """How Enlighten knows the site; `user_id` (v2 only) opens the data and is kept secret.

    `owner` (v4 only) names the authorization that reads it, where several owners gave one.
    """

    api: EnlightenApi
    system_id: Id
    user_id: Secret | None = None
    owner: SiteId | None = None
    production: Production = "micro"


class EnvoyAccess(Members):
    """Where the site's gateway answers; the fingerprint is 64 lower-case hex digits.

    `token_env` names a variable with a ready token; without it one is fetched with the owner's
    login. A gap of at most `bridge_hours` without polls is spread over its hours. No stream of the
    site can flow faster than `max_power_w`; what a counter shows beyond is no energy.
    """

    host: Host
    serial: Serial
    tls_fingerprint: Fingerprint | None = None
    token_env: VariableName | None = None
    bridge_hours: BridgeHours = 6.0
    max_power_w: Power = 40_000.0


class Upload(Members):
    """A stream's way to an EnerKey meter; `opening_reading` is in `unit`."""

    stream: Stream
    meter_id: Id
    facility_id: Id | None = None
    reading: ReadingKind
    unit: EnergyUnit
    opening_reading: Reading = 0.0


class Site(Members):
    """One site; `start` is its first UTC day of data, a stream that is not named is `auto`."""

    id: SiteId
    name: Text
    timezone: Zone
    start: Day
    enlighten: EnlightenAccess | None = None
    envoy: EnvoyAccess | None = None
    streams: dict[Stream, Annotated[Source, BeforeValidator(_auto_when_null)]] = Field(
        default_factory=dict
    )
    uploads: tuple[Upload, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)


class Registry(Members):
    """The sites in the order of the file."""

    sites: tuple[Site, ...]

    def site(self, id: str) -> Site:
        """Return the site of that id.

        Raises:
            ConfigurationError: there is none; the known ids are named.
        """
        return self.only([id]).sites[0]

    def only(self, ids: Sequence[str]) -> "Registry":
        """Return a registry of these sites alone, in the order of the file; no ids: all.

        Raises:
            ConfigurationError: an id that no site has; the known ids are named.
        """
        known = {site.id for site in self.sites}
        problems = [
            Problem("the sites asked for", "sites", words(id), listed(sorted(known)))
            for id in ids
            if id not in known
        ]
        if problems:
            raise ConfigurationError(problems)
        return Registry(sites=tuple(s for s in self.sites if not ids or s.id in ids))

    def expect_meters(self, reading: str, meter_ids: Collection[int]) -> None:
        """Do nothing when each is a meter to which a site uploads that kind of reading.

        Raises:
            ConfigurationError: a meter to which none does; the known ones are named.
        """
        known = [up.meter_id for site in self.sites for up in site.uploads if up.reading == reading]
        allowed = listed([str(id) for id in sorted(known)]) if known else "no meter"
        problems = [
            Problem("the run config", "release_meters", str(id), f"{allowed} ({reading})")
            for id in meter_ids
            if id not in known
        ]
        if problems:
            raise ConfigurationError(problems)


def load_registry(path: Path, settings: Settings) -> Registry:
    """Read and validate the site registry.

    Raises:
        ConfigurationError: every mistake of the file, with its line.
    """
    document = load_yaml(path)
    problems = [*document.problems, *broken_rules(document, settings)]
    try:
        registry = Registry.model_validate(_with_api(document.data, settings.enlighten_api))
    except ValidationError as error:
        problems.extend(problems_of(error, Registry, where=document.where))
    else:
        if not problems:
            return registry
    raise ConfigurationError(sorted(problems, key=LocatedYaml.order))


def _with_api(data: object, api: EnlightenApi) -> object:
    """Return a copy in which every site's dialect of Enlighten is written out."""
    match data:
        case {"sites": list(sites), **others}:
            return {**others, "sites": [_site_with_api(site, api) for site in sites]}
        case _:
            return data


def _site_with_api(site: object, api: EnlightenApi) -> object:
    match site:
        case {"enlighten": dict(access), **others} if access.get("api") is None:
            return {**others, "enlighten": {**access, "api": api}}
        case _:
            return site
