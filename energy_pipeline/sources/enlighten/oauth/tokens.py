"""The tokens of one authorization, read from the answer of the token endpoint.

No message of this module holds a value of the answer, since any of them can be a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import orjson
from pydantic import SecretStr

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.sources.enlighten.oauth import wire
from energy_pipeline.state.quota import account_fingerprint

_LONGEST_LIFE = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class OwnerTokens:
    """What one owner's consent has given to the application. Instants are aware, in UTC.

    Args:
        access: opens the owner's systems.
        access_until: when it ends.
        refresh: buys the next tokens, once.
        refresh_until: when it ends, as far as is known.
        user: a name for the owner, from which nothing can be read; None where nobody said.
        given_at: when these tokens were given.
    """

    access: SecretStr
    access_until: datetime
    refresh: SecretStr
    refresh_until: datetime
    user: str | None
    given_at: datetime


def read_tokens(response: httpx.Response, request: str, asked_at: datetime) -> OwnerTokens:
    """Read a good answer of the token endpoint; its secrets are hidden in logs from now on.

    Args:
        response: the answer.
        request: method and path, for messages.
        asked_at: when the request was sent, which the lives are counted from; aware.

    Raises:
        SchemaSurprise: the answer is no such object.
    """
    members = _object(response, request)
    access = _text(members, wire.ACCESS_TOKEN, request)
    refresh = _text(members, wire.REFRESH_TOKEN, request)
    install_log_redaction([access, refresh])
    user = members.get(wire.USER)
    return OwnerTokens(
        access=SecretStr(access),
        access_until=asked_at + _life(members, request),
        refresh=SecretStr(refresh),
        refresh_until=_said_end(refresh, asked_at) or asked_at + wire.REFRESH_LIFE,
        user=account_fingerprint(str(user)) if user else None,
        given_at=asked_at,
    )


def token_name(token: SecretStr) -> str:
    """Return a name by which a token can be known again, and from which it cannot be read."""
    return account_fingerprint(token.get_secret_value())


def _object(response: httpx.Response, request: str) -> Mapping[str, object]:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        return found
    raise _surprise("the body", "something else", "a JSON object", request)


def _text(members: Mapping[str, object], name: str, request: str) -> str:
    value = members.get(name)
    if isinstance(value, str) and value:
        return value
    raise _surprise(name, _kind(value), "a text", request)


def _life(members: Mapping[str, object], request: str) -> timedelta:
    value = members.get(wire.EXPIRES_IN)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and 0 < value < _LONGEST_LIFE.total_seconds():
        return timedelta(seconds=value)
    raise _surprise(wire.EXPIRES_IN, _kind(value), "a number of seconds", request)


def _said_end(token: str, given_at: datetime) -> datetime | None:
    """Return the end of life that a token names itself, where it is one to be believed."""
    try:
        claims: Mapping[str, object] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    end_s = claims.get("exp")
    if not isinstance(end_s, int | float):
        return None
    life_s = end_s - given_at.timestamp()
    is_likely = 0 < life_s < _LONGEST_LIFE.total_seconds()
    return datetime.fromtimestamp(end_s, UTC) if is_likely else None


def _kind(value: object) -> str:
    return "nothing" if value in (None, "") else f"a value of type {type(value).__name__}"


def _surprise(member: str, found: str, allowed: str, request: str) -> SchemaSurprise:
    message = f"{member}: found {found}; allowed: {allowed}"
    return SchemaSurprise(message, request=request, status=200)
