"""The token of a gateway: given by the user, or fetched, kept and renewed in time.

A fetched token is reused until shortly before its end, and renewed once when the gateway rejects
it. Two processes never fetch the same one twice. What the vendor refused is not asked again for an
hour, so that a wrong password is not tried every five minutes.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import AccessRefused, ServiceError
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.sources.envoy.claims import TokenClaims, read_claims, remark_on
from energy_pipeline.sources.envoy.login import LoginRefused, TokenService
from energy_pipeline.sources.envoy.token_store import LOGIN, Failure, KeptToken, TokenStore
from energy_pipeline.state.exclusive import alone
from energy_pipeline.state.locks import Locks

ASK_AGAIN_AFTER = timedelta(hours=1)
"""How long nothing is fetched after a failure, or after a token that the gateway rejects."""

_LAST_SHARE = 0.02  # of its life, in which a token is renewed: a week of a year, 14 min of 12 h
_PATIENCE_S = 120.0
_REQUEST = "gateway token"


@dataclass(frozen=True, slots=True)
class GatewayToken:
    """A token that holds now, as far as it says.

    Args:
        value: the token.
        remark: what a person should know about it.
    """

    value: SecretStr
    remark: str | None = None


class TokenSource(Protocol):
    """Where the token of one gateway comes from."""

    async def current(self) -> GatewayToken:
        """Return the token.

        Raises:
            ServiceError: there is none that holds; the message says why and what to do.
        """
        ...

    async def renewed(self, rejected: SecretStr) -> GatewayToken:
        """Return another token than the one that the gateway has rejected.

        Raises:
            ServiceError: there is none; the message says why and what to do.
        """
        ...


class GivenToken:
    """A token that the user has put into the environment.

    Args:
        serial: of the gateway.
        token: the token.
        variable: name of the variable.
        clock: the present instant.
    """

    def __init__(self, serial: str, token: SecretStr, variable: str, clock: Clock) -> None:
        self._serial = serial
        self._token = token
        self._variable = variable
        self._clock = clock
        install_log_redaction([token.get_secret_value()])

    async def current(self) -> GatewayToken:  # noqa: D102 - see the protocol
        claims, now = read_claims(self._token), self._clock.now()
        if claims.serial not in (None, self._serial):
            raise self._refused(f"is for gateway {claims.serial}; allowed: {self._serial}")
        if claims.expires_at is not None and claims.is_over(now):
            raise self._refused(f"has expired on {claims.expires_at:%Y-%m-%d %H:%M} UTC")
        return GatewayToken(self._token, remark_on(claims, now, is_given=True))

    async def renewed(self, rejected: SecretStr) -> GatewayToken:  # noqa: ARG002, D102
        raise self._refused("is rejected by the gateway")

    def _refused(self, why: str) -> AccessRefused:
        message = f"the token in {self._variable} {why}. Put a new one in its place"
        return AccessRefused(message, request=_REQUEST)


class FetchedToken:
    """The token of one gateway, fetched with the owner's login.

    Args:
        serial: of the gateway.
        service: gives new tokens; one for all gateways of the account.
        store: where they are kept.
        locks: over processes.
        clock: the present instant.
    """

    def __init__(
        self, serial: str, service: TokenService, store: TokenStore, locks: Locks, clock: Clock
    ) -> None:
        self._serial = serial
        self._service = service
        self._store = store
        self._locks = locks
        self._clock = clock

    async def current(self) -> GatewayToken:  # noqa: D102 - see the protocol
        kept = self._holding()
        if kept and not self._is_due(kept):
            return self._told(kept.value)
        async with self._alone():
            kept = self._holding()  # another process may have fetched one meanwhile
            if kept is None:
                return await self._fetched()
            return await self._fetched_early(kept) if self._is_due(kept) else self._told(kept.value)

    async def renewed(self, rejected: SecretStr) -> GatewayToken:  # noqa: D102 - see the protocol
        async with self._alone():
            kept = self._store.kept(self._serial)
            if kept and kept.value != rejected:  # another process has renewed it meanwhile
                return self._told(kept.value)
            if kept and self._clock.now() - kept.fetched_at < ASK_AGAIN_AFTER:
                message = (
                    f"gateway {self._serial} rejects a token that was fetched at "
                    f"{kept.fetched_at:%H:%M} UTC; another one is fetched an hour after it"
                )
                raise AccessRefused(message, request=_REQUEST)
            return await self._fetched()

    def _alone(self) -> AbstractAsyncContextManager[None]:
        return alone(self._locks, f"envoy/token/{self._serial}", self._clock, _PATIENCE_S)

    def _holding(self) -> KeptToken | None:
        """Return the kept token unless it is over."""
        kept = self._store.kept(self._serial)
        return kept if kept and not read_claims(kept.value).is_over(self._clock.now()) else None

    def _is_due(self, kept: KeptToken) -> bool:
        """Return whether the last part of the token's life has begun."""
        claims = read_claims(kept.value)
        if claims.expires_at is None:
            return False
        life = claims.expires_at - (claims.issued_at or kept.fetched_at)
        return self._clock.now() >= claims.expires_at - _LAST_SHARE * life

    async def _fetched_early(self, kept: KeptToken) -> GatewayToken:
        """Return a new token, or the kept one while it holds and no new one can be had."""
        if self._lately_failed() is None:
            try:
                return await self._fetched()
            except ServiceError as error:
                claims = read_claims(kept.value)
                until = f"{claims.expires_at:%Y-%m-%d %H:%M} UTC"
                remark = f"the token holds until {until} and could not be renewed: {error}"
                return GatewayToken(kept.value, remark)
        return self._told(kept.value)

    async def _fetched(self) -> GatewayToken:
        failed = self._lately_failed()
        if failed and failed.is_refusal:
            again = failed.failed_at + ASK_AGAIN_AFTER
            message = f"{failed.message} (asked again after {again:%H:%M} UTC)"
            raise AccessRefused(message, request=_REQUEST)
        try:
            token = await self._service.token(self._serial)
        except ServiceError as error:
            self._note(error)
            raise
        self._store.keep(self._serial, token, self._clock.now())
        return self._told(token)

    def _lately_failed(self) -> Failure | None:
        since = self._clock.now() - ASK_AGAIN_AFTER
        return self._store.failure(self._serial, self._service.account, since)

    def _note(self, error: ServiceError) -> None:
        serial = LOGIN if isinstance(error, LoginRefused) else self._serial
        failure = Failure(str(error), not error.is_transient, self._clock.now())
        self._store.note(serial, self._service.account, failure)

    def _told(self, token: SecretStr) -> GatewayToken:
        install_log_redaction([token.get_secret_value()])
        claims: TokenClaims = read_claims(token)
        return GatewayToken(token, remark_on(claims, self._clock.now(), is_given=False))
