"""The gateways of the workbench's sites, ready to be talked with.

What is asked is decided in `poll.py` and `inventory.py`; how a gateway is talked with, in
`sources/envoy/fleet.py`.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from random import SystemRandom

from pydantic import SecretStr

from energy_pipeline.configuration.credentials import gateway_tokens
from energy_pipeline.configuration.sites import Registry, Site
from energy_pipeline.errors import ConfigurationError, NothingDone
from energy_pipeline.sources.envoy.fleet import FailedGateway, Fleet
from energy_pipeline.workbench import Workbench

_SHOWN = 20


def begun_sites(bench: Workbench) -> list[Site]:
    """Return the sites of which a gateway may be asked today: those that have begun."""
    today = bench.clock.now().date()
    return [site for site in bench.registry.sites if site.envoy and site.start <= today]


def open_fleet(
    bench: Workbench, sites: Iterable[Site], environ: Mapping[str, str] | None = None
) -> tuple[Fleet, list[FailedGateway]]:
    """Return the gateways of sites, those apart whose token is not set.

    Args:
        bench: login, state, locks and clock.
        sites: those without a gateway are passed over.
        environ: where the variables of ready tokens are; None is this process's environment.

    Returns:
        The gateways that can be talked with, and those that cannot.
    """
    tokens: dict[str, SecretStr] = {}
    usable: list[Site] = []
    failures: list[FailedGateway] = []
    for site in sites:
        try:
            tokens |= _token(site, os.environ if environ is None else environ)
        except ConfigurationError as error:
            failures.append(FailedGateway(site.id, _serial(site), error))
        else:
            usable.append(site)
    fleet = Fleet(
        usable,
        tokens,
        bench.settings,
        bench.state,
        bench.locks,
        bench.clock,
        SystemRandom(),
    )
    return fleet, failures


def refuse_nothing(done: Collection[object], failures: Sequence[FailedGateway]) -> None:
    """Raise when there were failures alone.

    Raises:
        NothingDone: no gateway was there to answer; the message has the reasons.
    """
    if failures and not done:
        reasons = [f"{failure.site}: {failure.error}" for failure in failures[:_SHOWN]]
        raise NothingDone("\n".join(["no gateway answered:", *reasons]))


def _token(site: Site, environ: Mapping[str, str]) -> dict[str, SecretStr]:
    if site.envoy is None or site.envoy.token_env is None:
        return {}
    return gateway_tokens(Registry(sites=(site,)), environ)


def _serial(site: Site) -> str:
    return site.envoy.serial if site.envoy else ""
