"""What follows an owner's consent: a code becomes the owner's stored tokens."""

from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import RequestRefused
from energy_pipeline.sources.enlighten.oauth.endpoint import TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens, token_name
from energy_pipeline.state.exclusive import alone
from energy_pipeline.state.locks import Locks

_PATIENCE_S = 120.0


def lock_name(holder: Holder) -> str:
    """Return the name under which one process at a time changes the tokens of a holder."""
    return f"enlighten/authorization/{holder.account}/{holder.owner}"


class Consents:
    """Takes the codes of consents.

    Args:
        endpoint: gives tokens for codes.
        store: where tokens are kept.
        locks: over processes.
        clock: the present instant.
    """

    def __init__(
        self, endpoint: TokenEndpoint, store: AuthorizationStore, locks: Locks, clock: Clock
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._locks = locks
        self._clock = clock

    async def accept(
        self,
        owner: str,
        code: SecretStr,
        redirect_uri: str,
        *,
        first: SecretStr | None = None,
        replace: bool = False,
    ) -> OwnerTokens:
        """Exchange a code and keep its tokens in place of the owner's old ones.

        Args:
            owner: as the site file calls the owner; empty where it names none.
            code: from the redirect.
            redirect_uri: the address that the owner was sent back to.
            first: the refresh token of the environment, which is older than this consent.
            replace: the old tokens may be another user's.

        Raises:
            GrantRefused: the code is used, too old, or not of this application.
            AccessRefused: the application is not accepted.
            RequestRefused: the tokens are of another user than the stored ones; nothing is changed.
            ServiceUnavailable, SchemaSurprise: no usable answer; the code is used up.
        """
        holder = Holder(self._endpoint.application.account, owner)
        tokens = await self._endpoint.exchanged(code, redirect_uri)
        async with alone(self._locks, lock_name(holder), self._clock, _PATIENCE_S):
            standing = self._store.standing(holder)
            is_other = standing and None not in (standing.user, tokens.user)
            if is_other and standing and standing.user != tokens.user and not replace:
                raise _of_another_user(owner)
            self._store.keep(holder, tokens, token_name(first) if first else None)
        return tokens


def _of_another_user(owner: str) -> RequestRefused:
    whose = f"owner {owner}" if owner else "this application"
    message = (
        f"who signed in is another Enlighten user than the one whose tokens are stored for {whose};"
        " nothing was changed. Give another owner a name of its own with --owner NAME, or let this "
        "user take the place of the other with --replace"
    )
    return RequestRefused(message, request="Enlighten authorization")
