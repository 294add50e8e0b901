"""Rows of the upload datasets: the outcome of every hour, with a reason that a person understands.

They follow from the ledger and the store alone, so that a day's rows can be made at any time. What
is counted of them is in `upload_report`, how they are written in `upload_writer`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import ENERKEY_CONSUMPTION_UPLOAD, ENERKEY_CUMULATIVE_UPLOAD
from energy_pipeline.sinks.enerkey.hours import AFTER_REFUSAL, Hold, Kind, LedgerHour
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.steps.upload_doubts import Doubts
from energy_pipeline.steps.upload_report import Outcome, Status
from energy_pipeline.steps.upload_wanted import SOURCES, Target, doubt_of, instants
from energy_pipeline.store.coverage import Key
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.transform.series import rows_by_series
from energy_pipeline.units import WH_PER_UNIT

UPLOADS: dict[Kind, Dataset] = {
    "consumption": ENERKEY_CONSUMPTION_UPLOAD,
    "cumulative": ENERKEY_CUMULATIVE_UPLOAD,
}
_HOUR_S = 3_600
_OPEN_REGISTER = (
    "an hour since the start is open or was never computed; cumulative_readings names the first"
)

_LABELS: dict[Hold, str] = {
    "conflict": "another value in EnerKey",
    "correction": "corrected value",
    "unknown_twice": "no answer twice",
    "refused": "message refused",
    "companion": "in a refused message",
    "not_final": "no longer final",
    "implausible": "strange size",
    "decrease": "register would fall",
    "behind": "waits for another reading",
}


class Stored(NamedTuple):
    """What the store has of an hour; `covered_s` is None for readings."""

    wh: float
    is_final: bool
    covered_s: int | None


@dataclass(frozen=True)
class Circumstances:
    """What else decides about the rows of a run.

    Args:
        now: the present instant.
        give_up_days: after how long an hour that is not final is given up.
        refused: by meter, why nothing was sent to it.
        problems: by meter, why nothing more was done for it.
        doubts: days whose hours are not sent.
        stopped: why the run ended early; empty when it did not.
    """

    now: datetime
    give_up_days: float
    refused: Mapping[int, str]
    problems: Mapping[int, str]
    doubts: Doubts
    stopped: str


def outcomes(
    store: ParquetStore,
    ledger: Ledger,
    targets: Sequence[Target],
    days: Days,
    how: Circumstances,
) -> Iterator[tuple[Target, dict[datetime, Outcome]]]:
    """Yield what became of every hour (or reading) of each target in a range of days.

    Args:
        store: what the hours are.
        ledger: what became of them; its kind is the kind of the targets.
        targets: sites with one of their uploads.
        days: the range.
        how: what else decides.
    """
    stored = _stored(store, ledger.kind, targets, days)
    for target in targets:
        site, upload = target
        entries = ledger.entries(upload.meter_id, days.span)
        rows = stored.get((site.id, upload.stream), {})
        rule = _Rule(ledger.kind, target, how)
        ats = instants(ledger.kind, site, days, how.now)
        yield target, {at: rule.outcome(at, entries.get(at), rows.get(at)) for at in ats}


class _Rule:
    """The outcome of the hours of one target."""

    def __init__(self, kind: Kind, target: Target, how: Circumstances) -> None:
        site, upload = target
        self._unit_wh = WH_PER_UNIT[upload.unit]
        self._refusal = how.refused.get(upload.meter_id)
        self._problem = how.problems.get(upload.meter_id)
        self._doubts = how.doubts.get((site.id, upload.stream), [])
        self._shift = HOUR if kind == "cumulative" else timedelta(0)
        self._stopped = how.stopped
        self._given_up = how.now - timedelta(days=how.give_up_days)

    def outcome(self, at: datetime, entry: LedgerHour | None, stored: Stored | None) -> Outcome:
        if entry is not None and entry.state == "verified":
            return Outcome("verified", entry.known, entry.message_id, None, "")
        value = None if stored is None else round(stored.wh / self._unit_wh, 6)
        if self._refusal:
            message_id = None if entry is None else entry.message_id
            return Outcome("refused", value, message_id, self._refusal, "meter refused")
        if entry is not None:
            return _of_entry(entry)
        reason, label = self._why_not_sent(at, stored)
        return Outcome("held", value, None, reason, label)

    def _why_not_sent(self, at: datetime, stored: Stored | None) -> tuple[str, str]:
        hour = at - self._shift
        if doubt := doubt_of(hour, self._doubts):
            return doubt, "daily total disagrees"
        if stored is None or not stored.is_final:
            return self._why_not_final(hour, stored)
        if self._problem:
            return self._problem, "meter stands still"
        if self._stopped:
            return f"not sent yet: {self._stopped}", "run ended early"
        return "not sent yet", "not sent yet"

    def _why_not_final(self, hour: datetime, stored: Stored | None) -> tuple[str, str]:
        if stored is None:
            what, label = "nothing is known of it", "no data"
        elif stored.covered_s is None:
            return f"not final: {_OPEN_REGISTER}", "register open"
        elif stored.covered_s < _HOUR_S:
            what = f"{stored.covered_s} of its 3600 s are known"
            label = "incomplete"
        else:
            what, label = "it can still change", "not final"
        if hour + HOUR <= self._given_up:
            return f"given up: {what}", f"given up, {label}"
        return f"not final: {what}", label


def _of_entry(entry: LedgerHour) -> Outcome:
    match entry.state:
        case "sent":
            return Outcome("accepted", entry.value, entry.message_id, entry.reason, "accepted")
        case "sending":
            label = "no answer yet"
        case "held":
            label = _LABELS[entry.hold] if entry.hold else "held"
        case _:
            label = "not sent yet"
    status: Status = "refused" if entry.hold in AFTER_REFUSAL else "held"
    return Outcome(status, entry.value, entry.message_id, entry.reason, label)


def _stored(
    store: ParquetStore, kind: Kind, targets: Sequence[Target], days: Days
) -> dict[Key, dict[datetime, Stored]]:
    source = SOURCES[kind]
    rows = store.read(source.dataset, days, list(dict.fromkeys(site.id for site, _ in targets)))
    return {
        series: _by_instant(found, source.at, source.wh) for series, found in rows_by_series(rows)
    }


def _by_instant(rows: pa.Table, at: str, wh: str) -> dict[datetime, Stored]:
    columns: dict[str, list[Any]] = rows.to_pydict()
    covered = columns.get("covered_s") or [None] * rows.num_rows
    values = map(Stored, columns[wh], columns["final"], covered)
    return dict(zip(columns[at], values, strict=True))
