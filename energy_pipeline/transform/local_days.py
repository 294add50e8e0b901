"""Site-local days: what the intervals of a day add up to, beside what the vendor says of it.

An interval belongs to the local day in which it starts. What follows from the comparison is in
`nights.py` (absent time that is proven to be zero) and `agreement.py` (totals that disagree).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.calendar import Span, local_days
from energy_pipeline.transform.instants import (
    DAY_US,
    NEVER_US,
    Microseconds,
    column_us,
    day_number,
    to_us,
)
from energy_pipeline.transform.intervals import Intervals

TOLERANCE_WH = 2.0
TOLERANCE_SHARE = 0.001

_DAY_BITS = 32
"""A site's index and a day's number make one number, the day in its low bits."""


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """A site's time zone and its first UTC day of data."""

    zone: ZoneInfo
    first_day: date


@dataclass(frozen=True, slots=True)
class VendorsWord:
    """What the vendor says besides the intervals.

    Args:
        calendars: the sites it is asked about.
        totals: rows of `enlighten_daily_energy`; other sites and streams are passed over.
        reports: columns site, day (date32, UTC), last_report_at: the system's last report when
            the intervals of that UTC day were fetched; no row for a day that was not fetched.
    """

    calendars: Mapping[str, SiteCalendar]
    totals: pa.Table
    reports: pa.Table


@dataclass(frozen=True, slots=True)
class LocalDays:
    """Site-local days with what is known of them; one element per site and day, in order.

    Args:
        site: index of the site in the intervals' `sites`.
        day: calendar day as days since 1970.
        start_us: begin of the day.
        end_us: end of the day.
        intervals_wh: sum of the intervals that start in the day.
        total_wh: the vendor's total; NaN where there is none.
        is_stated: the vendor stated the total after the system had reported after the day's end.
        is_reported: the intervals were fetched after the system had reported after the day's end.
    """

    site: NDArray[np.int64]
    day: NDArray[np.int64]
    start_us: Microseconds
    end_us: Microseconds
    intervals_wh: NDArray[np.float64]
    total_wh: NDArray[np.float64]
    is_stated: NDArray[np.bool_]
    is_reported: NDArray[np.bool_]

    def agrees(self) -> NDArray[np.bool_]:
        """Whether total and intervals agree to within 2 Wh or 0.1 %; never without a total."""
        allowed_wh = np.maximum(TOLERANCE_WH, TOLERANCE_SHARE * np.abs(self.total_wh))
        return np.abs(self.total_wh - self.intervals_wh) <= allowed_wh

    def is_over(self, now: datetime) -> NDArray[np.bool_]:
        """Whether the day has ended."""
        return self.end_us <= to_us(now)


def compare_local_days(
    intervals: Intervals, stream: str, word: VendorsWord, span: Span
) -> LocalDays:
    """Compare every local day that overlaps `span` with the vendor's word on it.

    Args:
        intervals: of these days in full; every site of `word.calendars` is among its sites.
        stream: which totals are meant.
        word: what the vendor says.
        span: instants whose local days are wanted.
    """
    calendars = {
        index: word.calendars[site]
        for index, site in enumerate(intervals.sites)
        if site in word.calendars
    }
    site, day, start_us, end_us = _days_of_sites(calendars, span)
    totals = word.totals.filter(pc.equal(word.totals["stream"], pa.scalar(stream)))
    found = _lookup(_site_days(intervals.sites, totals), site, day)
    total_wh = _at(found, totals["energy_wh"].to_numpy(), np.nan)
    stated_us = _at(found, _stated_us(totals), NEVER_US)
    reported = _is_reported(intervals.sites, word.reports, calendars, (site, start_us, end_us))
    return LocalDays(
        site,
        day,
        start_us,
        end_us,
        _sums(intervals, site, start_us, end_us),
        total_wh,
        stated_us > end_us,
        reported,
    )


