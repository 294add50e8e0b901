"""`energy-pipeline enlighten budget`: what the sites cost, and what the plan carries.

The figures are those of `steps/budget.py` and `steps/backfill_cost.py`; no request is made.
"""

from collections.abc import Iterator
from datetime import date

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.cli.terminal import results
from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.plans import PLANS
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.steps.backfill_cost import (
    Duration,
    backfill_hits,
    duration_of,
    kept_no_more,
    longest_backfill,
)
from energy_pipeline.steps.budget import MONTH_DAYS, TRAILING_DAYS, Budget, budget_of
from energy_pipeline.steps.enlighten_account import hits_left
from energy_pipeline.steps.events import WATCHED_FOR
from energy_pipeline.workbench import Workbench, open_workbench

_MINUTES_OF_A_DAY = 1440
_TITLE = f"Hits of the schedules: a day by what is asked, and a month of {MONTH_DAYS} days"


def run_budget(first: date | None, last: date | None) -> None:
    """Print the hits of the schedules and of a backfill.

    Args:
        first: first day of the backfill; None: the first start of a site.
        last: its last day; None: yesterday.

    Raises:
        ConfigurationError: every mistake of the configuration, or a range that ends before it
            begins.
    """
    with open_workbench() as bench:
        budget = budget_of(bench)
        lines = [
            _plan(bench.settings),
            *_schedules(budget),
            *_watch(bench, budget),
            *_spare(bench, budget),
            *_backfill(bench, budget, _days(bench, first, last)),
        ]
    results().print(_table(budget))
    results().print("\n".join(lines), markup=False, soft_wrap=True)


def _table(budget: Budget) -> Table:
    """Return the hits of a day and of a long month, by site; 80 columns wide at most."""
    table = Table(
        "site",
        title=_TITLE,
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for name in ("intervals", "totals", "devices", "events", "a day", "a month", "at most"):
        table.add_column(name, justify="right", no_wrap=True)
    for site in budget.sites:
        parts = (site.intervals, site.totals, site.devices, site.watch)
        hits = (*parts, site.a_day, site.a_month, site.a_month_at_most)
        series = (name.rpartition("/")[2] for name in site.series)
        what = Text("\n".join([f"{site.site}, {site.api}", *series]), overflow="fold")
        table.add_row(what, *(f"{each:,}" for each in hits))
    table.add_section()
    lists = (budget.lists, MONTH_DAYS * budget.lists, MONTH_DAYS * budget.lists)
    table.add_row("lists of systems", *[""] * 4, *(f"{each:,}" for each in lists))
    total = (budget.a_day, budget.a_month, budget.a_month_at_most)
    table.add_row("together", *[""] * 4, *(f"{each:,}" for each in total), style="bold")
    return table


def _plan(settings: Settings) -> str:
    limits = (settings.enlighten_requests_per_minute, settings.enlighten_requests_per_month)
    name = settings.enlighten_plan
    is_own = limits != tuple(PLANS[name])
    origin = "by ENLIGHTEN_REQUESTS_PER_MINUTE and _MONTH" if is_own else f"plan {name}"
    return f"The plan: {limits[0]:,} hits a minute, {limits[1]:,} a month ({origin})."


def _schedules(budget: Budget) -> Iterator[str]:
    share = budget.a_month / budget.per_month
    yield (
        f"The schedules, once a day over the last {TRAILING_DAYS} days: {budget.a_month:,} hits in"
        f" a month of {MONTH_DAYS} days, {share:.0%} of the plan; {budget.a_month_at_most:,} when"
        " data are always late."
    )
    if budget.a_month > budget.per_month:
        yield "That is MORE THAN THE PLAN HAS: runs will end early and go on in the next month."
    if budget.sites_carried is not None:
        yield f"The plan carries {budget.sites_carried:,} such sites."


def _watch(bench: Workbench, present: Budget) -> Iterator[str]:
    """Yield what the schedule of events and alarms costs; nothing where it costs nothing."""
    without, with_it = budget_of(bench, watched=False), budget_of(bench, watched=True)
    more = with_it.a_month - without.a_month
    if not more:
        return
    is_on = present.a_month == with_it.a_month
    known = f"fetched in the last {WATCHED_FOR.days} days"
    counted = f"{known}: counted above" if is_on else f"not {known}: not counted above"
    yield (
        f"Events and alarms (the schedule enlighten_watch, {more:,} hits in such a month) were "
        f"{counted}. Without them {_carried(without)}, with them {_carried(with_it)}."
    )


def _carried(budget: Budget) -> str:
    return f"{budget.a_month:,} hits, and the plan carries {budget.sites_carried:,} such sites"


def _spare(bench: Workbench, budget: Budget) -> Iterator[str]:
    longest = longest_backfill(bench, budget.spare)
    reach = (
        f"a backfill of {len(longest)} days of all sites, {longest}" if longest else "no backfill"
    )
    yield f"What the schedules leave, {budget.spare:,} hits a month, carries {reach}."


def _days(bench: Workbench, first: date | None, last: date | None) -> Days | None:
    """Return the days of the backfill; None when no site has started."""
    yesterday = bench.clock.now().date() - DAY
    starts = [site.start for site in bench.registry.sites if site.enlighten]
    if not starts:
        return None
    begin, end = first or min(starts), last or yesterday
    if end < begin:
        if first is None and last is None:
            return None
        allowed = f"a first day that is not after the last one, {end}"
        raise ConfigurationError([Problem("command line", "--from", str(begin), allowed)])
    return Days(begin, end)


def _backfill(bench: Workbench, budget: Budget, days: Days | None) -> Iterator[str]:
    if days is None:
        return
    hits, left = backfill_hits(bench, days), hits_left(bench).get("month", budget.per_month)
    now = bench.clock.now()
    found, kept = duration_of(hits, budget, left, now), min(left, budget.until_months_end(now))
    yield (
        f"A backfill of {days}: {hits:,} hits; {_lasting(found)}. This month has {left:,} left, of "
        f"which {kept:,} are kept for the schedules."
    )
    if gone := kept_no_more(bench, days):
        yield f"Of these days the vendor keeps intervals of {gone} no more, of some or all series."


def _lasting(found: Duration | None) -> str:
    if found is None:
        return "the schedules leave no room for them"
    pace = f"{found.minutes:,} minutes of asking"
    if found.minutes >= _MINUTES_OF_A_DAY:
        pace = f"{found.minutes / _MINUTES_OF_A_DAY:.1f} days of asking"
    months = "in this month" if found.months == 1 else f"spread over {found.months} months"
    return f"{pace}, {months}, done on {found.done_at:%Y-%m-%d} at the earliest"
