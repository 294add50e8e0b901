"""What a fetch asks for: per site, the fewest windows over the time that is not settled.

What settles a day is in `settled.py`, the look at one block of days in `open_time.py`, how windows
are laid in `sources/enlighten/planner.py`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.calendar import DAY, Days, Span, utc_midnight
from energy_pipeline.configuration.sites import STREAMS, EnlightenAccess, Production, Site, Stream
from energy_pipeline.sources.enlighten.dialect import measured_together, series_of
from energy_pipeline.sources.enlighten.planner import plan_windows
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.devices import production_by_devices, streams_of_devices
from energy_pipeline.steps.enlighten_words import INTERVALS, is_from_enlighten, read_totals
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


def fed_sites(bench: Workbench, stream: Stream) -> list[tuple[Site, EnlightenAccess]]:
    """Return the workbench's sites of which Enlighten feeds the stream, as far as it can.

    A site without a device for it is left out once its devices are known.
    """
    without = sites_without_a_device(bench, stream)
    return [
        (site, site.enlighten)
        for site in bench.registry.sites
        if site.enlighten is not None and is_from_enlighten(site, stream) and site.id not in without
    ]


def sites_without_a_device(bench: Workbench, stream: Stream) -> dict[str, str]:
    """Return the sites that Enlighten is to feed the stream of, and whose devices cannot.

    Each with what a person can do; empty: nothing.
    """
    wanted = [site for site in bench.registry.sites if is_from_enlighten(site, stream)]
    if not wanted:
        return {}
    if stream == "production":
        return dict(_without_such_production(wanted, production_by_devices(bench)))
    known = streams_of_devices(bench)
    return {site.id: "" for site in wanted if stream not in known.get(site.id, STREAMS)}


def _without_such_production(
    wanted: Iterable[Site], known: Mapping[str, frozenset[Production]]
) -> Iterator[tuple[str, str]]:
    """Yield the sites at which nothing measures production in the way that sites.yaml says."""
    for site in wanted:
        access, measured_by = site.enlighten, known.get(site.id)
        if access is None or measured_by is None or access.production in measured_by:
            continue
        ways = " or ".join(f"`production: {each}`" for each in sorted(measured_by))
        yield site.id, ways and f"set {ways} in sites.yaml"


def plan_fetch(
    bench: Workbench,
    stream: Stream,
    days: Days,
    *,
    force: bool,
    since: datetime | None = None,
) -> list[SitePlan]:
    """Plan the requests for `days`; days that totals have proven meanwhile are marked as final.

    Args:
        bench: store, sites and clock.
        stream: what is fetched; what comes in the same answers is planned with it.
        days: UTC days; of each site, those before its start are not asked for.
        force: settled days are asked for too.
        since: but not those that were asked for from this instant on.
    """
    open_spans: defaultdict[str, list[Span]] = defaultdict(list)
    newest_reports = listed_reports(bench)
    fed = fed_sites(bench, stream)
    asked = {site.id for site, _ in fed}
    for each in measured_together(stream):
        sites = [site for site, _ in fed_sites(bench, each) if site.id in asked]
        found = (
            _forced_time(bench, each, sites, days, since)
            if force
            else _open_time(bench, each, sites, days, newest_reports)
        )
        for id, span in found:
            open_spans[id].append(span)
    plans: list[SitePlan] = []
    for site, access in fed:
        series = series_of(access, stream)
        windows = windows_of(series, open_spans[site.id], bench.clock.now())
        plans.append(SitePlan(site, access, series, windows, newest_reports.get(site.id)))
    return plans


def _open_time(
    bench: Workbench,
    stream: Stream,
    sites: Sequence[Site],
    days: Days,
    newest_reports: dict[str, datetime],
) -> Iterator[tuple[str, Span]]:
    """Yield site and time of a stream that is not settled."""
    for group in site_blocks(sites):
        totals = read_totals(bench.store, group, days)
        for block in day_blocks(days, len(group)):
            stored = StoredBlock(bench, stream, group, block, totals)
            for id, spans in stored.open_time(newest_reports).items():
                yield from ((id, span) for span in spans)


def _forced_time(
    bench: Workbench,
    stream: Stream,
    sites: Sequence[Site],
    days: Days,
    since: datetime | None,
) -> Iterator[tuple[str, Span]]:
    """Yield site and time of a stream that was not asked for since an instant; None: all of it."""
    for group in site_blocks(sites):
        ids = [site.id for site in group]
        for block in day_blocks(days, len(group)):
            known = bench.store.coverage(INTERVALS[stream], block, ids) if since else {}
            for site in group:
                for day in block.clipped_to(site.start) or ():
                    entry = known.get(day, {}).get((site.id, ""))
                    asked = entry.asked_until if entry else None
                    if since is None or asked is None or asked < since:
                        yield site.id, Days(day, day).span


def windows_of(series: IntervalSeries, missing: Iterable[Span], now: datetime) -> list[Span]:
    """Return the fewest windows of a series that cover all missing time, in order."""
    return plan_windows(missing, series.widest, kept_from(series, now))


def kept_from(series: IntervalSeries, now: datetime) -> datetime | None:
    """Return the first midnight from which the vendor's history is likely to be whole."""
    if series.history is None:
        return None
    return utc_midnight((now - series.history).date()) + DAY
