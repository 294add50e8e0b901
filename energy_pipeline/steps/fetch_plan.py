"""What a fetch asks for: per site, the fewest windows over the time that is not settled.

What settles a day is in `settled.py`, the look at one block of days in `open_time.py`, how windows
are laid in `sources/enlighten/planner.py`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.calendar import Days, Span
from energy_pipeline.configuration.sites import EnlightenAccess, Site
from energy_pipeline.sources.enlighten.planner import plan_windows
from energy_pipeline.sources.enlighten.series import EnlightenStream, IntervalSeries, series_of
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_words import is_from_enlighten, read_totals
from energy_pipeline.steps.open_time import StoredBlock, listed_reports
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class SitePlan:
    """What is asked of one site.

    Args:
        site: the site.
        access: how Enlighten knows it.
        series: what is asked for.
        windows: in order; none overlaps another.
        newest_report: the system's last report that the store knows.
    """

    site: Site
    access: EnlightenAccess
    series: IntervalSeries
    windows: Sequence[Span]
    newest_report: datetime | None = None

    def windows_in(self, span: Span) -> Iterator[int]:
        """Yield the indices of the windows that overlap `span`."""
        first = bisect_right(self.windows, span.start, key=lambda window: window.end)
        for index in range(first, len(self.windows)):
            if self.windows[index].start >= span.end:
                return
            yield index


def fed_sites(bench: Workbench, stream: EnlightenStream) -> list[tuple[Site, EnlightenAccess]]:
    """Return the workbench's sites of which Enlighten feeds the stream."""
    return [
        (site, site.enlighten)
        for site in bench.registry.sites
        if site.enlighten is not None and is_from_enlighten(site, stream)
    ]


def plan_fetch(
    bench: Workbench, stream: EnlightenStream, days: Days, *, force: bool
) -> list[SitePlan]:
    """Plan the requests for `days`; days that totals have proven meanwhile are marked as final.

    Args:
        bench: store, sites and clock.
        stream: what is fetched.
        days: UTC days; of each site, those before its start are not asked for.
        force: settled days are asked for too.
    """
    fed = fed_sites(bench, stream)
    open_spans: defaultdict[str, list[Span]] = defaultdict(list)
    newest_reports = listed_reports(bench)
    for sites in site_blocks([site for site, _ in fed]):
        totals = read_totals(bench.store, sites, days)
        for block in day_blocks(days, len(sites)):
            for site in sites if force else ():
                if asked := block.clipped_to(site.start):
                    open_spans[site.id].append(asked.span)
            if not force:
                stored = StoredBlock(bench, stream, sites, block, totals)
                for id, spans in stored.open_time(newest_reports).items():
                    open_spans[id] += spans
    plans: list[SitePlan] = []
    for site, access in fed:
        series = series_of(access, stream)
        windows = plan_windows(open_spans[site.id], series.widest)
        plans.append(SitePlan(site, access, series, windows, newest_reports.get(site.id)))
    return plans
