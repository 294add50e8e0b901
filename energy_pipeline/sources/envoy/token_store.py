"""Tokens of gateways in the state database, and what the token services lately refused.

The database is readable by its owner only. When a token is fetched is decided in `tokens.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
)

from energy_pipeline.state.database import METADATA, StateDatabase

_TOKENS = Table(
    "envoy_tokens",
    METADATA,
    Column("serial", String, primary_key=True),
    Column("token", Text, nullable=False),
    Column("fetched_s", BigInteger, nullable=False),
)
_FAILURES = Table(
    "envoy_token_failures",
    METADATA,
    Column("account", String, primary_key=True),
    Column("serial", String, primary_key=True),
    Column("message", Text, nullable=False),
    Column("is_refusal", Boolean, nullable=False),
    Column("failed_s", BigInteger, nullable=False),
)
LOGIN = ""
"""Stands for a gateway's serial where the login itself failed, hence for every gateway."""


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token as it was fetched."""

    value: SecretStr
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no token was got.

    Args:
        message: for people.
        is_refusal: the same request would be refused again.
        failed_at: aware.
    """

    message: str
    is_refusal: bool
    failed_at: datetime


class TokenStore:
    """What is kept of tokens.

    Args:
        state: the state database.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def kept(self, serial: str) -> KeptToken | None:
        """Return the token that was fetched last for a gateway."""
        query = select(_TOKENS.c.token, _TOKENS.c.fetched_s).where(_TOKENS.c.serial == serial)
        with self._state.read() as connection:
            row = connection.execute(query).one_or_none()
        return KeptToken(SecretStr(row[0]), datetime.fromtimestamp(row[1], UTC)) if row else None

    def keep(self, serial: str, token: SecretStr, now: datetime) -> None:
        """Keep a new token in place of the old one."""
        row = {"serial": serial, "token": token.get_secret_value(), "fetched_s": _second(now)}
        with self._state.begin() as connection:
            connection.execute(delete(_TOKENS).where(_TOKENS.c.serial == serial))
            connection.execute(insert(_TOKENS).values(row))

    def failure(self, serial: str, account: str, since: datetime) -> Failure | None:
        """Return why an account got no token for a gateway lately: the login's failure first."""
        columns = (_FAILURES.c.message, _FAILURES.c.is_refusal, _FAILURES.c.failed_s)
        query = (
            select(*columns)
            .where(_FAILURES.c.account == account, _FAILURES.c.serial.in_((LOGIN, serial)))
            .where(_FAILURES.c.failed_s > _second(since))
            .order_by(_FAILURES.c.serial)
        )
        with self._state.read() as connection:
            row = connection.execute(query).first()
        return Failure(row[0], row[1], datetime.fromtimestamp(row[2], UTC)) if row else None

    def note(self, serial: str, account: str, failure: Failure) -> None:
        """Remember that an account got no token for a gateway, or for `LOGIN` none at all."""
        row = {
            "account": account,
            "serial": serial,
            "message": failure.message,
            "is_refusal": failure.is_refusal,
            "failed_s": _second(failure.failed_at),
        }
        with self._state.begin() as connection:
            whose = (_FAILURES.c.account == account, _FAILURES.c.serial == serial)
            connection.execute(delete(_FAILURES).where(*whose))
            connection.execute(insert(_FAILURES).values(row))


def _second(instant: datetime) -> int:
    return int(instant.timestamp())
