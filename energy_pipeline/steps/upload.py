"""Assets `enerkey_consumption_upload` and `enerkey_cumulative_upload`.

The stored, final values go into EnerKey, once and verified, and every hour gets a row that says
what became of it. What an upload sends is in `upload_wanted`, how it is sent in
`sinks/enerkey/push`, the rows in `upload_rows`, the audit of what was sent in `upload_audit`.
"""

import asyncio
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from random import Random

from energy_pipeline.calendar import Days
from energy_pipeline.errors import NotFound, QuotaSpent, ServiceError, StoreError
from energy_pipeline.sinks.enerkey.hours import Kind, LedgerHour
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.push import Push
from energy_pipeline.sinks.enerkey.sender import Sender
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.sinks.enerkey.survey import PushRules, Survey
from energy_pipeline.steps.blocks import day_blocks
from energy_pipeline.steps.enerkey_meters import kept_meters, refused_meters
from energy_pipeline.steps.upload_doubts import Doubts
from energy_pipeline.steps.upload_report import UploadCounts, UploadReport
from energy_pipeline.steps.upload_rows import Circumstances
from energy_pipeline.steps.upload_wanted import Target, day_of, plan_works, targets_of
from energy_pipeline.steps.upload_writer import UploadWriter
from energy_pipeline.workbench import Workbench

METER_DAYS_AT_ONCE = 6_000
"""Hours of a group of meters are in memory together: 150,000 take about 100 MB."""

_LOCK_TIMEOUT_S = 3_600.0
_NOTICED_S = 1.0  # a wait that a person should be told of


@contextmanager
def upload_lock(bench: Workbench) -> Generator[None]:
    """Hold the lock without which nothing may be sent over the connection.

    Raises:
        StoreError: another holder did not let go within an hour.
    """
    name = f"enerkey/{bench.settings.enerkey_base_url}"
    with ExitStack() as stack:
        try:
            stack.enter_context(bench.locks.hold(name, _NOTICED_S))
        except StoreError:
            bench.progress("waiting for another upload to EnerKey", 0, 1)
            stack.enter_context(bench.locks.hold(name, _LOCK_TIMEOUT_S))
        yield


def upload(
    bench: Workbench, kind: Kind, days: Days, *, release_meters: Collection[int] = ()
) -> UploadReport:
    """Bring the final values of `days` into EnerKey and write down what became of every hour.

    What is verified and unchanged costs no request. What an earlier run left open is looked for
    first, whenever it was. One upload of a connection runs at a time; a second one waits.

    Args:
        bench: settings, sites, store, state, clock.
        kind: which of the two uploads.
        days: the range.
        release_meters: meters that a person has looked at: what was held because of two lost
            answers, a refusal or a strange size, and is not in EnerKey, may be sent again.

    Raises:
        ConfigurationError: a meter of `release_meters` is none of this upload.
        ServiceError: EnerKey does not answer or refuses, and nothing could be done.
        StoreError: a stored file or the state database is damaged, or another upload of the
            connection did not end within an hour.
    """
    bench.registry.expect_meters(kind, release_meters)
    with upload_lock(bench):
        run = _Run(bench, kind, days, frozenset(release_meters))
        error = asyncio.run(run.push())
        counts = run.write_outcomes()
    if error is not None and not isinstance(error, QuotaSpent) and not run.has_done_something:
        raise error
    return run.report(counts)


