"""The memory of every pushed hour, on disk before its message leaves.

Rows are keyed by connection, kind, meter and instant. What an entry means is in `hours`, what is
remembered of whole messages in `message_log`, how entries change in `transitions`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from energy_pipeline.calendar import Span
from energy_pipeline.sinks.enerkey.hours import Kind, LedgerHour
from energy_pipeline.state.database import METADATA, StateDatabase

_UNRESOLVED = text("state IN ('sending', 'sent')")  # literal, so that the partial index serves

HOURS = Table(
    "enerkey_hours",
    METADATA,
    Column("connection", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("meter_id", BigInteger, primary_key=True),
    Column("at_s", BigInteger, primary_key=True),
    Column("unit", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("known", Float),
    Column("state", String, nullable=False),
    Column("hold", String),
    Column("reason", String, nullable=False),
    Column("message_id", String),
    Column("attempts", Integer, nullable=False),
    Column("sent_at_s", Float),
    Column("verified_at_s", Float),
    sqlite_with_rowid=False,
)
Index(
    "enerkey_hours_unresolved",
    HOURS.c.connection,
    HOURS.c.kind,
    HOURS.c.meter_id,
    HOURS.c.at_s,
    sqlite_where=_UNRESOLVED,
    postgresql_where=_UNRESOLVED,
)
_KEY = ("connection", "kind", "meter_id", "at_s")
# Readings that are in EnerKey or may be: the neighbours by which others are judged.
_MAY_BE_THERE = or_(HOURS.c.known.is_not(None), HOURS.c.attempts > 0)


class Ledger:
    """The entries of one connection and one kind of push.

    Args:
        state: the state database.
        connection: name of the connection: EnerKey's base URL.
        kind: consumption hours or cumulative readings.
    """

    def __init__(self, state: StateDatabase, connection: str, kind: Kind) -> None:
        self._state = state
        self.connection = connection
        self.kind: Kind = kind

    def entries(self, meter_id: int, span: Span) -> dict[datetime, LedgerHour]:
        """Return the entries of a meter from `span.start` up to and including `span.end`."""
        wanted = self._of(meter_id, HOURS.c.at_s.between(_s(span.start), _s(span.end)))
        return self._load(select(HOURS).where(wanted))

    def unresolved(self, meter_id: int) -> dict[datetime, LedgerHour]:
        """Return the entries of a meter whose messages have not been seen to have an effect."""
        return self._load(select(HOURS).where(self._of(meter_id, _UNRESOLVED)))

    def neighbours(self, meter_id: int, span: Span) -> tuple[datetime | None, datetime | None]:
        """Return the instants of the nearest readings in EnerKey before and after `span`."""
        at = HOURS.c.at_s
        before = select(func.max(at)).where(self._of(meter_id, _MAY_BE_THERE, at < _s(span.start)))
        after = select(func.min(at)).where(self._of(meter_id, _MAY_BE_THERE, at > _s(span.end)))
        with self._state.read() as connection:
            found = [connection.execute(query).scalar() for query in (before, after)]
        return _instant(found[0]), _instant(found[1])

    def known_values(self, meter_id: int, span: Span) -> dict[datetime, float]:
        """Return what EnerKey was seen to hold of ours inside `span`."""
        inside = HOURS.c.at_s.between(_s(span.start), _s(span.end) - 1)
        query = select(HOURS.c.at_s, HOURS.c.known).where(
            self._of(meter_id, inside, HOURS.c.known.is_not(None))
        )
        with self._state.read() as connection:
            return {_at(row.at_s): row.known for row in connection.execute(query)}

    def other_unit(self, meter_id: int, span: Span, unit: str) -> str | None:
        """Return a unit other than `unit` in which values of `span` were sent, if there is one."""
        inside = HOURS.c.at_s.between(_s(span.start), _s(span.end))
        differs = self._of(meter_id, inside, _MAY_BE_THERE, HOURS.c.unit != unit)
        with self._state.read() as connection:
            return connection.execute(select(HOURS.c.unit).where(differs).limit(1)).scalar()

    def save(
        self,
        meter_id: int,
        unit: str,
        entries: Iterable[LedgerHour],
        *,
        within: Connection | None = None,
    ) -> None:
        """Insert or replace entries.

        Args:
            meter_id: EnerKey's meter.
            unit: of the values.
            entries: the new state of their hours.
            within: a transaction to be part of; without it one of its own, which may be lost in a
                power cut: what it says can then be read back from EnerKey again.
        """
        rows = [self._row(meter_id, unit, entry) for entry in entries]
        if not rows:
            return
        if within is not None:
            upsert(within, HOURS, rows, _KEY)
            return
        with self._state.begin(durable=False) as connection:
            upsert(connection, HOURS, rows, _KEY)

    def _of(self, meter_id: int, *more: Any) -> ColumnElement[bool]:  # noqa: ANN401 - clauses
        return and_(
            HOURS.c.connection == self.connection,
            HOURS.c.kind == self.kind,
            HOURS.c.meter_id == meter_id,
            *more,
        )

    def _load(self, query: Select[Any]) -> dict[datetime, LedgerHour]:
        with self._state.read() as connection:
            entries = [_entry(row) for row in connection.execute(query.order_by(HOURS.c.at_s))]
        return {entry.at: entry for entry in entries}

    def _row(self, meter_id: int, unit: str, entry: LedgerHour) -> dict[str, object]:
        return {
            "connection": self.connection,
            "kind": self.kind,
            "meter_id": meter_id,
            "at_s": _s(entry.at),
            "unit": unit,
            "value": entry.value,
            "known": entry.known,
            "state": entry.state,
            "hold": entry.hold,
            "reason": entry.reason,
            "message_id": entry.message_id,
            "attempts": entry.attempts,
            "sent_at_s": entry.sent_at and entry.sent_at.timestamp(),
            "verified_at_s": entry.verified_at and entry.verified_at.timestamp(),
        }


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], key: Sequence[str]
) -> None:
    """Insert rows, or replace those with the same key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def _entry(row: Row[Any]) -> LedgerHour:
    return LedgerHour(
        at=_at(row.at_s),
        value=row.value,
        known=row.known,
        state=row.state,
        hold=row.hold,
        reason=row.reason,
        message_id=row.message_id,
        attempts=row.attempts,
        sent_at=_instant(row.sent_at_s),
        verified_at=_instant(row.verified_at_s),
    )


def _at(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


@lru_cache(maxsize=4_096)  # hours of one message share theirs
def _instant(at_s: float | None) -> datetime | None:
    return None if at_s is None else _at(at_s)


def _s(at: datetime) -> int:
    return int(at.timestamp())
