"""A token source without a token endpoint: it counts how often it is asked to renew."""

from pydantic import SecretStr


class CountedTokens:
    """Gives `token-0`, and the next number each time that one was refused."""

    def __init__(self) -> None:
        self.renewals = 0

    async def token(self) -> SecretStr:
        return SecretStr(f"token-{self.renewals}")

    async def renewed(self, refused: SecretStr) -> SecretStr:
        assert refused == await self.token()
        self.renewals += 1
        return await self.token()
