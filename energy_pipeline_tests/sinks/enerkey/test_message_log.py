"""The quiet time follows from delays that were seen, never from looks that saw none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from energy_pipeline.sinks.enerkey import message_log
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import LEAST_QUIET, UNPROVEN_QUIET, MessageLog
from energy_pipeline.state.database import StateDatabase

SENT_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> MessageLog:
    state = StateDatabase(f"sqlite:///{tmp_path}/state.db")
    row = {
        "connection": "https://enerkey.invalid",
        "kind": "consumption",
        "meter_id": 1,
        "fingerprint": "f",
        "first_s": 0,
        "last_s": 0,
        "rows": 1,
        "sent_at_s": SENT_AT.timestamp(),
        "verdict": "accepted",
        "detail": "",
    }
    rows = [row | {"message_id": id} for id in ("m", "n")]
    with state.begin() as connection:
        connection.execute(insert(message_log._MESSAGES).values(rows))
    return MessageLog(state, Ledger(state, "https://enerkey.invalid", "consumption"))


def test_a_first_look_a_day_later_says_nothing_about_the_delay(log: MessageLog) -> None:
    """EnerKey may have shown it after six hours: a quarter of an hour is not proven by that."""
    log.note_look(["m"], [], SENT_AT + timedelta(days=1))

    assert log.quiet(None) == UNPROVEN_QUIET


def test_a_look_at_once_proves_a_short_delay(log: MessageLog) -> None:
    log.note_look(["m"], [], SENT_AT + timedelta(seconds=2))

    assert log.quiet(None) == LEAST_QUIET


def test_a_look_that_missed_it_makes_the_next_one_tell(log: MessageLog) -> None:
    log.note_look([], ["m"], SENT_AT + timedelta(minutes=1))
    log.note_look(["m"], [], SENT_AT + timedelta(hours=6))

    assert log.quiet(None) == timedelta(hours=24)


@pytest.mark.parametrize(("missed_after_hours", "quiet_hours"), [(5, 5), (100, 24)])
def test_while_a_message_is_not_shown_nothing_unseen_is_believed(
    log: MessageLog, missed_after_hours: int, quiet_hours: int
) -> None:
    """Another one was shown at once; one that never shows holds nothing for longer than a day."""
    log.note_look(["n"], [], SENT_AT + timedelta(seconds=2))
    log.note_look([], ["m"], SENT_AT + timedelta(hours=missed_after_hours))

    assert log.quiet(None) == timedelta(hours=quiet_hours)
