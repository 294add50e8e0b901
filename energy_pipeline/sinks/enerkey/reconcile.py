"""What is to be done with one hour: pure decisions, right whatever a second push does at EnerKey.

Several values for an hour may add up and none can be deleted. So an hour is sent only while EnerKey
shows of it exactly what the ledger knows, one value at a time, and never again before a read, made
late enough, shows that the message before had no effect.

Here is the rule for one hour, in the words of `decisions`. Readings of a register, which EnerKey
shows only as differences, bring their evidence from `registers`. How the ledger's entry changes by
a decision or a message is in `transitions`; `push` carries it out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from energy_pipeline.configuration.environment import Repush
from energy_pipeline.sinks.enerkey.decisions import Decision, Evidence, Terms
from energy_pipeline.sinks.enerkey.hours import (
    AFTER_REFUSAL,
    MOST_ATTEMPTS,
    LedgerHour,
    fresh,
    near,
    same,
)

_DOUBLED = range(2, 10)
_LATE = timedelta(hours=24)
_CORRECT_IT = "have it corrected in EnerKey, where a second push changes nothing"
_WAY_OUT: Mapping[Repush, str] = {
    "unknown": (
        "correct it in EnerKey, or set ENERKEY_REPUSH once a second push's effect is known"
    ),
}


def needs_read(wanted: float | None, entry: LedgerHour | None) -> bool:
    """Tell whether the hour cannot be decided from the ledger alone."""
    if entry is None:
        return wanted is not None
    if entry.is_unresolved:
        return True
    return wanted is not None and not _is_settled(wanted, entry)


def reconcile_hours(
    wanted: Mapping[datetime, float],
    entries: Mapping[datetime, LedgerHour],
    shown: Mapping[datetime, float | None],
    terms: Terms,
) -> dict[datetime, Decision]:
    """Decide about the consumption hours of one meter.

    Args:
        wanted: final values by start of hour.
        entries: the ledger's entries; hours that are not wanted may be among them.
        shown: what EnerKey shows, None for nothing; every hour that `needs_read` must be there.
        terms: what holds in this run.

    Returns:
        A decision for every hour of `wanted` and `entries`, in time order.
    """
    return {
        at: _decide_hour(wanted.get(at), entries.get(at), shown, at, terms)
        for at in sorted(wanted.keys() | entries.keys())
    }


def decide(wanted: float | None, entry: LedgerHour, evidence: Evidence, terms: Terms) -> Decision:
    """Decide about an hour that needed a read.

    Args:
        wanted: what the source says now; None when it says nothing final.
        entry: what the ledger says, a fresh entry where it says nothing.
        evidence: what EnerKey shows.
        terms: what holds in this run.
    """
    if (entry.is_unresolved or entry.attempts) and evidence.shows_value:
        return Decision("verify", entry.value)
    if entry.is_unresolved:
        return _resolve(wanted, entry, evidence, terms)
    if wanted is None:
        return Decision("keep", entry.value)
    if evidence.shows_wanted:
        return Decision("verify", wanted)
    if not evidence.is_untouched:
        return _conflict(wanted, entry, evidence, terms)
    if entry.attempts and (pause := _pause(wanted, entry, terms)):
        return pause
    if entry.hold in AFTER_REFUSAL and _is_quiet(entry, terms):
        # Perhaps the rest of the refused message was stored, and does not show yet.
        return Decision("hold", entry.value, hold=entry.hold, reason=entry.reason)
    return _push(wanted, evidence, terms)


def _is_quiet(entry: LedgerHour, terms: Terms) -> bool:
    """Tell whether an empty read-back is not to be believed yet."""
    return terms.now < (entry.sent_at or terms.now) + terms.quiet


def _is_settled(wanted: float, entry: LedgerHour) -> bool:
    is_known = entry.state == "verified" or entry.hold == "correction"
    return is_known and same(wanted, entry.known)


def _decide_hour(
    wanted: float | None,
    entry: LedgerHour | None,
    shown: Mapping[datetime, float | None],
    at: datetime,
    terms: Terms,
) -> Decision:
    if not needs_read(wanted, entry):
        return unread_decision(entry)
    entry = entry or fresh(at, wanted)
    seen = shown[at]
    evidence = Evidence(
        shows_value=near(seen, entry.value),
        shows_wanted=near(seen, wanted) and wanted is not None,
        is_untouched=near(seen, entry.known),
        before=entry.known,
        shown=seen,
    )
    return decide(wanted, entry, evidence, terms)


def unread_decision(entry: LedgerHour | None) -> Decision:
    """Decide about an hour that needs no read: all is as it was verified."""
    if entry is None:
        return Decision("keep", 0.0)
    if entry.hold == "correction" and entry.known is not None:
        return Decision("verify", entry.known)  # the source went back to what EnerKey has
    return Decision("keep", entry.value)


def _resolve(wanted: float | None, entry: LedgerHour, evidence: Evidence, terms: Terms) -> Decision:
    """Decide about an hour whose message left and is not shown."""
    if not evidence.is_untouched:
        return _conflict(entry.value if wanted is None else wanted, entry, evidence, terms)
    if entry.state == "sent" and not terms.is_released:
        return Decision("wait", entry.value, reason=_not_shown(entry, terms))
    if pause := _pause(entry.value, entry, terms):
        return pause
    if wanted is None:
        reason = "a message with it had no effect, and the hour is no longer final"
        return Decision("hold", entry.value, hold="not_final", reason=reason)
    return _push(wanted, evidence, terms)


def _pause(value: float, entry: LedgerHour, terms: Terms) -> Decision | None:
    """Return why an hour that was sent without visible effect must not be sent now."""
    if _is_quiet(entry, terms):
        sent_at = entry.sent_at or terms.now
        reason = (
            f"the answer to the message of {_instant(sent_at)} is missing; "
            f"EnerKey is read again after {_instant(sent_at + terms.quiet)}"
        )
        return Decision("wait", value, reason=reason)
    if entry.attempts >= MOST_ATTEMPTS and not terms.is_released:
        reason = (
            f"{entry.attempts} messages went without an answer and EnerKey shows "
            f"{terms.text(entry.known)}: look in EnerKey before it is sent again"
        )
        return Decision("hold", value, hold="unknown_twice", reason=reason)
    return None


def _not_shown(entry: LedgerHour, terms: Terms) -> str:
    taken = f"EnerKey took it at {_instant(entry.sent_at)} and does not show it yet"
    if entry.sent_at is None or terms.now < entry.sent_at + _LATE:
        return taken
    return f"{taken}, after more than a day: look in EnerKey; it is not sent again by itself"


def _push(wanted: float, evidence: Evidence, terms: Terms) -> Decision:
    before = evidence.before
    if before is None:
        return Decision("push", wanted, amount=wanted)
    match terms.repush:
        case "overwrite_hour" | "timestamp_upsert":
            return Decision("push", wanted, amount=wanted)
        case "sum":
            return Decision("push", wanted, amount=round(wanted - before, 6))
        case _:
            reason = (
                f"EnerKey has {terms.text(before)}, the source now says {terms.text(wanted)}: "
                f"{_WAY_OUT.get(terms.repush, _CORRECT_IT)}"
            )
            return Decision("hold", wanted, hold="correction", reason=reason)


def _conflict(wanted: float, entry: LedgerHour, evidence: Evidence, terms: Terms) -> Decision:
    shown = evidence.shown
    multiple = shown and entry.attempts and _multiple(shown, entry.value)
    if multiple:
        reason = (
            f"EnerKey shows {terms.text(shown)}, {multiple} times {terms.text(entry.value)}: "
            "it was counted more than once; have it corrected in EnerKey"
        )
    else:
        reason = (
            f"EnerKey shows {terms.text(shown)}, to be there is {terms.text(wanted)}: "
            "somebody else writes this meter, or it was changed in EnerKey"
        )
    return Decision("hold", wanted, hold="conflict", reason=reason)


def _multiple(shown: float, value: float) -> int | None:
    return next((n for n in _DOUBLED if value and near(shown, n * value)), None)


def _instant(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else "an unknown instant"
