"""Which system is behind a gateway's serial number or a name, in either dialect."""

from collections.abc import Mapping, Sequence
from typing import Any

from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.sources.enlighten.v2.inventory import search_system_id
from energy_pipeline.sources.enlighten.v4.devices import retrieve_system_id
from energy_pipeline.sources.enlighten.v4.search import search
from energy_pipeline.steps.enlighten_account import Account, open_enlighten
from energy_pipeline.workbench import Workbench

Row = Mapping[str, Any]

_SHORTEST_SERIAL = 9  # digits; fewer are part of a name


async def find_systems(bench: Workbench, text: str, site_id: str = "") -> Sequence[Row]:
    """Return system_id, name and timezone of the systems that a text means; one request.

    Args:
        bench: what to work with.
        text: a gateway's serial number, or part of a system's name.
        site_id: whose owner is asked for; empty: that of the first site that Enlighten knows.

    Raises:
        ConfigurationError: there is no such site, or no key.
        NotFound: no gateway has that serial number.
        EnergyPipelineError: no site tells in whose name to ask.
        ServiceError: there was no usable answer.
        QuotaSpent: the plan allows no request now.
    """
    access = _access(bench, site_id)
    async with open_enlighten(bench) as account:
        if text.isdecimal() and len(text) >= _SHORTEST_SERIAL:
            return await _by_gateway(account, access, text)
        if access.api == "v4":
            found = await search(account.post_as(access), name=text)
            return [_row(each.system_id, each.name, each.timezone) for each in found]
        listed = await account.of(access).systems(access)
    wanted = text.casefold()
    return [
        _row(each.system_id, each.system_name, each.timezone)
        for each in listed
        if wanted in (each.system_name or "").casefold()
    ]


async def _by_gateway(account: Account, access: EnlightenAccess, serial: str) -> Sequence[Row]:
    ask = account.ask_of(access)
    finding = retrieve_system_id if access.api == "v4" else search_system_id
    found = await finding(ask, serial)
    return [] if found is None else [_row(found, None, None)]


def _row(system_id: int, name: str | None, timezone: str | None) -> Row:
    return {"system_id": system_id, "name": name, "timezone": timezone}


def _access(bench: Workbench, site_id: str) -> EnlightenAccess:
    sites = [bench.registry.site(site_id)] if site_id else bench.registry.sites
    for site in sites:
        if site.enlighten is not None:
            return site.enlighten
    raise EnergyPipelineError("sites.yaml names no enlighten for any site that could be asked for")
