"""The tokens that open a gateway: who signs them, what they claim, when they are good.

The vendor's key is not needed: gateway and login services share an authority with a key of its own.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

Role = Literal["owner", "installer"]

LIFE: dict[Role, timedelta] = {"owner": timedelta(days=365), "installer": timedelta(hours=12)}
"""How long a token is good."""

_PEM = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


class Claims(NamedTuple):
    """What a good token says.

    Attributes:
        serial: the gateway that it opens.
        role: of its bearer.
        expires_at: epoch seconds.
        token_id: sessions are tied to it.
    """

    serial: str
    role: Role
    expires_at: int
    token_id: str


class TokenAuthority:
    """Signs tokens and checks them; the time always comes from the caller.

    Args:
        key_file: where its key is kept; None makes a new key each time.
    """

    def __init__(self, key_file: Path | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        if key_file is None:
            return
        if key_file.exists():
            kept = serialization.load_pem_private_key(key_file.read_bytes(), None)
            assert isinstance(kept, ec.EllipticCurvePrivateKey)
            self._key = kept
            return
        key_file.touch(mode=0o600)
        key_file.write_bytes(self._key.private_bytes(*_PEM))

    def issue(
        self,
        serial: str,
        at: datetime,
        *,
        role: Role = "owner",
        username: str = "owner@example.com",
        life: timedelta | None = None,
    ) -> str:
        """Return a token.

        Args:
            serial: the gateway that it opens.
            at: when it is issued (aware).
            role: decides what it opens, and how long it is good.
            username: e-mail address of the account.
            life: another life than the role's; a negative one gives an expired token.
        """
        payload: dict[str, Any] = {
            "aud": serial,
            "iss": "Entrez",
            "enphaseUser": role,
            "exp": int((at + (LIFE[role] if life is None else life)).timestamp()),
            "iat": int(at.timestamp()),
            "jti": str(uuid4()),
            "username": username,
        }
        return jwt.encode(payload, self._key, algorithm="ES256")

    def check(self, token: str, serial: str, at: datetime) -> Claims | None:
        """Return the claims of a token that opens gateway `serial` at `at`, None when it does not.

        Args:
            token: as presented.
            serial: the gateway's.
            at: the gateway's own time (aware).
        """
        try:
            payload = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["ES256"],
                audience=serial,
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        claims = Claims(
            serial, payload["enphaseUser"], int(payload["exp"]), str(payload.get("jti"))
        )
        return claims if at.timestamp() < claims.expires_at else None
