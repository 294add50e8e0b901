"""What a backfill costs at Enlighten beside the schedules, and how long the plan makes it last."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.steps.budget import Budget, fetched_series, hits_of
from energy_pipeline.steps.fetch_plan import kept_from
from energy_pipeline.workbench import Workbench

_LONGEST_MONTHS = 1_200


@dataclass(frozen=True)
class Duration:
    """How long hits take.

    Args:
        minutes: of asking, at the plan's pace.
        months: calendar months (UTC) in which is asked; 1: all of them in the present one.
        done_at: the earliest end, aware.
    """

    minutes: int
    months: int
    done_at: datetime


def backfill_hits(bench: Workbench, days: Days) -> int:
    """Return the hits for the intervals of `days`, of each site from its start on, none held yet.

    Days that the vendor keeps no more are counted too: a fetch asks for them once.
    """
    return sum(
        hits_of(bench, series, asked)
        for site, series in fetched_series(bench)
        if (asked := days.clipped_to(site.start))
    )


def longest_backfill(bench: Workbench, hits: int) -> Days | None:
    """Return the most days up to yesterday whose intervals cost no more than so many hits.

    It goes back to the first start of a site at most. None when not even yesterday fits, or no site
    has started yet.
    """
    last = bench.clock.now().date() - DAY
    starts = [site.start for site, _ in fetched_series(bench) if site.start <= last]
    fits, too_many = 0, (last - min(starts)).days + 2 if starts else 1
    while too_many - fits > 1:
        length = (fits + too_many) // 2
        if backfill_hits(bench, _up_to(last, length)) <= hits:
            fits = length
        else:
            too_many = length
    return _up_to(last, fits) if fits else None


def kept_no_more(bench: Workbench, days: Days) -> Days | None:
    """Return the first of `days`, as far as the vendor keeps no more intervals of them."""
    now = bench.clock.now()
    begins = {kept_from(each, now) for _, series in fetched_series(bench) for each in series}
    known = [begin.date() for begin in begins if begin]
    if not known or max(known) <= days.first:
        return None
    return Days(days.first, min(days.last, max(known) - DAY))


def duration_of(hits: int, budget: Budget, left_now: int, now: datetime) -> Duration | None:
    """Return how long hits take beside the schedules; None when these leave them no room.

    Args:
        hits: at least 0.
        budget: the schedules and the plan.
        left_now: hits that the present month still has.
        now: the present instant, aware.
    """
    begin, months, unmade = now.astimezone(UTC), 1, hits
    room = max(0, left_now - budget.until_months_end(begin))
    while unmade > room:
        unmade -= room
        begin = _next_month(begin)
        room = max(0, budget.per_month - budget.until_months_end(begin))
        months += 1
        if months > _LONGEST_MONTHS:
            return None
    done_at = begin + timedelta(minutes=ceil(unmade / budget.per_minute))
    return Duration(ceil(hits / budget.per_minute), months, done_at)


def _next_month(instant: datetime) -> datetime:
    first = instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=31)).replace(day=1)


def _up_to(last: date, length: int) -> Days:
    return Days(last - (length - 1) * DAY, last)
