"""Authorizations in the state database: tokens, refreshes under way, first tokens that were seen.

Access and refresh token change together, in the transaction that ends the note of the refresh. When
a token is renewed is decided in `authorization.py`.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens
from energy_pipeline.state.database import METADATA, StateDatabase

_TOKENS = Table(
    "enlighten_authorizations",
    METADATA,
    Column("account", String, primary_key=True),
    Column("owner", String, primary_key=True),
    Column("user", String),
    Column("access_token", Text, nullable=False),
    Column("access_until_s", BigInteger, nullable=False),
    Column("refresh_token", Text, nullable=False),
    Column("refresh_until_s", BigInteger, nullable=False),
    Column("is_sealed", Boolean, nullable=False),
    Column("given_s", BigInteger, nullable=False),
    Column("refusal", Text),
)
_REFRESHES = Table(
    "enlighten_refreshes",
    METADATA,
    Column("account", String, primary_key=True),
    Column("owner", String, primary_key=True),
    Column("token", String, primary_key=True),
    Column("begun_s", BigInteger, nullable=False),
)
_FIRST_TOKENS = Table(
    "enlighten_first_tokens",
    METADATA,
    Column("account", String, primary_key=True),
    Column("owner", String, primary_key=True),
    Column("token", String, primary_key=True),
    Column("refusal", Text),
)


class Holder(NamedTuple):
    """Whose authorization: the application, and the owner's name in the site file.

    Args:
        account: name of the application, not readable.
        owner: as the site file calls the owner; empty where it names none.
    """

    account: str
    owner: str = ""


class Standing(NamedTuple):
    """What may be told of a stored authorization. Instants are aware.

    Args:
        user: the vendor's user, not readable.
        refresh_until: end of the refresh token.
        is_sealed: the tokens are encrypted.
        refusal: why the refresh token is not accepted any more.
    """

    user: str | None
    refresh_until: datetime
    is_sealed: bool
    refusal: str | None


class AuthorizationStore:
    """What is kept of authorizations.

    Args:
        state: the state database.
        sealing: how tokens are stored.
    """

    def __init__(self, state: StateDatabase, sealing: Sealing) -> None:
        self._state = state
        self._sealing = sealing

    def standing(self, holder: Holder) -> Standing | None:
        """Return how an authorization stands, without its tokens."""
        query = select(_TOKENS).where(*_of(_TOKENS, holder))
        with self._state.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Standing(row.user, _instant(row.refresh_until_s), row.is_sealed, row.refusal)

    def owners(self, account: str) -> list[str]:
        """Return the names of the owners whose tokens are stored for an application."""
        query = select(_TOKENS.c.owner).where(_TOKENS.c.account == account)
        with self._state.read() as connection:
            return sorted(connection.execute(query).scalars())

    def tokens(self, holder: Holder) -> OwnerTokens | None:
        """Return the stored tokens.

        Raises:
            ConfigurationError: they are encrypted with another key.
        """
        query = select(_TOKENS).where(*_of(_TOKENS, holder))
        with self._state.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return OwnerTokens(
            access=self._sealing.opened(row.access_token, is_sealed=row.is_sealed),
            access_until=_instant(row.access_until_s),
            refresh=self._sealing.opened(row.refresh_token, is_sealed=row.is_sealed),
            refresh_until=_instant(row.refresh_until_s),
            user=row.user,
            given_at=_instant(row.given_s),
        )

    def keep(self, holder: Holder, tokens: OwnerTokens, first: str | None = None) -> None:
        """Keep new tokens in place of the old ones; a refresh of the holder is over with it.

        Args:
            holder: whose they are.
            tokens: as they were given.
            first: name of a token in the environment that is older news than these.
        """
        row = {
            **holder._asdict(),
            "user": tokens.user,
            "access_token": self._sealing.sealed(tokens.access),
            "access_until_s": _second(tokens.access_until),
            "refresh_token": self._sealing.sealed(tokens.refresh),
            "refresh_until_s": _second(tokens.refresh_until),
            "is_sealed": self._sealing.is_on,
            "given_s": _second(tokens.given_at),
        }
        with self._state.begin() as connection:
            for table in (_TOKENS, _REFRESHES):
                connection.execute(delete(table).where(*_of(table, holder)))
            connection.execute(insert(_TOKENS).values(row))
            if first is not None:
                _mark_seen(connection, holder, first, None)

    def refuse(self, holder: Holder, refusal: str) -> None:
        """Remember that the stored refresh token is not accepted any more."""
        change = update(_TOKENS).where(*_of(_TOKENS, holder)).values(refusal=refusal)
        with self._state.begin() as connection:
            connection.execute(change)
            connection.execute(delete(_REFRESHES).where(*_of(_REFRESHES, holder)))

    def begin_refresh(self, holder: Holder, token: str, now: datetime) -> datetime | None:
        """Note that a refresh token is about to be used, and survive a power cut with it.

        Returns:
            When the same token was about to be used before, without an end.
        """
        note = (*_of(_REFRESHES, holder), _REFRESHES.c.token == token)
        with self._state.begin() as connection:
            begun_s = connection.execute(select(_REFRESHES.c.begun_s).where(*note)).scalar()
            if begun_s is not None:
                return _instant(begun_s)
            row = {**holder._asdict(), "token": token, "begun_s": _second(now)}
            connection.execute(insert(_REFRESHES).values(row))
        return None

    def end_refresh(self, holder: Holder, token: str) -> None:
        """Take the note back: the token was not used."""
        note = (*_of(_REFRESHES, holder), _REFRESHES.c.token == token)
        with self._state.begin() as connection:
            connection.execute(delete(_REFRESHES).where(*note))

    def is_seen(self, holder: Holder, first: str) -> bool:
        """Return whether a token of the environment was used before, with or without success."""
        seen = (*_of(_FIRST_TOKENS, holder), _FIRST_TOKENS.c.token == first)
        with self._state.read() as connection:
            return (
                connection.execute(select(_FIRST_TOKENS.c.token).where(*seen)).first() is not None
            )

    def refusal_of_first(self, holder: Holder, first: str) -> str | None:
        """Return why a token of the environment was refused."""
        seen = (*_of(_FIRST_TOKENS, holder), _FIRST_TOKENS.c.token == first)
        with self._state.read() as connection:
            return connection.execute(select(_FIRST_TOKENS.c.refusal).where(*seen)).scalar()

    def refuse_first(self, holder: Holder, first: str, refusal: str) -> None:
        """Remember that a token of the environment was refused."""
        with self._state.begin() as connection:
            _mark_seen(connection, holder, first, refusal)
            connection.execute(delete(_REFRESHES).where(*_of(_REFRESHES, holder)))


def _mark_seen(connection: Connection, holder: Holder, first: str, refusal: str | None) -> None:
    seen = (*_of(_FIRST_TOKENS, holder), _FIRST_TOKENS.c.token == first)
    connection.execute(delete(_FIRST_TOKENS).where(*seen))
    row = {**holder._asdict(), "token": first, "refusal": refusal}
    connection.execute(insert(_FIRST_TOKENS).values(row))


def _of(table: Table, holder: Holder) -> tuple[ColumnElement[bool], ...]:
    return (table.c.account == holder.account, table.c.owner == holder.owner)


def _second(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
