"""What the schedules cost at Enlighten, against the plan.

Nothing is asked and nothing is stored: the figures come from the series and the planner with which
a fetch lays its windows. What a backfill costs is in `backfill_cost.py`.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.configuration.sites import Site
from energy_pipeline.sources.enlighten.dialect import series_of
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.steps.enlighten_users import users_of
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.events import is_watched
from energy_pipeline.steps.fetch_plan import fed_sites, windows_of
from energy_pipeline.workbench import Workbench

TRAILING_DAYS = 7
"""UTC days up to yesterday that the daily run covers: late data is given up after a week."""

MONTH_DAYS = 31
"""A long month: what fits into it fits into every month."""

_DEVICES = 1
"""Devices, asked once a day of each site."""

_UNPROVEN_NIGHTS = 2
"""Days before yesterday whose dark hours the vendor's totals have not proven yet, as a rule."""

_WATCH: Mapping[EnlightenApi, int] = MappingProxyType({"v2": 0, "v4": 2})
"""Events and alarms, asked once a day of each site by a schedule of their own, off at first."""


@dataclass(frozen=True)
class SiteHits:
    """What a site costs in a day.

    Args:
        site: its id.
        api: its dialect.
        series: endpoints of its intervals.
        intervals: of the daily run, when nothing is late.
        intervals_at_most: of the daily run, when every day that it covers is open.
        totals: the vendor's own totals.
        devices: what is at the site.
        watch: events and alarms; 0 where they are not fetched.
    """

    site: str
    api: EnlightenApi
    series: tuple[str, ...]
    intervals: int
    intervals_at_most: int
    totals: int
    devices: int
    watch: int

    @property
    def a_day(self) -> int:
        """Hits of a day as a rule."""
        return self.intervals + self.totals + self.devices + self.watch

    @property
    def a_month(self) -> int:
        """Hits of a long month as a rule."""
        return MONTH_DAYS * self.a_day

    @property
    def a_month_at_most(self) -> int:
        """Hits of a long month in which data are always late."""
        return MONTH_DAYS * (self.a_day + self.intervals_at_most - self.intervals)


@dataclass(frozen=True)
class Budget:
    """What all sites cost, and what the plan has.

    Args:
        sites: those that Enlighten knows.
        lists: lists of systems in a day, one per user.
        per_minute: the plan's limit.
        per_month: the plan's limit.
    """

    sites: Sequence[SiteHits]
    lists: int
    per_minute: int
    per_month: int

    @property
    def a_day(self) -> int:
        """Hits of a day as a rule."""
        return self.lists + sum(site.a_day for site in self.sites)

    @property
    def a_month(self) -> int:
        """Hits of a long month as a rule."""
        return MONTH_DAYS * self.a_day

    @property
    def a_month_at_most(self) -> int:
        """Hits of a long month in which data are always late."""
        return MONTH_DAYS * self.lists + sum(site.a_month_at_most for site in self.sites)

    def until_months_end(self, now: datetime) -> int:
        """Return the hits of the calendar month (UTC) as a rule, from its present day on."""
        today = now.astimezone(UTC).date()
        return self.a_day * (monthrange(today.year, today.month)[1] - today.day + 1)

    @property
    def spare(self) -> int:
        """Hits of a long month that the schedules leave; 0 when the plan is too small for them."""
        return max(0, self.per_month - self.a_month)

    @property
    def sites_carried(self) -> int | None:
        """How many sites the plan carries that cost what these do on average; None: no site."""
        of_sites = sum(site.a_month for site in self.sites)
        for_sites = self.per_month - MONTH_DAYS * self.lists
        return max(0, for_sites * len(self.sites) // of_sites) if of_sites else None


def trailing_days(yesterday: date) -> Days:
    """Return the UTC days that a daily run covers."""
    return Days(yesterday - (TRAILING_DAYS - 1) * DAY, yesterday)


def budget_of(bench: Workbench, *, watched: bool | None = None) -> Budget:
    """Return what the workbench's sites cost when each schedule that runs does so once a day.

    Args:
        bench: sites, plan, clock, and what is known of the devices.
        watched: whether events and alarms are fetched; None: whether they were lately.
    """
    longest = trailing_days(bench.clock.now().date() - DAY)
    settings = bench.settings
    watch = _WATCH if (is_watched(bench) if watched is None else watched) else {}
    return Budget(
        [_site_hits(bench, site, series, longest, watch) for site, series in fetched_series(bench)],
        len(users_of(bench.registry.sites)),
        settings.enlighten_requests_per_minute,
        settings.enlighten_requests_per_month,
    )


def fetched_series(bench: Workbench) -> list[tuple[Site, tuple[IntervalSeries, ...]]]:
    """Return the sites that Enlighten knows, with the series that are fetched of each."""
    found: dict[str, dict[IntervalSeries, None]] = {
        site.id: {} for site in bench.registry.sites if site.enlighten
    }
    for stream in INTERVALS:
        for site, access in fed_sites(bench, stream):
            found[site.id][series_of(access, stream)] = None
    return [(site, tuple(found[site.id])) for site in bench.registry.sites if site.id in found]


def hits_of(bench: Workbench, series: Sequence[IntervalSeries], days: Days) -> int:
    """Return the hits for the intervals of some days, none of which is held.

    Args:
        bench: the clock.
        series: of one site.
        days: UTC days.
    """
    now = bench.clock.now()
    return sum(len(windows_of(each, [days.span], now)) for each in series)


def _site_hits(
    bench: Workbench,
    site: Site,
    series: Sequence[IntervalSeries],
    longest: Days,
    watch: Mapping[EnlightenApi, int],
) -> SiteHits:
    assert site.enlighten is not None
    api = site.enlighten.api
    return SiteHits(
        site.id,
        api,
        tuple(each.endpoint for each in series),
        sum(hits_of(bench, [each], _usually_open(each, longest.last)) for each in series),
        hits_of(bench, series, longest),
        len({each.lifetime for each in series}),
        _DEVICES,
        watch.get(api, 0),
    )


def _usually_open(series: IntervalSeries, yesterday: date) -> Days:
    """Return the days that a daily run usually finds open."""
    earlier = _UNPROVEN_NIGHTS if series.nights_absent else 0
    return Days(yesterday - earlier * DAY, yesterday)
