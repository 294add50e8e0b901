"""How an hour's ledger entry changes: by a decision, before a message leaves, by its outcome.

Pure. Whatever instant a process dies at, the entry on disk tells the truth or less: `sending` is
there before the request, and only an answer or a read-back takes it away.
"""

from dataclasses import replace
from datetime import datetime

from energy_pipeline.sinks.enerkey.decisions import Decision
from energy_pipeline.sinks.enerkey.hours import MOST_ATTEMPTS, LedgerHour
from energy_pipeline.sinks.enerkey.outcome import Outcome


def settle(entry: LedgerHour, decision: Decision, now: datetime) -> LedgerHour:
    """Return the entry after a decision that sends nothing."""
    match decision.action:
        case "verify":
            return LedgerHour(
                entry.at,
                decision.value,
                known=decision.value,
                state="verified",
                message_id=entry.message_id,
                sent_at=entry.sent_at,
                verified_at=now,
            )
        case "hold":
            # What may be on its way stays on record; only an unsent value gives way to a new one.
            value = entry.value if entry.attempts else decision.value
            hold, reason = decision.hold, decision.reason
            return replace(entry, state="held", hold=hold, reason=reason, value=value)
        case "wait":
            return replace(entry, reason=decision.reason)
        case _:
            return entry


def begin_send(entry: LedgerHour, decision: Decision, message_id: str, now: datetime) -> LedgerHour:
    """Return the entry that must be on disk before the message leaves."""
    attempts = 0 if entry.attempts >= MOST_ATTEMPTS else entry.attempts  # a person released it
    return replace(
        entry,
        value=decision.value,
        state="sending",
        hold=None,
        reason="the process ended while the message was on its way",
        message_id=message_id,
        attempts=attempts + 1,
        sent_at=now,
    )


def end_send(
    entry: LedgerHour, outcome: Outcome, now: datetime, *, is_companion: bool = False
) -> LedgerHour:
    """Return the entry after the message's fate is known, as far as it is.

    Args:
        entry: as it was on disk while the message was on its way.
        outcome: the message's fate.
        now: the present instant.
        is_companion: a refusal names other rows of the message.
    """
    match outcome.verdict:
        case "accepted":
            return replace(entry, state="sent", reason=outcome.detail, sent_at=now)
        case "unknown":
            return replace(entry, reason=outcome.detail, sent_at=now)
        case "refused":
            reason = f"in a message with an hour that was refused: {outcome.detail}"
            ended = replace(
                entry,
                state="held",
                hold="companion" if is_companion else "refused",
                reason=reason if is_companion else outcome.detail,
                sent_at=now,
            )
        case _:
            ended = replace(entry, state="ready", reason=outcome.detail)
    return replace(ended, attempts=entry.attempts - 1)
