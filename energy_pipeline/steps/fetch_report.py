"""What a fetch has to say: per site what is held, what is open, and why.

Counted from the store after the run, so that it says the same whether a day was fetched now or a
year ago.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.dataset import Dataset
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.settled import is_settled
from energy_pipeline.workbench import Workbench

Verdict = Literal["complete", "incomplete", "failed"]


@dataclass(frozen=True)
class SiteFetch:
    """One site after a fetch.

    Args:
        site: site id.
        verdict: complete: nothing of the range is left to be asked; incomplete: something may
            still change or was not asked; failed: the vendor refused or did not answer.
        reason: why it is not complete, for a person; empty when it is.
        rows: intervals that the store holds of the range.
        energy_wh: their energy.
        days_settled: days of the range that are never asked again.
        days_open: days that the next run asks again.
        not_answered: days that were to be asked and have no answer from this run.
    """

    site: str
    verdict: Verdict
    reason: str
    rows: int
    energy_wh: float
    days_settled: int
    days_open: int
    not_answered: tuple[Days, ...]


@dataclass(frozen=True)
class FetchReport:
    """A fetch of one stream.

    Args:
        stream: the stream.
        days: the range.
        sites: every site of which Enlighten feeds the stream, in the order of sites.yaml.
        rows_fetched: intervals in the answers of this run.
        hits_spent: requests of this run.
        hits_left: requests that the plan still allows, by period; empty without a key.
        ended_by: why some requests were not made; empty when all were.
        goes_on_at: when a spent quota allows requests again; None when it is not spent.
        without_device: sites that were not asked, since no device of theirs measures the stream,
            each with what a person can do; empty: nothing.
    """

    stream: str
    days: Days
    sites: tuple[SiteFetch, ...]
    rows_fetched: int
    hits_spent: int
    hits_left: Mapping[str, int]
    ended_by: str
    goes_on_at: datetime | None
    without_device: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def rows(self) -> int:
        """Intervals that the store holds of the range."""
        return sum(site.rows for site in self.sites)

    @property
    def energy_wh(self) -> float:
        """Their energy."""
        return sum(site.energy_wh for site in self.sites)

    def of(self, verdict: Verdict) -> tuple[SiteFetch, ...]:
        """Return the sites of a verdict."""
        return tuple(site for site in self.sites if site.verdict == verdict)

    @property
    def missing(self) -> tuple[tuple[str, Days], ...]:
        """Site and days that were to be asked and have no answer."""
        return tuple((site.site, days) for site in self.sites for days in site.not_answered)


@dataclass
class Held:
    """What the store holds of a site in a range."""

    rows: int = 0
    energy_wh: float = 0.0
    days_settled: int = 0
    days_open: int = 0


def count_held(
    bench: Workbench, dataset: Dataset, sites: Sequence[Site], days: Days
) -> dict[str, Held]:
    """Count what the store holds of each site; days before a site's start are passed over."""
    held = {site.id: Held() for site in sites}
    give_up = timedelta(days=bench.settings.energy_give_up_days)
    for group in site_blocks(sites):
        for block in day_blocks(days, len(group)):
            entries = bench.store.coverage(dataset, block, [site.id for site in group])
            for site in group:
                counted = held[site.id]
                for day in block.clipped_to(site.start) or ():
                    entry = entries[day].get((site.id, ""))
                    counted.rows += entry.rows if entry else 0
                    counted.energy_wh += entry.energy_wh if entry else 0.0
                    is_done = is_settled(entry, day, give_up, None)
                    counted.days_settled += is_done
                    counted.days_open += not is_done
    return held


def site_report(
    site: str, held: Held, failure: str, ended_by: str, not_answered: Sequence[Days]
) -> SiteFetch:
    """Judge a site.

    Args:
        site: site id.
        held: what the store holds of it.
        failure: why it failed; empty when it did not.
        ended_by: why the run ended early; empty when it did not.
        not_answered: days without an answer from this run.
    """
    verdict: Verdict = "complete"
    reason = ""
    if failure:
        verdict, reason = "failed", failure
    elif not_answered:
        verdict, reason = "incomplete", f"{_listed(not_answered)} not asked: {ended_by}"
    elif held.days_open:
        verdict, reason = "incomplete", f"{held.days_open} days may still change"
    return SiteFetch(
        site,
        verdict,
        reason,
        held.rows,
        held.energy_wh,
        held.days_settled,
        held.days_open,
        tuple(not_answered),
    )


def ranges(days: Sequence[date]) -> list[Days]:
    """Return sorted days as ranges."""
    found: list[Days] = []
    for day in days:
        if found and found[-1].last + DAY == day:
            found[-1] = Days(found[-1].first, day)
        else:
            found.append(Days(day, day))
    return found


def _listed(days: Sequence[Days]) -> str:
    more = f" and {len(days) - 3} more ranges" if len(days) > 3 else ""
    return ", ".join(map(str, days[:3])) + more
