"""Codes and tokens: how long they live, how often they can be used, whom they speak for.

Tokens are signed, not kept: a simulator that is started anew still knows those that it gave before.
Only which codes and refresh tokens were used is remembered.
"""

import hashlib
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from energy_pipeline.simulators.enlighten.accounts import Application
from energy_pipeline.simulators.enlighten.dataset import number_of, user_id_of
from energy_pipeline.simulators.enlighten.switches import Switches

_SIGNING_KEY = "the simulated cloud signs with this and guards nothing with it"
_ALGORITHM = "HS256"
_CODE_LIFE_S = 600
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 6

TokenKind = Literal["access", "refresh"]


class InvalidGrant(Exception):
    """A code or refresh token that gives nothing (any more); the text is the vendor's."""


@dataclass(frozen=True)
class Bearer:
    """Whom a token speaks for.

    Attributes:
        client_id: the application that it was given to.
        user_id: the owner who allowed it.
        token_id: identifies the token.
    """

    client_id: str
    user_id: str
    token_id: str


@dataclass(frozen=True)
class _Consent:
    client_id: str
    redirect_uri: str
    user_id: str
    until: int


class TokenOffice:
    """Gives codes and tokens. Instants are epoch seconds; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, _Consent] = {}
        self._used_at: dict[str, int] = {}
        self._given = 0

    def give_code(self, application: Application, redirect_uri: str, user_id: str, now: int) -> str:
        """Return a code that the application can exchange once, soon, with the same address."""
        digest = hashlib.sha256(f"{now} {self._next_number()} {user_id}".encode()).digest()
        code = "".join(_CODE_ALPHABET[b % len(_CODE_ALPHABET)] for b in digest[:_CODE_LENGTH])
        consent = _Consent(application.client_id, redirect_uri, user_id, now + _CODE_LIFE_S)
        with self._lock:
            self._codes[code] = consent
        return code

    def redeem(self, code: str, application: Application, redirect_uri: str, now: int) -> str:
        """Use a code up and return the id of the user who consented.

        Raises:
            InvalidGrant: unknown, used, too old, or of another application or address.
        """
        with self._lock:
            consent = self._codes.get(code)
            given = (application.client_id, redirect_uri)
            known = consent is not None and (consent.client_id, consent.redirect_uri) == given
            if consent is None or not known or now >= consent.until:
                raise InvalidGrant(f"Invalid authorization code: {code}")
            del self._codes[code]
        return consent.user_id

    def exchange(
        self, refresh_token: str, application: Application, now: int, switches: Switches
    ) -> str:
        """Use a refresh token and return the id of the user whom it speaks for.

        Raises:
            InvalidGrant: no such token, too old, used before, or of another application.
        """
        bearer = self.bearer(refresh_token, "refresh", now)
        if bearer is None or bearer.client_id != application.client_id:
            raise InvalidGrant(f"Invalid refresh token: {refresh_token}")
        with self._lock:
            used_at = self._used_at.get(bearer.token_id)
            if used_at is not None and now >= used_at + switches.refresh_grace_s:
                raise InvalidGrant(f"Invalid refresh token: {refresh_token}")
            self._used_at.setdefault(bearer.token_id, now)
        return bearer.user_id

    def tokens(
        self, application: Application, user_id: str, now: int, switches: Switches
    ) -> Mapping[str, object]:
        """Return a new pair of tokens as the token endpoint shows it."""
        token_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{now} {self._next_number()} {user_id}"))
        claims = {
            "client_id": application.client_id,
            "enl_uid": str(number_of(user_id)),
            "app_type": "system",
            "jti": token_id,
        }
        lives: Mapping[TokenKind, int] = {
            "access": switches.access_token_s,
            "refresh": switches.refresh_token_s,
        }
        signed = {kind: _signed(claims, kind, now + life_s) for kind, life_s in lives.items()}
        return {
            "access_token": signed["access"],
            "token_type": "bearer",
            "refresh_token": signed["refresh"],
            "expires_in": switches.access_token_s,
            "scope": "read write",
            "enl_uid": claims["enl_uid"],
            "enl_cid": "",
            "enl_password_last_changed": "1743069079",
            "is_internal_app": False,
            "app_type": "system",
            "jti": token_id,
        }

    def bearer(self, token: str, kind: TokenKind, now: int) -> Bearer | None:
        """Return whom a token of that kind speaks for; None when it is none or too old."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token, _SIGNING_KEY, [_ALGORITHM], {"verify_exp": False, "verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return None
        if claims["kind"] != kind or now >= claims["exp"]:
            return None
        return Bearer(claims["client_id"], user_id_of(int(claims["enl_uid"])), claims["jti"])

    def _next_number(self) -> int:
        with self._lock:
            self._given += 1
            return self._given


def _signed(claims: Mapping[str, object], kind: TokenKind, expires_at: int) -> str:
    return jwt.encode({**claims, "kind": kind, "exp": expires_at}, _SIGNING_KEY, _ALGORITHM)
