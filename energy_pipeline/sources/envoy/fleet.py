"""The gateways of the sites, and how to talk with many of them side by side, each one gently.

What is talked about is in `poll.py`, `devices.py` and `capture.py`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import EnvoyAccess, Site
from energy_pipeline.errors import AccessRefused, EnergyPipelineError
from energy_pipeline.sources.envoy.choices import Choices
from energy_pipeline.sources.envoy.client import open_session
from energy_pipeline.sources.envoy.login import Login, TokenService
from energy_pipeline.sources.envoy.pins import CertificatePins
from energy_pipeline.sources.envoy.session import GatewayAccess, GatewaySession
from energy_pipeline.sources.envoy.standstill import Standstills
from energy_pipeline.sources.envoy.token_store import TokenStore
from energy_pipeline.sources.envoy.tokens import FetchedToken, GatewayToken, GivenToken, TokenSource
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.exclusive import alone
from energy_pipeline.state.locks import Locks

MOST_AT_ONCE = 32
"""Gateways that are talked with at the same time."""

_PATIENCE_S = 60.0
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A site's gateway."""

    site: str
    access: GatewayAccess


@dataclass(frozen=True, slots=True)
class FailedGateway:
    """A gateway with which nothing came about, and why."""

    site: str
    serial: str
    error: EnergyPipelineError


class Fleet:
    """The gateways of some sites.

    Args:
        sites: those without a gateway are passed over.
        given: ready tokens by site id; for the others the owner's login fetches one.
        settings: the owner's login.
        state: tokens, certificates and choices of counters.
        locks: over processes: one conversation with a gateway at a time.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.

    Attributes:
        gateways: in the order of the sites.
        choices: which counter feeds which stream.
        standstills: whose older overview does not count.
        clock: as given.
    """

    def __init__(
        self,
        sites: Iterable[Site],
        given: Mapping[str, SecretStr],
        settings: Settings,
        state: StateDatabase,
        locks: Locks,
        clock: Clock,
        rng: Random,
    ) -> None:
        self.clock = clock
        self.choices = Choices(state)
        self.standstills = Standstills(state)
        self._pins = CertificatePins(state)
        self._locks = locks
        self._rng = rng
        service = _token_service(settings, clock, rng)
        store = TokenStore(state)

        def token_of(access: EnvoyAccess, ready: SecretStr | None) -> TokenSource:
            if ready is not None:
                return GivenToken(access.serial, ready, access.token_env or "", clock)
            if service is None:
                return _NoLogin()
            return FetchedToken(access.serial, service, store, locks, clock)

        self.gateways: Sequence[Gateway] = tuple(
            Gateway(
                site.id,
                GatewayAccess(
                    host=site.envoy.host,
                    serial=site.envoy.serial,
                    tls_fingerprint=site.envoy.tls_fingerprint,
                    token=token_of(site.envoy, given.get(site.id)),
                ),
            )
            for site in sites
            if site.envoy
        )

    async def each(
        self, work: Callable[[Gateway], Awaitable[_Found]]
    ) -> list[_Found | FailedGateway]:
        """Do something with every gateway side by side; a failure costs its own gateway alone.

        Returns:
            What came of it, in the order of the gateways.
        """
        some = asyncio.Semaphore(MOST_AT_ONCE)

        async def outcome(gateway: Gateway) -> _Found | FailedGateway:
            async with some:
                try:
                    return await work(gateway)
                except EnergyPipelineError as error:
                    return FailedGateway(gateway.site, gateway.access.serial, error)

        return await asyncio.gather(*map(outcome, self.gateways))

    @asynccontextmanager
    async def conversation(self, gateway: Gateway) -> AsyncGenerator[GatewaySession]:
        """Talk with a gateway; no other process does meanwhile.

        Raises:
            StoreError: another process has been busy with it for a minute.
            EnergyPipelineError: as `open_session` says.
        """
        access = gateway.access
        name = f"envoy/gateway/{access.serial}"
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(alone(self._locks, name, self.clock, _PATIENCE_S))
            session = open_session(access, self._pins, self.clock, self._rng)
            yield await stack.enter_async_context(session)


class _NoLogin:
    """Stands for the token of a gateway when nothing is there to get one with."""

    async def current(self) -> GatewayToken:
        message = (
            "there is no token and no login to fetch one; set ENPHASE_EMAIL and ENPHASE_PASSWORD, "
            "or name a variable with a ready token as token_env of the site"
        )
        raise AccessRefused(message, request="gateway token")

    async def renewed(self, rejected: SecretStr) -> GatewayToken:  # noqa: ARG002 - see the protocol
        return await self.current()


def _token_service(settings: Settings, clock: Clock, rng: Random) -> TokenService | None:
    email, password = settings.enphase_email, settings.enphase_password
    if email is None or password is None:
        return None
    urls = settings.enphase_login_url, settings.enphase_entrez_url
    return TokenService(Login(*urls, email, password), clock, rng)
