"""Tokens at rest: encrypted when the user gives a key, as they are when not.

Fernet, that is AES-128-CBC with HMAC-SHA256: a text that another key has sealed, or that somebody
has changed, is refused and never taken for a token.
"""

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from energy_pipeline.configuration.environment import ENVIRONMENT
from energy_pipeline.errors import ConfigurationError, Problem

KEY = "ENERGY_TOKEN_KEY"
NO_KEY = "no key"
OTHER_KEY = "another key"


class Sealing:
    """Seals tokens before they are stored, and opens them again.

    Args:
        key: 32 bytes in URL-safe Base64; None stores tokens as they are.
    """

    def __init__(self, key: SecretStr | None) -> None:
        self._fernet = Fernet(key.get_secret_value()) if key else None

    @property
    def is_on(self) -> bool:
        """Whether new tokens are encrypted."""
        return self._fernet is not None

    def sealed(self, token: SecretStr) -> str:
        """Return a token as it is stored."""
        text = token.get_secret_value()
        return self._fernet.encrypt(text.encode()).decode() if self._fernet else text

    def opened(self, text: str, *, is_sealed: bool) -> SecretStr:
        """Return a stored token.

        Args:
            text: as it was stored.
            is_sealed: it was encrypted then.

        Raises:
            ConfigurationError: the key is missing, or is not the one.
        """
        if not is_sealed:
            return SecretStr(text)
        if self._fernet is None:
            raise _not_the_key(NO_KEY)
        try:
            return SecretStr(self._fernet.decrypt(text).decode())
        except InvalidToken:
            raise _not_the_key(OTHER_KEY) from None


def _not_the_key(found: str) -> ConfigurationError:
    allowed = (
        "the key with which the stored tokens of Enlighten are encrypted; when it is lost, "
        "`energy-pipeline enlighten authorize` stores new ones"
    )
    return ConfigurationError([Problem(ENVIRONMENT, KEY, found, allowed)])
