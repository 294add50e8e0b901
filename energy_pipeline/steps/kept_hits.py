"""Hits of the month that a backfill leaves to the scheduled runs.

Days that no scheduled run covers any more can wait for the next month; yesterday cannot wait for
long, since late data is given up. So windows are parted by age, and what is kept is the figure that
`energy-pipeline enlighten budget` shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from energy_pipeline.calendar import DAY, Span
from energy_pipeline.steps.budget import budget_of, trailing_days
from energy_pipeline.steps.fetch_plan import SitePlan
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class Share:
    """Windows that are asked for together.

    Args:
        plans: those of each site.
        kept_back: requests of the month that they may not spend.
    """

    plans: Sequence[SitePlan]
    kept_back: int


def shares_of(bench: Workbench, plans: Sequence[SitePlan], *, spend_kept: bool) -> list[Share]:
    """Return the windows in the order in which they are asked for.

    Args:
        bench: the fleet, the plan and the clock.
        plans: all windows of a run.
        spend_kept: older days may spend what the scheduled runs need.
    """
    begin = trailing_days(bench.clock.now().date() - DAY).span.start
    older = _narrowed(plans, lambda window: window.end <= begin)
    if spend_kept or not older:
        return [Share(plans, 0)]
    recent = _narrowed(plans, lambda window: window.end > begin)
    return [*([Share(recent, 0)] if recent else []), Share(older, kept_hits(bench))]


def kept_hits(bench: Workbench) -> int:
    """Return the hits that the schedules need until the month's end, for every site there is.

    Those of events and alarms are among them where these were fetched lately.
    """
    whole = replace(bench, registry=bench.fleet)
    return budget_of(whole).until_months_end(bench.clock.now())


def _narrowed(plans: Sequence[SitePlan], is_meant: Callable[[Span], bool]) -> list[SitePlan]:
    """Return the plans that have such windows, with these alone."""
    found = [replace(plan, windows=[w for w in plan.windows if is_meant(w)]) for plan in plans]
    return [plan for plan in found if plan.windows]
