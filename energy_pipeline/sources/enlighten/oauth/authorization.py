"""The access token of one owner: kept, renewed in time, and renewed once when it is refused.

A refresh token buys the next pair of tokens and is used up by it. So of all processes one refreshes
while the others wait and read; a note is written before, and the pair is stored before anything
else happens. What the vendor has refused is not asked again.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import AccessRefused, ServiceError
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.sources.enlighten.oauth.consent import lock_name
from energy_pipeline.sources.enlighten.oauth.endpoint import TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens, token_name
from energy_pipeline.state.exclusive import alone
from energy_pipeline.state.locks import Locks

FIRST = "ENLIGHTEN_REFRESH_TOKEN"

_LAST_SHARE = 0.02  # of its life, in which a token is renewed: half an hour of a day
_ASK_AGAIN_AFTER = timedelta(minutes=5)  # when a token that holds could not be renewed
_TOO_YOUNG = timedelta(minutes=5)  # to be renewed because it was refused
_PATIENCE_S = 120.0
_REQUEST = "Enlighten authorization"


class OwnerAuthorization:
    """The tokens with which the application reads one owner's systems.

    Args:
        owner: as the site file calls the owner; empty where it names none.
        endpoint: gives new tokens.
        store: where they are kept.
        locks: over processes.
        clock: the present instant.
        first: the refresh token of the environment, which begins a chain that was not seen yet.
    """

    def __init__(
        self,
        owner: str,
        endpoint: TokenEndpoint,
        store: AuthorizationStore,
        locks: Locks,
        clock: Clock,
        first: SecretStr | None = None,
    ) -> None:
        self._holder = Holder(endpoint.application.account, owner)
        self._endpoint = endpoint
        self._store = store
        self._locks = locks
        self._clock = clock
        self._first = first
        self._held: OwnerTokens | None = None
        self._not_before: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> SecretStr:
        """Return an access token that holds now.

        Raises:
            AccessRefused: there is none, and the owner has to authorize again.
            ServiceUnavailable: none can be had now.
            ConfigurationError: the stored tokens cannot be decrypted.
        """
        if self._held and not self._is_due(self._held):
            return self._held.access
        async with self._one_at_a_time:
            kept = None if self._unseen_first() else self._kept()
            if kept and not self._is_due(kept):
                return self._told(kept)
            async with self._alone():
                return self._told(await _to_the_end(self._current()))

    async def renewed(self, refused: SecretStr) -> SecretStr:
        """Return another access token than the one that the vendor has refused.

        Raises:
            AccessRefused: there is none, or a token that was just given is refused too.
            ServiceUnavailable: none can be had now.
            ConfigurationError: the stored tokens cannot be decrypted.
        """
        async with self._one_at_a_time, self._alone():
            kept = self._kept()
            if kept is None or kept.access != refused:  # another process has renewed it meanwhile
                return self._told(await _to_the_end(self._current()))
            if self._clock.now() - kept.given_at < _TOO_YOUNG:
                message = (
                    f"the access token of {kept.given_at:%H:%M} UTC is refused although it is new. "
                    "Check that ENLIGHTEN_API_KEY belongs to the application of "
                    "ENLIGHTEN_CLIENT_ID"
                )
                raise AccessRefused(message, request=_REQUEST)
            return self._told(await _to_the_end(self._refreshed(kept)))

    def _alone(self) -> AbstractAsyncContextManager[None]:
        return alone(self._locks, lock_name(self._holder), self._clock, _PATIENCE_S)

    def _kept(self) -> OwnerTokens | None:
        return self._store.tokens(self._holder)

    def _unseen_first(self) -> SecretStr | None:
        """Return the token of the environment if no run has used it yet."""
        if self._first and not self._store.is_seen(self._holder, token_name(self._first)):
            return self._first
        return None

    def _holds(self, tokens: OwnerTokens) -> bool:
        return self._clock.now() < tokens.access_until

    def _is_due(self, tokens: OwnerTokens) -> bool:
        """Return whether the last part of the token's life has begun, and it can be renewed."""
        now, life = self._clock.now(), tokens.access_until - tokens.given_at
        may_wait = self._not_before and now < self._not_before and self._holds(tokens)
        return not may_wait and now >= tokens.access_until - _LAST_SHARE * life

    async def _current(self) -> OwnerTokens:
        """Return tokens that hold; the caller holds the lock."""
        first = self._unseen_first()
        if first and (tokens := await self._begun(first)):
            return tokens
        kept = self._kept()
        if kept is None:
            raise AccessRefused(self._nothing(), request=_REQUEST)
        if not self._is_due(kept):
            return kept
        try:
            return await self._refreshed(kept)
        except ServiceError:
            if not self._holds(kept):
                raise
            self._not_before = self._clock.now() + _ASK_AGAIN_AFTER
            return kept

    async def _begun(self, first: SecretStr) -> OwnerTokens | None:
        """Return the first tokens of a new chain; None where the stored ones can do instead."""
        try:
            return await self._bought(first)
        except GrantRefused as error:
            self._store.refuse_first(self._holder, token_name(first), str(error))
            if self._store.standing(self._holder) is None:
                raise
            return None

    async def _refreshed(self, kept: OwnerTokens) -> OwnerTokens:
        standing = self._store.standing(self._holder)
        if standing and standing.refusal:
            raise GrantRefused(standing.refusal, request=_REQUEST)
        try:
            return await self._bought(kept.refresh)
        except GrantRefused as error:
            over = ""
            if kept.refresh_until <= self._clock.now():
                over = f"the refresh token was over on {kept.refresh_until:%Y-%m-%d}, unused; "
            refusal = over + str(error)
            self._store.refuse(self._holder, refusal)
            raise GrantRefused(refusal, request=_REQUEST) from None

    async def _bought(self, refresh_token: SecretStr) -> OwnerTokens:
        """Use a refresh token and store what it buys."""
        name = token_name(refresh_token)
        begun_at = self._store.begin_refresh(self._holder, name, self._clock.now())
        try:
            tokens = await self._endpoint.refreshed(refresh_token)
        except GrantRefused as error:
            lost = "" if begun_at is None and not error.was_sent_before else self._lost(begun_at)
            message = f"{lost}{error} {self._way_back()}"
            raise GrantRefused(message, request=_REQUEST) from None
        except AccessRefused:
            if begun_at is None:  # the application was turned away before its token was looked at
                self._store.end_refresh(self._holder, name)
            raise
        self._store.keep(self._holder, tokens, token_name(self._first) if self._first else None)
        return tokens

    def _told(self, tokens: OwnerTokens) -> SecretStr:
        secrets = (tokens.access.get_secret_value(), tokens.refresh.get_secret_value())
        install_log_redaction(secrets)
        self._held = tokens
        return tokens.access

    def _lost(self, begun_at: datetime | None) -> str:
        at = f"{begun_at or self._clock.now():%Y-%m-%d %H:%M} UTC"
        return (
            f"the refresh that began at {at} got no answer that could be stored (a killed process "
            "or a cut connection), so its new tokens are lost and the old one is used up; "
        )

    def _nothing(self) -> str:
        refusal = None
        if self._first:
            refusal = self._store.refusal_of_first(self._holder, token_name(self._first))
        if refusal:
            return f"{FIRST}: {refusal}"
        whose = f" of owner {self._holder.owner}" if self._holder.owner else ""
        others = ", ".join(each or "the owner without a name" for each in self._others())
        known = f" (there are those of {others})" if others else ""
        return f"there are no tokens{whose} yet{known}. {self._way_back()}"

    def _others(self) -> list[str]:
        """Return the owners of whom there are tokens."""
        return self._store.owners(self._holder.account)

    def _way_back(self) -> str:
        owner = self._holder.owner
        command = "energy-pipeline enlighten authorize" + (f" --owner {owner}" if owner else "")
        other = "" if owner else f", or set {FIRST} to a new token"
        return f"Let the owner authorize again: `{command}`{other}."


async def _to_the_end(work: Coroutine[Any, Any, OwnerTokens]) -> OwnerTokens:
    """Return what the work gives; who is cancelled meanwhile still waits for its end.

    A refresh that is given up between the vendor's answer and the store would lose the tokens.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
