"""The gateways of the workbench's sites, ready to be talked with.

What is asked is decided in `poll.py` and `inventory.py`; how a gateway is talked with, in
`sources/envoy/fleet.py`.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from random import SystemRandom

from pydantic import SecretStr

from energy_pipeline.configuration.credentials import gateway_tokens
from energy_pipeline.configuration.sites import Registry, Site
from energy_pipeline.errors import ConfigurationError, NothingDone
from energy_pipeline.sources.envoy.fleet import FailedGateway, Fleet
from energy_pipeline.workbench import Workbench

_SHOWN = 20


def open_fleet(
    bench: Workbench, environ: Mapping[str, str] | None = None
) -> tuple[Fleet, list[FailedGateway]]:
    """Return the gateways of the sites that have begun, without those whose token is not set.

    Args:
        bench: sites, login, state and clock.
        environ: where the variables of ready tokens are; None is this process's environment.

    Returns:
        The gateways that can be talked with, and those that cannot.
    """
    today = bench.clock.now().date()
    begun = [site for site in bench.registry.sites if site.envoy and site.start <= today]
    tokens: dict[str, SecretStr] = {}
    failures: list[FailedGateway] = []
    for site in begun:
        try:
            tokens |= _token(site, os.environ if environ is None else environ)
        except ConfigurationError as error:
            failures.append(FailedGateway(site.id, _serial(site), error))
    unusable = {failure.site for failure in failures}
    fleet = Fleet(
        [site for site in begun if site.id not in unusable],
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
