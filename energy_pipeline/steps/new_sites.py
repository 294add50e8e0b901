"""From the systems that an owner shows to new sites of `sites.yaml`.

What an entry looks like and how it gets into the file is in `configuration/`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from energy_pipeline.calendar import DAY
from energy_pipeline.configuration.site_entries import Access, NewSite, is_zone, unique_id
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.sources.enlighten.bodies import ListedSystem
from energy_pipeline.sources.enlighten.v4 import wire
from energy_pipeline.steps.enlighten_account import open_enlighten
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class SeenSystem:
    """A system that the owner shows, and what becomes of it.

    Args:
        system_id: of the system.
        name: the vendor's name; empty where there is none.
        timezone: as the vendor says.
        site: the new site; None where there is none.
        known_as: id of the site that has the system already.
    """

    system_id: int
    name: str
    timezone: str
    site: NewSite | None = None
    known_as: str | None = None

    @property
    def remark(self) -> str:
        """What becomes of the system, in words."""
        if self.site:
            return f"new site {self.site.id}"
        if self.known_as:
            return f"is site {self.known_as} already"
        return f"no entry: {self.timezone or 'nothing'} is no time zone of the IANA database"


async def list_systems(bench: Workbench, access: Access) -> list[ListedSystem]:
    """Ask for every system that the owner shows; one hit per page.

    Raises:
        ConfigurationError: the environment lacks what the dialect needs.
        ServiceError: the vendor gives no list.
        QuotaSpent: the plan's requests are used up.
    """
    async with open_enlighten(bench) as account:
        return await account.of(access).systems(access)


def seen_systems(
    bench: Workbench, access: Access, listed: Iterable[ListedSystem], known: Registry
) -> list[SeenSystem]:
    """Return what becomes of the listed systems, in the order of the list.

    Args:
        bench: first day and clock.
        access: how the systems are read.
        listed: what the owner shows.
        known: the sites that there are already.
    """
    sites = {s.enlighten.system_id: s.id for s in known.sites if s.enlighten}
    taken = {site.id for site in known.sites}
    seen: list[SeenSystem] = []
    for system in listed:
        shown = (system.system_id, system.system_name or "", system.timezone or "")
        if system.system_id in sites:
            seen.append(SeenSystem(*shown, known_as=sites[system.system_id]))
            continue
        site = _new_site(bench, access, system, taken) if is_zone(system.timezone) else None
        if site:
            taken.add(site.id)
        seen.append(SeenSystem(*shown, site=site))
    return seen


def new_sites(seen: Sequence[SeenSystem]) -> list[NewSite]:
    """Return the sites that the file does not have yet."""
    return [system.site for system in seen if system.site]


def _new_site(
    bench: Workbench, access: Access, system: ListedSystem, taken: Iterable[str]
) -> NewSite:
    return NewSite(
        id=unique_id(system.system_name, system.system_id, frozenset(taken)),
        name=system.system_name or f"System {system.system_id}",
        timezone=system.timezone or "",
        start=_start(bench, access, system),
        system_id=system.system_id,
        access=access,
    )


def _start(bench: Workbench, access: Access, system: ListedSystem) -> date:
    """Return the first day of which there can be data: the day of the system's first interval."""
    now = bench.clock.now()
    operational_at = system.meta.operational_at if system.meta else None
    began = datetime.fromtimestamp(operational_at, UTC) if operational_at is not None else now
    if access.api == "v4":
        began = max(began, now - wire.TELEMETRY_KEPT + DAY)
    return max(began.date(), bench.settings.energy_first_day)
