"""What is remembered of whole messages: their fate, and how long EnerKey took to show them.

The log answers two questions: was just this message refused before (then it is not sent again), and
how long must an empty read-back not be believed. Hours are in `ledger`.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    and_,
    case,
    func,
    or_,
    select,
    update,
)

from energy_pipeline.sinks.enerkey.hours import LedgerHour
from energy_pipeline.sinks.enerkey.ledger import Ledger, upsert
from energy_pipeline.sinks.enerkey.messages import Message
from energy_pipeline.sinks.enerkey.outcome import Outcome
from energy_pipeline.state.database import METADATA, StateDatabase

UNPROVEN_QUIET = timedelta(hours=24)
LEAST_QUIET = timedelta(minutes=15)
_DELAYS_IN_QUIET = 4

_MESSAGES = Table(
    "enerkey_messages",
    METADATA,
    Column("message_id", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("meter_id", BigInteger, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("first_s", BigInteger, nullable=False),
    Column("last_s", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sent_at_s", Float, nullable=False),
    Column("verdict", String, nullable=False),
    Column("status", Integer),
    Column("detail", String, nullable=False),
    Column("missed_at_s", Float),
    Column("shown_after_s", Float),
)
Index("enerkey_messages_fingerprint", _MESSAGES.c.connection, _MESSAGES.c.fingerprint)
Index("enerkey_messages_shown", _MESSAGES.c.connection, _MESSAGES.c.shown_after_s)


class MessageLog:
    """The messages of one ledger.

    Args:
        state: the state database.
        ledger: the hours that the messages carry.
    """

    def __init__(self, state: StateDatabase, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger

    def begin(
        self, message: Message, unit: str, entries: Iterable[LedgerHour], now: datetime
    ) -> None:
        """Put a message and its hours on disk; only when this returns may it be sent.

        Args:
            message: about to be sent.
            unit: of its values.
            entries: its hours, `sending`, with the message's id.
            now: the present instant.
        """
        begun = list(entries)
        row: dict[str, object] = {
            "message_id": begun[0].message_id,
            "connection": self._ledger.connection,
            "kind": message.kind,
            "meter_id": message.meter_id,
            "fingerprint": message.fingerprint,
            "first_s": int(message.rows[0][0].timestamp()),
            "last_s": int(message.rows[-1][0].timestamp()),
            "rows": len(message.rows),
            "sent_at_s": now.timestamp(),
            "verdict": "unknown",
            "status": None,
            "detail": "",
            "missed_at_s": None,
            "shown_after_s": None,
        }
        with self._state.begin() as connection:
            upsert(connection, _MESSAGES, [row], ["message_id"])
            self._ledger.save(message.meter_id, unit, begun, within=connection)

    def end(
        self,
        message: Message,
        unit: str,
        entries: Iterable[LedgerHour],
        outcome: Outcome,
        now: datetime,
    ) -> None:
        """Record the fate of a message together with its hours."""
        ended = list(entries)
        values = {
            "verdict": outcome.verdict,
            "status": outcome.status,
            "detail": outcome.detail,
            "sent_at_s": now.timestamp(),
        }
        with self._state.begin(durable=False) as connection:
            ours = _MESSAGES.c.message_id == ended[0].message_id
            connection.execute(update(_MESSAGES).where(ours).values(values))
            self._ledger.save(message.meter_id, unit, ended, within=connection)

    def hold(self, message: Message, unit: str, entries: Iterable[LedgerHour]) -> None:
        """Record hours of a message that is not sent."""
        self._ledger.save(message.meter_id, unit, entries)

    def was_refused(self, message: Message) -> bool:
        """Tell whether EnerKey has refused exactly this message before."""
        query = select(func.count()).where(
            _MESSAGES.c.connection == self._ledger.connection,
            _MESSAGES.c.fingerprint == message.fingerprint,
            _MESSAGES.c.verdict == "refused",
        )
        with self._state.read() as connection:
            return bool(connection.execute(query).scalar())

    def note_look(self, shown: Collection[str], missed: Collection[str], now: datetime) -> None:
        """Record which of the messages that EnerKey took a read-back showed, and which it did not.

        Only a message that an earlier look missed, or that was looked for at once, tells how long
        showing takes; one that was first looked for later tells nothing and leaves no delay: a
        quiet time that were shortened by it would let an hour be sent before it can be seen.
        """
        if not shown and not missed:
            return
        log, now_s = _MESSAGES.c, now.timestamp()
        delay_s = now_s - log.sent_at_s
        tells = or_(log.missed_at_s.is_not(None), delay_s <= LEAST_QUIET.total_seconds())
        seen = update(_MESSAGES).where(
            log.message_id.in_(shown), log.shown_after_s.is_(None), tells
        )
        unseen = update(_MESSAGES).where(log.message_id.in_(missed))
        with self._state.begin(durable=False) as connection:
            connection.execute(seen.values(shown_after_s=delay_s))
            connection.execute(unseen.values(missed_at_s=now_s))

    def quiet(self, setting_s: float | None) -> timedelta:
        """Return how long after a send an empty read-back is not yet believed.

        Args:
            setting_s: the user's own number, taken as it is; None: a day until EnerKey has shown a
                message, then four times the longest that it took, at least a quarter of an hour
                and, up to a day, as long as a message that it took has not been shown yet.
        """
        if setting_s is not None:
            return timedelta(seconds=setting_s)
        log = _MESSAGES.c
        is_hidden = and_(log.verdict == "accepted", log.shown_after_s.is_(None))
        hidden_s = case((is_hidden, log.missed_at_s - log.sent_at_s))
        query = select(func.max(log.shown_after_s), func.max(hidden_s)).where(
            log.connection == self._ledger.connection
        )
        with self._state.read() as connection:
            longest_s, hidden_for_s = connection.execute(query).one()
        if longest_s is None:
            return UNPROVEN_QUIET
        hidden_for = min(UNPROVEN_QUIET, timedelta(seconds=hidden_for_s or 0.0))
        return max(LEAST_QUIET, _DELAYS_IN_QUIET * timedelta(seconds=longest_s), hidden_for)


def new_message_id() -> str:
    """Return the id of a message that is about to be sent."""
    return uuid4().hex