class _Run:
    """One run: pushes, then writes the rows."""

    def __init__(self, bench: Workbench, kind: Kind, days: Days, released: Collection[int]) -> None:
        self._bench = bench
        self._days = days
        self._released = released
        self._ledger = Ledger(bench.state, bench.settings.enerkey_base_url, kind)
        self._targets = targets_of(bench, kind, days)
        self._refused: dict[int, str] = {}
        self._problems: dict[int, str] = {}
        self._doubts: Doubts = {}
        self._touched: set[date] = set()
        self._error: QuotaSpent | ServiceError | None = None
        self._requests: tuple[int, int | None] = (0, None)
        self._messages = 0
        self._key_warning: str | None = None
        self.has_done_something = False

    async def push(self) -> QuotaSpent | ServiceError | None:
        """Do everything that talks to EnerKey; return what ended it early."""
        if not self._targets:
            return None
        bench = self._bench
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            log = MessageLog(bench.state, self._ledger)
            sender = Sender(session.client, log, bench.clock, Random())  # noqa: S311 - jitter
            try:
                survey = survey_of(bench, session, self._ledger, log)
                push = Push(survey, self._ledger, log, sender, bench.clock)
                await self._push_all(session, push)
            except (QuotaSpent, ServiceError) as error:
                self._error = error
            self._messages = sender.messages_sent
            self._requests = session.requests_spent, session.requests_left
            self._key_warning = session.keys.warning(bench.clock.now())
        return self._error

    def write_outcomes(self) -> UploadCounts:
        """Write the rows of the range and of days outside it of which something became known."""
        rows = UploadWriter(self._bench.store, self._ledger, self._targets, self._circumstances())
        counts = UploadCounts()
        for block in day_blocks(self._days, len(self._targets)):
            rows.write(block, counts)
        for day in sorted(self._touched):
            rows.write(Days(day, day), None)
        return counts

    def report(self, counts: UploadCounts) -> UploadReport:
        """Sum up."""
        spent, left = self._requests
        hours = counts.hours
        return UploadReport(
            kind=self._ledger.kind,
            days=self._days,
            meters=len(self._targets),
            hours_verified=hours["verified"],
            hours_accepted=hours["accepted"],
            hours_held=hours["held"],
            hours_refused=hours["refused"],
            energy_wh=counts.energy_wh,
            complete=counts.complete,
            incomplete=counts.incomplete,
            refused_meters=self._refused,
            reasons=dict(counts.reasons.most_common()),
            messages=self._messages,
            requests_spent=spent,
            requests_left=left,
            stopped=str(self._error or ""),
            goes_on_at=self._error.goes_on_at if isinstance(self._error, QuotaSpent) else None,
            refreshed=tuple(sorted(self._touched)),
            key_warning=self._key_warning,
        )

    async def _push_all(self, session: EnerKeySession, push: Push) -> None:
        uploads = [each for _, each in self._targets]
        self._refused = await refused_meters(self._bench, session, uploads)
        try:
            await self._push_groups(push)
        except NotFound:  # a meter is gone since the inventory was fetched
            before = self._refused
            await kept_meters(self._bench, session, timedelta(0))
            self._refused = await refused_meters(self._bench, session, uploads)
            if self._refused == before:
                raise
            await self._push_groups(push)

    async def _push_groups(self, push: Push) -> None:
        targets = [target for target in self._targets if target[1].meter_id not in self._refused]
        at_once = max(1, METER_DAYS_AT_ONCE // len(self._days))
        for first in range(0, len(targets), at_once):
            group = targets[first : first + at_once]
            works, doubts = plan_works(self._bench, self._ledger, group, self._days, self._released)
            self._doubts |= doubts
            before = [dict(work.entries) for work in works]
            try:
                await push.run(works)
            finally:
                for target, work, entries in zip(group, works, before, strict=True):
                    self._note(target, work, entries)
            self._bench.progress("meters brought to EnerKey", first + len(group), len(targets))

    def _note(self, target: Target, work: MeterWork, before: Mapping[datetime, LedgerHour]) -> None:
        """Note what a push has changed."""
        if work.problem:
            self._problems[work.meter_id] = work.problem
        changed = [entry for at, entry in work.entries.items() if entry != before.get(at)]
        self.has_done_something |= any(entry.state in ("sent", "verified") for entry in changed)
        days = {day_of(self._ledger.kind, entry.at, target[0].start) for entry in changed}
        self._touched |= {day for day in days if day not in self._days}

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            self._bench.clock.now(),
            self._bench.settings.energy_give_up_days,
            self._refused,
            self._problems,
            self._doubts,
            str(self._error or ""),
        )


def survey_of(bench: Workbench, session: EnerKeySession, ledger: Ledger, log: MessageLog) -> Survey:
    """Return what reads and decides, as the settings want it."""
    settings = bench.settings
    rules = PushRules(
        settings.enerkey_repush, settings.enerkey_quiet_seconds, settings.enerkey_max_push_days
    )
    return Survey(session.client, ledger, log, rules, bench.clock)
