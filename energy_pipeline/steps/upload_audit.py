"""The daily audit: does EnerKey still show what was verified? Nothing is changed by it.

It finds what no read-back right after a push can: a message that was stored late, somebody else who
writes the meter, a value changed by hand.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.sinks.enerkey.hours import Kind, LedgerHour, hours_between, near
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.messages import decimal_text
from energy_pipeline.sinks.enerkey.reading import read_hours
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.steps.upload import upload_lock
from energy_pipeline.steps.upload_wanted import Target
from energy_pipeline.workbench import Workbench

AUDIT_DAYS = 40
What = Literal["doubled", "missing", "different", "foreign"]
_MOST_TIMES = 10  # a value that was sent again and again


@dataclass(frozen=True)
class Finding:
    """Consumption that EnerKey shows otherwise than it was verified.

    Args:
        site: site id.
        stream: stream.
        meter_id: EnerKey's meter.
        start: begin of the hour (of a gap in a register, of the whole gap).
        end: its end.
        what: doubled, missing (shown no more), different, or foreign (never ours).
        verified: what EnerKey showed then, in `unit`; None of a foreign hour.
        shown: what it shows now; None for nothing.
        unit: the meter's unit.
    """

    site: str
    stream: str
    meter_id: int
    start: datetime
    end: datetime
    what: What
    verified: float | None
    shown: float | None
    unit: str

    def __str__(self) -> str:
        verified, shown = (
            "nothing" if value is None else f"{decimal_text(value)} {self.unit}"
            for value in (self.verified, self.shown)
        )
        return (
            f"{self.site} {self.stream}, meter {self.meter_id}, {self.start:%Y-%m-%d %H:%M} UTC: "
            f"{self.what}: verified {verified}, EnerKey shows {shown}"
        )


@dataclass(frozen=True)
class AuditReport:
    """What the audit found.

    Args:
        kind: consumption or cumulative.
        span: the instants that were looked at.
        hours: hours that were verified once.
        findings: what does not agree, in order of meter and time.
        requests_spent: requests of this run.
    """

    kind: Kind
    span: Span
    hours: int
    findings: tuple[Finding, ...]
    requests_spent: int


def audit(bench: Workbench, kind: Kind, days: int = AUDIT_DAYS) -> AuditReport:
    """Compare the verified hours of the last `days` days with what EnerKey shows.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
        StoreError: the state database is damaged, or an upload did not end within an hour.
    """
    now = bench.clock.now().replace(minute=0, second=0, microsecond=0)
    span = Span(now - timedelta(days=days), now)
    with upload_lock(bench):
        return asyncio.run(_audit(bench, kind, span))


async def _audit(bench: Workbench, kind: Kind, span: Span) -> AuditReport:
    ledger = Ledger(bench.state, bench.settings.enerkey_base_url, kind)
    targets = [
        (site, each)
        for site in bench.registry.sites
        for each in site.uploads
        if each.reading == kind
    ]
    promised = {
        upload.meter_id: list(_promised(kind, ledger.entries(upload.meter_id, span)))
        for _, upload in targets
    }
    verified = {
        meter_id: {
            hour
            for piece, amount in pieces
            if amount is not None
            for hour in hours_between(piece.start, piece.end)
        }
        for meter_id, pieces in promised.items()
    }
    everything = hours_between(span.start, span.end)
    needed = {meter_id: everything for meter_id, hours in verified.items() if hours}
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        shown = await read_hours(session.client, needed, is_read_back=True)
        return AuditReport(
            kind,
            span,
            sum(len(hours) for hours in verified.values()),
            tuple(
                finding
                for target in targets
                for finding in _compare(
                    target, promised[target[1].meter_id], shown.get(target[1].meter_id, {})
                )
            ),
            session.requests_spent,
        )


def _promised(
    kind: Kind, entries: Mapping[datetime, LedgerHour]
) -> Iterator[tuple[Span, float | None]]:
    """Yield pieces of time that are ours, with the consumption that EnerKey is known to show.

    None: something is on its way, or held; what EnerKey shows of it is decided by the upload.
    """
    if kind == "consumption":
        for entry in entries.values():
            known = None if entry.is_unresolved else entry.known
            yield Span(entry.at, entry.at + HOUR), known
        return
    there = [
        (entry.at, None if entry.is_unresolved else entry.known)
        for entry in entries.values()
        if entry.is_unresolved or entry.known is not None
    ]
    for (start, low), (end, high) in pairwise(there):
        yield Span(start, end), None if low is None or high is None else high - low


def _compare(
    target: Target,
    promised: Sequence[tuple[Span, float | None]],
    shown: Mapping[datetime, float | None],
) -> Iterator[Finding]:
    site, upload = target
    place = (site.id, upload.stream, upload.meter_id)
    ours: set[datetime] = set()
    for span, verified in promised:
        hours = hours_between(span.start, span.end)
        ours.update(hours)
        amounts = [shown.get(hour) for hour in hours]
        there = [amount for amount in amounts if amount is not None]
        total = sum(there) if there else None
        if verified is not None and not near(total, verified, len(hours)):
            what = _what(verified, total, len(hours))
            yield Finding(*place, span.start, span.end, what, verified, total, upload.unit)
    for hour, amount in shown.items():
        if amount is not None and hour not in ours and hour.date() >= site.start:
            yield Finding(*place, hour, hour + HOUR, "foreign", None, amount, upload.unit)


def _what(verified: float, shown: float | None, hours: int) -> What:
    if shown is None:
        return "missing"
    times = range(2, _MOST_TIMES + 1)
    is_multiple = any(near(shown, n * verified, hours) for n in times)
    return "doubled" if verified and is_multiple else "different"
