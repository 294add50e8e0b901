"""The counts behind a quota: tables and statements; what they mean for a request is in `quota.py`.

Every hit of an account has a number and an instant, both rising. So whether a rolling period that
allows N requests has room is one look-up, exact and the same for 10 or 36,000 of them: the hit N
numbers ago must be older than the period.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from energy_pipeline.state.database import METADATA

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A hit farther in the future than clocks disagree was counted under a wrong clock.
_CLOCKS_DISAGREE = timedelta(minutes=1)
_PRUNE_EVERY = 256  # hits; pruning looks at every row of the account


def _account_table(name: str, key: Column[Any], *columns: Column[Any]) -> Table:
    whose = [Column(name, String, primary_key=True) for name in ("service", "account")]
    return Table(name, METADATA, *whose, key, *columns, sqlite_with_rowid=False)


_HITS = _account_table(
    "quota_hits",
    Column("number", BigInteger, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)
_MONTHS = _account_table(
    "quota_months",
    Column("month", String, primary_key=True),
    Column("hits", Integer, nullable=False),
)
_CLOSURES = _account_table(
    "quota_closures",
    Column("period", String, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("requests", Integer, nullable=False),
)


def _rows(table: Table, *more: str) -> ColumnElement[bool]:
    # `b_`: SQLAlchemy keeps the columns' own names for the values of an UPDATE.
    names = ("service", "account", *more)
    return and_(*(table.c[name] == bindparam(f"b_{name}") for name in names))


# Statements are built once: building one costs more than SQLite takes to run it.
_LATEST: Final = (
    select(_HITS.c.number, _HITS.c.at_us)
    .where(_rows(_HITS))
    .order_by(_HITS.c.number.desc())
    .limit(1)
)
_AT: Final = select(_HITS.c.number, _HITS.c.at_us).where(
    _rows(_HITS), _HITS.c.number.in_(bindparam("numbers", expanding=True))
)
_SINCE: Final = select(func.count()).where(_rows(_HITS), _HITS.c.at_us > bindparam("since_us"))
_BRING_BACK: Final = (
    update(_HITS)
    .where(_rows(_HITS), _HITS.c.at_us > bindparam("now_us"))
    .values(at_us=bindparam("now_us"))
)
_PRUNE: Final = delete(_HITS).where(
    _rows(_HITS),
    _HITS.c.number <= bindparam("last_number"),
    _HITS.c.at_us < bindparam("before_us"),
)
_MONTH_HITS: Final = select(_MONTHS.c.hits).where(_rows(_MONTHS, "month"))
_ADD_TO_MONTH: Final = (
    update(_MONTHS).where(_rows(_MONTHS, "month")).values(hits=_MONTHS.c.hits + bindparam("n"))
)
_OPEN_CLOSURES: Final = select(_CLOSURES).where(
    _rows(_CLOSURES), _CLOSURES.c.until_us > bindparam("now_us")
)
_END_CLOSURE: Final = delete(_CLOSURES).where(_rows(_CLOSURES, "period"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One counted hit: its number among all of the account, from 1, and its instant."""

    number: int
    at: datetime


NO_HIT = Hit(0, _EPOCH)


@dataclass(frozen=True, slots=True)
class Closure:
    """The service refuses the account `until` an instant: the `requests` of `period` are gone."""

    period: str
    until: datetime
    requests: int


class Counts:
    """The rows of one account at one service; every method works inside the caller's transaction.

    Args:
        service: name of the service.
        account: fingerprint of the account.
    """

    def __init__(self, service: str, account: str) -> None:
        self._whose = {"service": service, "account": account}
        self._of = {"b_service": service, "b_account": account}

    def latest(self, connection: Connection, now: datetime) -> Hit:
        """Return the newest hit, `NO_HIT` when there is none.

        Hits that a wrong clock put into the future count as made now: they expire in time.
        """
        row = connection.execute(_LATEST, self._of).one_or_none()
        if row is None:
            return NO_HIT
        hit = Hit(row.number, _instant(row.at_us))
        if hit.at <= now + _CLOCKS_DISAGREE:
            return hit
        connection.execute(_BRING_BACK, {**self._of, "now_us": _us(now)})
        return Hit(hit.number, now)

    def instants(self, connection: Connection, numbers: Iterable[int]) -> dict[int, datetime]:
        """Return when the hits of these numbers were made; numbers long past are left out."""
        rows = connection.execute(_AT, {**self._of, "numbers": list(numbers)})
        return {row.number: _instant(row.at_us) for row in rows}

    def hits_since(self, connection: Connection, instant: datetime) -> int:
        """Return how many hits are younger than `instant`."""
        return connection.execute(_SINCE, {**self._of, "since_us": _us(instant)}).scalar_one()

    def hits_of_month(self, connection: Connection, now: datetime) -> int:
        """Return how many hits the calendar month (UTC) of `now` has seen."""
        month = {**self._of, "b_month": _month(now)}
        return connection.execute(_MONTH_HITS, month).scalar_one_or_none() or 0

    def closures(self, connection: Connection, now: datetime) -> list[Closure]:
        """Return the closures that still hold."""
        rows = connection.execute(_OPEN_CLOSURES, {**self._of, "now_us": _us(now)})
        return [Closure(row.period, _instant(row.until_us), row.requests) for row in rows]

    def count(self, connection: Connection, latest: Hit, now: datetime, n: int) -> None:
        """Add `n` hits made now after the hit `latest`."""
        at_us = _us(max(now, latest.at))
        numbers = range(latest.number + 1, latest.number + n + 1)
        rows = [{**self._whose, "number": number, "at_us": at_us} for number in numbers]
        connection.execute(insert(_HITS), rows)
        month = _month(now)
        added = connection.execute(_ADD_TO_MONTH, {**self._of, "b_month": month, "n": n})
        if added.rowcount == 0:
            connection.execute(insert(_MONTHS), {**self._whose, "month": month, "hits": n})

    def prune(self, connection: Connection, latest: Hit, n: int, before: datetime) -> None:
        """Forget hits before an instant, once in many hits; those after `latest` stay."""
        if latest.number // _PRUNE_EVERY == (latest.number + n) // _PRUNE_EVERY:
            return
        old = {"last_number": latest.number, "before_us": _us(before)}
        connection.execute(_PRUNE, {**self._of, **old})

    def close(self, connection: Connection, closure: Closure, now: datetime) -> None:
        """Record a closure; one of the same period that lasts longer stays."""
        held = (other for other in self.closures(connection, now) if other.period == closure.period)
        if any(other.until >= closure.until for other in held):
            return
        connection.execute(_END_CLOSURE, {**self._of, "b_period": closure.period})
        what = {"period": closure.period, "requests": closure.requests}
        until = {"until_us": _us(closure.until)}
        connection.execute(insert(_CLOSURES), {**self._whose, **what, **until})


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _month(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m}"
