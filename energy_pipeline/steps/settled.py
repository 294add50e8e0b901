"""What is settled and never asked again, and which time is not.

Settled is a site-day whose intervals can no longer change by our rules, or of which the vendor gave
its answer after the day was given up. Whether absent nights are proven to be zero is decided in
`transform/nights.py`, what is asked instead in `fetch_plan.py`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Span, utc_midnight
from energy_pipeline.schema import INSTANT
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.transform.instants import from_us, to_us
from energy_pipeline.transform.intervals import MISSING_DEVICES_WAIT, Intervals, intervals_of
from energy_pipeline.transform.local_days import VendorsWord, compare_local_days
from energy_pipeline.transform.nights import with_proven_zeros

DAY_S = 86_400

GROWS_NO_MORE = MISSING_DEVICES_WAIT
"""How long after its end an interval in which devices are missing may still grow."""

_ASKED_LATE_ENOUGH = timedelta(days=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def is_settled(
    entry: Coverage | None, day: date, give_up: timedelta, newest_report: datetime | None
) -> bool:
    """Whether a site-day is never asked again.

    It is when all of it is final. It is too when it was asked after it was given up, unless the
    system was silent then since before the day's end, and has reported since: what its gateway kept
    may have arrived.

    Args:
        entry: what is known of the site-day.
        day: the UTC day.
        give_up: how long after its end a day is given up.
        newest_report: the last report of the system that is known from anywhere.
    """
    if entry is None:
        return False
    if entry.final_s >= DAY_S:
        return True
    ends_at = utc_midnight(day) + DAY
    if entry.asked_until is None or entry.asked_until < ends_at + give_up:
        return False
    had_reported = entry.last_report_at is not None and entry.last_report_at > ends_at
    return had_reported or newest_report is None or newest_report <= ends_at


def on_own_grid(intervals: pa.Table, grids: Mapping[str, int]) -> pa.Table:
    """Return the intervals of the length (seconds) that their site's are now.

    A site that went over from a meter to its micros, or back, may have both in a day.
    """
    columns = {
        "site": pa.array(grids, pa.string()),
        "interval_s": pa.array(grids.values(), pa.int32()),
    }
    kept = intervals.join(pa.Table.from_pydict(columns), list(columns), join_type="left semi")
    return kept.select(intervals.column_names).cast(intervals.schema)


def settled_intervals(intervals: pa.Table, now: datetime) -> pa.ChunkedArray:
    """Mark the intervals that are not asked again.

    All devices reported, or the answer named none, or devices are missing that will not come any
    more: the interval is three days old, and was asked for at least a day after its end.

    Args:
        intervals: columns end_at, fetched_at, devices_reporting, devices_total.
        now: the present instant.
    """
    reporting, total = intervals["devices_reporting"], intervals["devices_total"]
    is_whole = pc.fill_null(pc.greater_equal(reporting, total), pa.scalar(True))
    is_old = pc.less_equal(intervals["end_at"], pa.scalar(now - GROWS_NO_MORE, INSTANT))
    asked_after = pc.subtract(intervals["fetched_at"], intervals["end_at"])
    is_late = pc.greater_equal(asked_after, pa.scalar(_ASKED_LATE_ENOUGH, pa.duration("us")))
    return cast(pa.ChunkedArray, pc.or_(is_whole, pc.and_(is_old, is_late)))


def unsettled_time(
    intervals: pa.Table, stream: str, word: VendorsWord, spans: Mapping[str, Span], now: datetime
) -> dict[str, list[Span]]:
    """Return, per site, the time inside its span that no settled interval covers, in order.

    Args:
        intervals: of the spans and of a day on both sides of them.
        stream: name of the stream.
        word: what the vendor says of the sites that leave their nights out.
        spans: where to look, by site.
        now: the present instant.
    """
    known = intervals_of(_as_whole(intervals, now), _LONG_AGO, spans)
    if word.calendars:
        starts, ends = zip(*((span.start, span.end) for span in spans.values()), strict=True)
        days = compare_local_days(known, stream, word, Span(min(starts), max(ends)))
        known = with_proven_zeros(known, days, now)
    sites = {site: index for index, site in enumerate(known.sites)}
    return {site: _uncovered(known, sites[site], span) for site, span in spans.items()}


def _as_whole(intervals: pa.Table, now: datetime) -> pa.Table:
    """Give settled intervals all their devices, so that the transform takes them for settled."""
    settled = settled_intervals(intervals, now)
    devices = pc.if_else(settled, intervals["devices_total"], intervals["devices_reporting"])
    at = intervals.schema.get_field_index("devices_reporting")
    return intervals.set_column(at, intervals.schema.field(at), devices)


def _uncovered(intervals: Intervals, index: int, span: Span) -> list[Span]:
    rows = slice(*intervals.bounds[index : index + 2])
    settled = intervals.settled[rows]
    first_us, last_us = to_us(span.start), to_us(span.end)
    covered_until = np.maximum.accumulate(np.append(first_us, intervals.end_us[rows][settled]))
    next_start = np.append(intervals.start_us[rows][settled], last_us)
    gap = np.flatnonzero(np.minimum(next_start, last_us) > covered_until)
    return [
        Span(from_us(covered_until[at]), from_us(min(next_start[at], last_us)))
        for at in gap.tolist()
    ]
