"""Where dialect v4 gets its access token from; who keeps and renews it is not decided here."""

from typing import Protocol

from pydantic import SecretStr


class TokenSource(Protocol):
    """The access token of one application and user, for any number of tasks and processes.

    Both methods raise:
        AccessRefused: there is no token and none can be had without the owner; says what to do.
        ConfigurationError: what a token is asked for with is not configured.
        ServiceUnavailable: the token endpoint gives no usable answer.
    """

    async def token(self) -> SecretStr:
        """Return a token that is good as far as is known."""
        ...

    async def renewed(self, refused: SecretStr) -> SecretStr:
        """Return another token than the one that the service does not accept any more.

        Somebody else may have renewed it meanwhile: then that one is returned, and nothing asked.
        """
        ...