def _days_of_sites(
    calendars: Mapping[int, SiteCalendar], span: Span
) -> tuple[NDArray[np.int64], NDArray[np.int64], Microseconds, Microseconds]:
    """Return site, day, start and end of every local day, in order; sites share their zone's."""
    zones = {calendar.zone.key: calendar.zone for calendar in calendars.values()}
    days = {key: _days_of_zone(zone, span) for key, zone in zones.items()}
    per_site = [days[calendar.zone.key] for calendar in calendars.values()]
    sites = np.repeat(np.array(list(calendars), np.int64), [len(part) for part in per_site])
    columns = np.concatenate([np.empty((0, 3), np.int64), *per_site])
    return sites, columns[:, 0], columns[:, 1], columns[:, 2]


def _days_of_zone(zone: ZoneInfo, span: Span) -> NDArray[np.int64]:
    days = [
        (day_number(day), to_us(instants.start), to_us(instants.end))
        for day, instants in local_days(span, zone)
        if instants.start < instants.end  # a zone that crossed the date line skipped a day
    ]
    return np.array(days, np.int64).reshape(-1, 3)


def _sums(
    intervals: Intervals,
    site: NDArray[np.int64],
    start_us: Microseconds,
    end_us: Microseconds,
) -> NDArray[np.float64]:
    """Return, for each local day, the energy of the intervals that start in it."""
    sums = np.zeros(site.size)
    for index in np.unique(site):
        begin, end = intervals.bounds[index : index + 2]
        days = slice(*np.searchsorted(site, (index, index + 1)))
        starts = intervals.start_us[begin:end]
        of_day = np.searchsorted(end_us[days], starts, side="right")
        inside = (starts >= start_us[days].min()) & (of_day < end_us[days].size)
        sums[days] = np.bincount(
            of_day[inside],
            weights=intervals.energy_wh[begin:end][inside],
            minlength=end_us[days].size,
        )
    return sums


def _stated_us(totals: pa.Table) -> Microseconds:
    """Return until when a total can know: the last report, or the fetch when that is not known."""
    reported_us = column_us(totals["last_report_at"])
    return np.where(reported_us == NEVER_US, column_us(totals["fetched_at"]), reported_us)


def _is_reported(
    sites: tuple[str, ...],
    reports: pa.Table,
    calendars: Mapping[int, SiteCalendar],
    days: tuple[NDArray[np.int64], Microseconds, Microseconds],
) -> NDArray[np.bool_]:
    """Whether the intervals of a local day were fetched after the system reported after its end.

    Each UTC day that the local day overlaps must have been fetched after a report after the part
    of it that is inside; for the last of them that is the local day's end. Days before the site's
    first are never fetched.
    """
    site, start_us, end_us = days
    keys, report_us = _site_days(sites, reports), column_us(reports["last_report_at"])
    first_day = np.full(len(sites), np.iinfo(np.int64).max)
    for index, calendar in calendars.items():
        first_day[index] = day_number(calendar.first_day)
    utc_day, last_utc_day = start_us // DAY_US, (end_us - 1) // DAY_US
    complete = last_utc_day >= first_day[site]
    while (utc_day <= last_utc_day).any():
        asked = (utc_day <= last_utc_day) & (utc_day >= first_day[site])
        known_us = _at(_lookup(keys, site, utc_day), report_us, NEVER_US)
        complete &= ~asked | (known_us > np.minimum(end_us, (utc_day + 1) * DAY_US))
        utc_day = utc_day + 1
    return complete


def _site_days(sites: Iterable[str], table: pa.Table) -> NDArray[np.int64]:
    """Return one number for the site and day of each row; -1 for sites that are not among these."""
    index = pc.index_in(table["site"], value_set=pa.array(list(sites), pa.string()))
    known = index.fill_null(-1).to_numpy().astype(np.int64)
    day = table["day"].cast(pa.int32()).to_numpy().astype(np.int64)
    return np.where(known < 0, -1, (known << _DAY_BITS) + day)


def _lookup(
    keys: NDArray[np.int64], site: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the row of each site and day, -1 where there is none."""
    if not keys.size:
        return np.full(site.size, -1)
    wanted = (site << _DAY_BITS) + day
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
    rows = order[place]
    return np.where(keys[rows] == wanted, rows, -1)


def _at(rows: NDArray[np.int64], values: NDArray, absent: float) -> NDArray:
    """Return the values of `rows`, `absent` where the row is -1."""
    if not values.size:
        return np.full(rows.size, absent, values.dtype)
    return np.where(rows < 0, np.array(absent, values.dtype), values[rows])
