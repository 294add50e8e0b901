"""Asset `enlighten_systems`: what the account can see, with status and last reports.

One request per user and thousand systems, and none while what is held is young.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.configuration.sites import Site, load_registry
from energy_pipeline.schema import ENLIGHTEN_SYSTEMS, INSTANT
from energy_pipeline.sources.enlighten.bodies import ListedSystem, Meta
from energy_pipeline.steps.asking import Asking, side_by_side
from energy_pipeline.steps.enlighten_account import CONCURRENCY, hits_left, open_enlighten
from energy_pipeline.steps.enlighten_users import User, users_of
from energy_pipeline.workbench import Workbench

YOUNG = timedelta(hours=12)
"""What is younger is not asked for again; a daily run finds it older."""

_LOCK = "fetch/enlighten_systems"


@dataclass(frozen=True)
class SystemsReport:
    """What the list of systems says of the workbench's sites.

    Args:
        systems: systems held, those without a site among them.
        not_listed: sites whose system is not in the list that their user sees.
        without_site: ids of listed systems that no site has.
        failures: sites whose user's list could not be read, with the reason.
        hits_spent: requests of this run.
        hits_left: requests that the plan still allows, by period; empty without a key.
        ended_by: why some lists were not asked for; empty when all were.
        goes_on_at: when a spent quota allows requests again; None when it is not spent.
    """

    systems: int
    not_listed: tuple[str, ...]
    without_site: tuple[int, ...]
    failures: Mapping[str, str]
    hits_spent: int
    hits_left: Mapping[str, int]
    ended_by: str
    goes_on_at: datetime | None


def fetch_systems(bench: Workbench, *, force: bool = False) -> SystemsReport:
    """Bring the list of systems up to date for the users of the workbench's sites.

    Args:
        bench: what to work with.
        force: ask although what is held is young.

    Raises:
        ConfigurationError: there is a user to ask for, and no key.
        NothingDone: no user's list was given.
        ServiceUnavailable: none was answered; a later try may help.
        StoreError: the list or the hits cannot be written.
    """
    held = bench.store.read_snapshot(ENLIGHTEN_SYSTEMS)
    users = users_of(bench.registry.sites)
    stale = [user for user in users if force or not _is_young(bench, user, held)]
    asking: Asking[str] = Asking()
    hits = asyncio.run(_ask_all(bench, stale, asking)) if stale else 0
    if len(stale) == len(users):
        asking.refuse_nothing()
    return _report(bench, users, asking, hits)


def _is_young(bench: Workbench, user: User, held: pa.Table) -> bool:
    oldest = pa.scalar(bench.clock.now() - YOUNG, INSTANT)
    young = set(held.filter(pc.greater(held["fetched_at"], oldest))["site"].to_pylist())
    return all(site.id in young for site in user.sites)


async def _ask_all(bench: Workbench, users: list[User], asking: Asking[str]) -> int:
    """Ask for every user's list, write each as it comes, and return the hits spent."""
    done = 0
    async with open_enlighten(bench) as account:

        async def ask(user: User) -> None:
            nonlocal done
            access, sites = user
            found = await asking.ask(sites[0].id, lambda: account.of(access).systems(access))
            if found is not None:
                await asyncio.to_thread(_keep, bench, sites, found)
            done += 1
            bench.progress("enlighten systems", done, len(users))

        await side_by_side(users, ask, CONCURRENCY)
        asking.raise_what_is_ours()
        return account.quota.spent_by_this_object


def _keep(bench: Workbench, sites: tuple[Site, ...], listed: list[ListedSystem]) -> None:
    """Put a user's list in the place of what was held of its systems and of his sites."""
    fetched_at = bench.clock.now()
    of_system: defaultdict[int, list[str]] = defaultdict(list)
    settings = bench.settings  # a run may have been narrowed to some sites; the list is not
    for site in load_registry(settings.energy_sites_file, settings).sites:
        if site.enlighten is not None:
            of_system[site.enlighten.system_id].append(site.id)
    new = [
        _row(system, id, fetched_at)
        for system in listed
        for id in of_system.get(system.system_id, [None])
    ]
    ids, systems = {site.id for site in sites}, {system.system_id for system in listed}
    with bench.locks.hold(_LOCK):
        held = bench.store.read_snapshot(ENLIGHTEN_SYSTEMS).to_pylist()
        kept = [row for row in held if row["site"] not in ids and row["system_id"] not in systems]
        table = pa.Table.from_pylist([*kept, *new], schema=ENLIGHTEN_SYSTEMS.schema)
        bench.store.write_snapshot(ENLIGHTEN_SYSTEMS, table)


def _row(system: ListedSystem, site: str | None, fetched_at: datetime) -> dict[str, Any]:
    meta = system.meta or Meta()
    return {
        "site": site,
        "system_id": system.system_id,
        "system_name": system.system_name,
        "timezone": system.timezone,
        "status": meta.status or system.status,
        "last_report_at": _instant(meta.last_report_at),
        "last_energy_at": _instant(meta.last_energy_at),
        "operational_at": _instant(meta.operational_at),
        "fetched_at": fetched_at,
    }


def _instant(epoch_s: int | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


def _report(bench: Workbench, users: list[User], asking: Asking[str], hits: int) -> SystemsReport:
    held = bench.store.read_snapshot(ENLIGHTEN_SYSTEMS).to_pylist()
    listed = {row["site"] for row in held}
    failures = {
        site.id: str(asking.failures[sites[0].id])
        for _, sites in users
        for site in sites
        if sites[0].id in asking.failures
    }
    return SystemsReport(
        systems=len(held),
        not_listed=tuple(s.id for _, sites in users for s in sites if s.id not in listed),
        without_site=tuple(row["system_id"] for row in held if row["site"] is None),
        failures=failures,
        hits_spent=hits,
        hits_left=hits_left(bench),
        ended_by=str(asking.ended_by or ""),
        goes_on_at=asking.goes_on_at,
    )
