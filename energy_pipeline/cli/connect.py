"""`energy-pipeline check --connect`: the cheapest question to each account that the sites use.

Enlighten is asked once per user for the list of systems, which also shows whether the sites' own
systems are among them; EnerKey once for its quantities. Each request counts against the quotas.
Each gateway is asked who it is and whether it takes the token.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from energy_pipeline.cli.terminal import mistakes, results
from energy_pipeline.errors import EnergyPipelineError, NotFound, RequestRefused
from energy_pipeline.sinks.enerkey.alarms import fetch_alarm
from energy_pipeline.sinks.enerkey.provisioning.tenant import TenantClient
from energy_pipeline.sinks.enerkey.session import Scope, keys_of, open_enerkey
from energy_pipeline.sources.envoy.fleet import Fleet, Gateway
from energy_pipeline.steps.enlighten_account import open_enlighten
from energy_pipeline.steps.enlighten_users import User, users_of
from energy_pipeline.steps.gateways import open_fleet
from energy_pipeline.workbench import Workbench, open_workbench

LONGEST_S = 90.0
"""Retries of a service that is down go on for minutes: nobody waits for them at a terminal."""


_NO_RUN = "00000000-0000-0000-0000-000000000000"
_SOME_ALARM = 1


class Probe(NamedTuple):
    """A question to a service; the answer is a sentence for people, a no one of our errors.

    Args:
        service: who is asked.
        ask: asks.
        asked: at which address and with what, and where both are set; told with a failure.
    """

    service: str
    ask: Callable[[], Awaitable[str]]
    asked: str = ""


def run_connect() -> bool:
    """Ask every service, whatever the others say, and print the answers; True for no mistake.

    Raises:
        ConfigurationError: every mistake of the configuration.
    """
    with open_workbench() as bench:
        return asyncio.run(ask_all(probes_of(bench)))


def probes_of(bench: Workbench) -> list[Probe]:
    """Return the questions to the services of the workbench's sites."""
    settings, sites = bench.settings, bench.registry.sites
    cloud = f"{settings.enlighten_base_url} (ENLIGHTEN_BASE_URL), with ENLIGHTEN_API_KEY"
    probes = [
        Probe(f"Enlighten, {_named(user)}", partial(_ask_enlighten, bench, user), cloud)
        for user in users_of(sites)
    ]
    fleet, unusable = open_fleet(bench, sites)
    probes += [Probe(f"gateway of {each.site}", partial(_fail, each.error)) for each in unusable]
    probes += [
        Probe(
            f"gateway of {each.site}",
            partial(_ask_gateway, fleet, each),
            f"{each.access.host} (host, in {settings.energy_sites_file})",
        )
        for each in fleet.gateways
    ]
    return probes + list(_enerkey_probes(bench))


def _enerkey_probes(bench: Workbench) -> Iterator[Probe]:
    """Yield a question for each kind of key that is needed or set."""
    settings = bench.settings
    scopes: dict[Scope, tuple[str, Callable[[Workbench], Awaitable[str]], bool]] = {
        "API": ("EnerKey", _ask_enerkey, any(site.uploads for site in bench.registry.sites)),
        "TENANT": ("EnerKey, tenant", _ask_tenant, bool(keys_of(settings, "TENANT"))),
        "PARTNER": ("EnerKey, partner", _ask_partner, bool(keys_of(settings, "PARTNER"))),
    }
    for scope, (service, ask, is_asked) in scopes.items():
        if is_asked:
            slots = (f"ENERKEY_{scope}_KEY_{key.slot}" for key in keys_of(settings, scope))
            asked = f"{settings.enerkey_base_url} (ENERKEY_BASE_URL), with {' or '.join(slots)}"
            yield Probe(service, partial(ask, bench), asked)


async def ask_all(probes: Sequence[Probe], longest_s: float = LONGEST_S) -> bool:
    """Ask one after the other; an answer goes to standard output, a failure to standard error."""
    answers = [await _is_answered(probe, longest_s) for probe in probes]
    return all(answers)


async def _is_answered(probe: Probe, longest_s: float) -> bool:
    try:
        async with asyncio.timeout(longest_s):
            said = await probe.ask()
    except TimeoutError:
        return _fails(probe, f"no usable answer within {longest_s:g} s")
    except EnergyPipelineError as error:
        return _fails(probe, str(error))
    results().print(f"{probe.service}: {said}", markup=False, soft_wrap=True)
    return True


def _fails(probe: Probe, why: str) -> bool:
    asked = [f"  asked: {probe.asked}"] if probe.asked else []
    mistakes().print("\n".join([f"{probe.service}: {why.rstrip()}", *asked]))
    return False


def _named(user: User) -> str:
    """Name a user by sites, since the user id is secret."""
    first, *others = user.sites
    return f"user of {first.id}" + (f" and {len(others)} more" if others else "")


async def _ask_enlighten(bench: Workbench, user: User) -> str:
    async with open_enlighten(bench) as account:
        seen = {system.system_id for system in await account.of(user.access).systems(user.access)}
        left = account.quota.left()["month"]
    systems = {site.id: site.enlighten.system_id for site in user.sites if site.enlighten}
    if lacking := [f"{id} of {site}" for site, id in systems.items() if id not in seen]:
        message = f"the user does not see system {', '.join(lacking)}"
        raise NotFound(message, request=f"GET /api/{user.access.api}/systems")
    return f"systems seen: {len(seen)}; requests left this month: {left}"


async def _fail(error: EnergyPipelineError) -> str:
    raise error


async def _ask_gateway(fleet: Fleet, gateway: Gateway) -> str:
    async with fleet.conversation(gateway) as session:
        said = (
            f"serial {session.info.serial}, firmware {session.info.software}; "
            f"it takes {session.token_shown}"
        )
    return "; ".join([said, *session.remarks])


async def _ask_enerkey(bench: Workbench) -> str:
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        quantities = await session.client.quantities()
        said = f"quantities: {len(quantities)}; requests left today: {session.requests_left}"
        warning = session.keys.warning(bench.clock.now())
    return f"{said}; {warning}" if warning else said


async def _ask_tenant(bench: Workbench) -> str:
    """Ask for a run that does not exist: a key that is not the tenant's is refused before that."""
    async with open_enerkey(bench.settings, bench.state, bench.clock, scope="TENANT") as session:
        with contextlib.suppress(NotFound, RequestRefused):
            await TenantClient(session.connection).status(_NO_RUN)
    return "key accepted"


async def _ask_partner(bench: Workbench) -> str:
    """Ask for an alarm that need not exist."""
    async with open_enerkey(bench.settings, bench.state, bench.clock, scope="PARTNER") as session:
        with contextlib.suppress(NotFound):
            await fetch_alarm(session.connection, _SOME_ALARM)
    return "key accepted"
