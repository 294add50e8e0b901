"""Assets of Enlighten's intervals, stream by stream: from the vendor to the store.

Plan the fewest requests, ask, write, report. What is asked is decided in `fetch_plan.py`, which of
it may spend what in `kept_hits.py`, how it is asked in `fetch_run.py`; day totals are fetched in
`daily_energy.py`, the list of systems in `systems.py`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from energy_pipeline.calendar import Days, Span
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.errors import EnergyPipelineError, NothingDone, QuotaSpent
from energy_pipeline.sources.enlighten.dialect import measured_together
from energy_pipeline.steps.answer_rows import Ask, utc_days
from energy_pipeline.steps.answered_days import AnsweredDays
from energy_pipeline.steps.asking import Asking
from energy_pipeline.steps.day_writer import DayWriter
from energy_pipeline.steps.enlighten_account import hits_left, open_enlighten
from energy_pipeline.steps.enlighten_words import INTERVALS, is_uploaded
from energy_pipeline.steps.fetch_plan import SitePlan, plan_fetch, sites_without_a_device
from energy_pipeline.steps.fetch_report import FetchReport, count_held, ranges, site_report
from energy_pipeline.steps.fetch_run import FetchOutcome, FetchRun
from energy_pipeline.steps.kept_hits import Share, shares_of
from energy_pipeline.steps.other_systems import other_systems
from energy_pipeline.workbench import Workbench


@dataclass
class _Fetched:
    """What all passes of a run have come to."""

    asking: Asking[str] = field(default_factory=Asking[str])
    rows: int = 0
    hits: int = 0
    not_answered: defaultdict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    not_asked: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, outcome: FetchOutcome) -> None:
        """Add a pass."""
        self.rows += outcome.rows
        for ask in outcome.unanswered:
            self.not_answered[ask.site_id].update(utc_days(ask.window))


def fetch_intervals(
    bench: Workbench,
    stream: Stream,
    days: Days,
    *,
    force: bool = False,
    since: datetime | None = None,
    spend_kept: bool = False,
) -> FetchReport:
    """Fetch what is not settled of `days`, for the workbench's sites that Enlighten feeds.

    Every day is asked for, whatever our clock shows; an empty or refused answer is kept as the
    vendor's answer. A site that fails does not keep the others from being fetched, and a spent
    quota keeps what was fetched before.

    Args:
        bench: what to work with.
        stream: what is fetched; what comes in the same answers is kept too.
        days: UTC days; those before a site's start are not asked for.
        force: ask for settled days again.
        since: but not for those that were asked for from this instant on, aware: another stream's
            answer, or an earlier try, has brought them.
        spend_kept: days that no schedule covers may spend what the schedules need this month.

    Raises:
        ConfigurationError: there are sites to ask for, and no key.
        NothingDone: the vendor refused every site, or each is another system than the one held.
        ServiceUnavailable: no site got an answer; a later try may help.
        StoreError: rows, hits or locks cannot be written; what was written before stays.
    """
    plans = plan_fetch(bench, stream, days, force=force, since=since)
    fetched = _Fetched()
    if not force:
        plans = _of_their_systems(bench, stream, plans, fetched)
    if any(plan.windows for plan in plans):
        shares = shares_of(bench, plans, spend_kept=spend_kept)
        asyncio.run(_ask_all(bench, stream, shares, fetched))
    needed = [plan.site.id for plan in plans if _is_needed(plan.site, stream)]
    if needed and fetched.not_answered.keys() >= set(needed):
        fetched.asking.refuse_nothing()
    if needed and fetched.not_asked.keys() >= set(needed):
        reasons = "\n".join(f"{site}: {reason}" for site, reason in fetched.not_asked.items())
        raise NothingDone(f"no site was asked:\n{reasons}")
    return _report(bench, stream, days, [plan.site for plan in plans], fetched)


def _of_their_systems(
    bench: Workbench, stream: Stream, plans: Sequence[SitePlan], fetched: _Fetched
) -> list[SitePlan]:
    """Return the plans, nothing asked of sites that were another system until now."""
    fetched.not_asked = other_systems(bench.store, INTERVALS[stream], plans)
    return [
        replace(plan, windows=()) if plan.site.id in fetched.not_asked else plan for plan in plans
    ]


def _is_needed(site: Site, stream: Stream) -> bool:
    """Whether somebody waits for the stream; a grant may leave consumption out, and need not."""
    return stream == "production" or is_uploaded(site, stream)


async def _ask_all(
    bench: Workbench, stream: Stream, shares: Iterable[Share], fetched: _Fetched
) -> None:
    """Ask in passes: the second one of a share for the rests of windows that were cut."""
    streams = sorted(measured_together(stream), key=lambda each: each != stream)
    writers = [DayWriter(bench, each, bench.clock.now()) for each in streams]
    progress = _Progress(bench, f"enlighten {stream}")
    for share in shares:
        plans = share.plans
        async with open_enlighten(bench, share.kept_back) as account:
            try:
                while asks := _asks(plans):
                    progress.expect(len(asks))
                    days = [AnsweredDays(writer, asks) for writer in writers]
                    run = FetchRun(account, fetched.asking, days, bench.clock, progress.step)
                    outcome = await run.run(asks)
                    fetched.add(outcome)
                    plans = _plans_of(outcome.rests)
            finally:
                fetched.hits += account.quota.spent_by_this_object


def _asks(plans: Iterable[SitePlan]) -> list[Ask]:
    """Return a request per window, oldest first, so that days are complete early."""
    asks = [Ask(plan, index) for plan in plans for index in range(len(plan.windows))]
    return sorted(asks, key=lambda ask: ask.window.start)


def _plans_of(rests: Iterable[tuple[SitePlan, Span]]) -> list[SitePlan]:
    windows: defaultdict[str, list[Span]] = defaultdict(list)
    plans: dict[str, SitePlan] = {}
    for plan, span in rests:
        plans[plan.site.id] = plan
        windows[plan.site.id].append(span)
    by_start = {id: sorted(spans, key=lambda span: span.start) for id, spans in windows.items()}
    return [replace(plan, windows=by_start[id]) for id, plan in plans.items()]


def _report(
    bench: Workbench,
    stream: Stream,
    days: Days,
    sites: Sequence[Site],
    fetched: _Fetched,
) -> FetchReport:
    held = count_held(bench, INTERVALS[stream], sites, days)
    asking = fetched.asking
    ended_by = _told(asking.ended_by)
    reports = [
        site_report(
            site.id,
            held[site.id],
            fetched.not_asked.get(site.id) or str(asking.failures.get(site.id, "")),
            ended_by,
            ranges(sorted(fetched.not_answered[site.id])),
        )
        for site in sites
    ]
    return FetchReport(
        stream=stream,
        days=days,
        sites=tuple(reports),
        rows_fetched=fetched.rows,
        hits_spent=fetched.hits,
        hits_left=hits_left(bench),
        ended_by=ended_by,
        goes_on_at=asking.goes_on_at,
        without_device=sites_without_a_device(bench, stream),
    )


def _told(error: EnergyPipelineError | None) -> str:
    """Return why requests were not made, with what a person may do where hits are kept."""
    if isinstance(error, QuotaSpent) and error.kept_back:
        return f"{error}, or at once with `spend_kept: true` in the run config of this asset"
    return str(error or "")


class _Progress:
    """Counts requests for the workbench's progress."""

    def __init__(self, bench: Workbench, what: str) -> None:
        self._bench = bench
        self._what = what
        self._done = 0
        self._total = 0

    def expect(self, requests: int) -> None:
        """Count requests that are to come."""
        self._total += requests
        self._bench.progress(self._what, self._done, self._total)

    def step(self) -> None:
        """Count a request that is done."""
        self._done += 1
        self._bench.progress(self._what, self._done, self._total)
