"""What a gateway token says of itself; whether it is true, only the gateway can tell."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from pydantic import SecretStr

from energy_pipeline.sources.envoy.json_values import Members, instant, text
from energy_pipeline.sources.envoy.wire import INSTALLER, OWNER

_PARTS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_WARN = timedelta(days=30)
_WHOSE = {OWNER: "an owner's token (of a year)", INSTALLER: "an installer's token (of 12 hours)"}


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What is readable of a token; None where it says nothing.

    Args:
        serial: the gateway that it opens.
        role: `owner` or `installer`; others exist.
        issued_at: aware.
        expires_at: aware.
    """

    serial: str | None = None
    role: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Return whether the token has expired."""
        return self.expires_at is not None and self.expires_at <= now


def is_token(value: str) -> bool:
    """Return whether a text has the form of a token."""
    return bool(_PARTS.fullmatch(value))


def read_claims(token: SecretStr) -> TokenClaims:
    """Return what a token says; of one that cannot be read, nothing."""
    try:
        claims: Members = jwt.decode(
            token.get_secret_value(), options={"verify_signature": False}
        )  # the key is the vendor's
    except jwt.InvalidTokenError:
        return TokenClaims()
    return TokenClaims(
        serial=text(claims, "aud"),
        role=text(claims, "enphaseUser"),
        issued_at=instant(claims, "iat"),
        expires_at=instant(claims, "exp"),
    )


def remark_on(claims: TokenClaims, now: datetime, *, is_given: bool) -> str | None:
    """Return what a person should know about a token that still holds.

    Args:
        claims: of the token.
        now: the present instant, aware.
        is_given: the user gave it, so that nobody renews it.
    """
    if claims.expires_at is None:
        return None
    until = _shown(claims.expires_at)
    if claims.role == INSTALLER:
        return (
            f"the token is an installer's: it holds 12 hours, until {until}, and has to be "
            "fetched twice a day; an owner's holds a year"
        )
    if is_given and claims.expires_at - now < _WARN:
        return f"the given token holds until {until}; nobody renews it, put a new one in its place"
    return None


def described(claims: TokenClaims) -> str:
    """Return whose token it is and until when it holds, for a person."""
    whose = _WHOSE.get(claims.role or "", "a token")
    return whose if claims.expires_at is None else f"{whose}, until {_shown(claims.expires_at)}"


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
