"""The daily audit: does EnerKey still show what was verified? Nothing is changed by it.

It finds what no read-back right after a push can: a message that was stored late, somebody else who
writes the meter, a value changed by hand.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

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


@dataclass(frozen=True)
class Finding:
    """Consumption that EnerKey shows otherwise than it was verified.

    Args:
        site: site id.
        stream: stream.
        meter_id: EnerKey's meter.
        start: begin of the hour (of a gap in a register, of the whole gap).
        end: its end.
        verified: what EnerKey showed then, in `unit`.
        shown: what it shows now; None for nothing.
        unit: the meter's unit.
    """

    site: str
    stream: str
    meter_id: int
    start: datetime
    end: datetime
    verified: float
    shown: float | None
    unit: str

    def __str__(self) -> str:
        shown = "nothing" if self.shown is None else f"{decimal_text(self.shown)} {self.unit}"
        return (
            f"{self.site} {self.stream}, meter {self.meter_id}, {self.start:%Y-%m-%d %H:%M} UTC: "
            f"verified {decimal_text(self.verified)} {self.unit}, EnerKey shows {shown}"
        )


@dataclass(frozen=True)
class AuditReport:
    """What the audit found.

    Args:
        kind: consumption or cumulative.
        span: the instants that were looked at.
        hours: hours compared.
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
    needed = {
        meter_id: {hour for piece, _ in pieces for hour in hours_between(piece.start, piece.end)}
        for meter_id, pieces in promised.items()
    }
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        shown = await read_hours(session.client, needed, is_read_back=True)
        return AuditReport(
            kind,
            span,
            sum(len(hours) for hours in needed.values()),
            tuple(
                finding
                for target in targets
                for finding in _compare(
                    target, promised[target[1].meter_id], shown.get(target[1].meter_id, {})
                )
            ),
            session.requests_spent,
        )


def _promised(kind: Kind, entries: Mapping[datetime, LedgerHour]) -> Iterator[tuple[Span, float]]:
    """Yield pieces of time with the consumption that EnerKey is known to show of them."""
    there = [
        (entry.at, None if entry.is_unresolved else entry.known)
        for entry in entries.values()
        if entry.is_unresolved or entry.known is not None
    ]
    if kind == "consumption":
        pieces = ((Span(at, at + HOUR), known) for at, known in there)
    else:
        pieces = (
            (Span(start, end), None if low is None or high is None else high - low)
            for (start, low), (end, high) in pairwise(there)
        )
    yield from ((span, amount) for span, amount in pieces if amount is not None)


def _compare(
    target: Target, promised: Sequence[tuple[Span, float]], shown: Mapping[datetime, float | None]
) -> Iterator[Finding]:
    site, upload = target
    for span, verified in promised:
        hours = hours_between(span.start, span.end)
        amounts = [shown.get(hour) for hour in hours]
        there = [amount for amount in amounts if amount is not None]
        total = sum(there) if there else None
        if not near(total, verified, len(hours)):
            what = (site.id, upload.stream, upload.meter_id)
            yield Finding(*what, span.start, span.end, verified, total, upload.unit)
