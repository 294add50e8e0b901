"""Rules that must hold between datasets, each computed by another way than the data was made.

Energy is conserved from intervals to hours, and the vendor's own totals agree with the intervals.
The functions return what they compared, for checks and uploads to judge; none raises because data
is wrong. Whether readings follow from hours is in `register_chain.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.calendar import Span
from energy_pipeline.transform.instants import (
    DAY_US,
    S_US,
    Microseconds,
    column_us,
    day_number,
    to_us,
)
from energy_pipeline.transform.intervals import intervals_of
from energy_pipeline.transform.local_days import LocalDays, VendorsWord, compare_local_days

Verdict = Literal["agrees", "disagrees", "pending"]

CONSERVED_WH = 1e-6
# Doubles carry 16 digits; sums of a year's hours lose the last few.
_CONSERVED_SHARE = 1e-11
_NO_DAY = np.iinfo(np.int64).min

_COMPARED_TOTALS = pa.schema(
    [
        ("site", pa.string()),
        ("stream", pa.string()),
        ("day", pa.date32()),
        ("intervals_wh", pa.float64()),
        ("total_wh", pa.float64()),
        ("verdict", pa.string()),
    ]
)
_COMPARED_ENERGY = pa.schema(
    [
        ("site", pa.string()),
        ("intervals_wh", pa.float64()),
        ("hourly_wh", pa.float64()),
        ("is_conserved", pa.bool_()),
    ]
)


def compare_totals(
    intervals: pa.Table, stream: str, word: VendorsWord, span: Span, now: datetime
) -> pa.Table:
    """Compare the vendor's total of every local day that overlaps `span` with its intervals.

    A day is `pending` until it can be judged: it is not over, there is no total, the total was
    stated or the intervals were fetched before the system reported after the day's end, or the
    total is one of the zeros at the end of the vendor's list, which mean that nothing is counted
    yet. The local day in which the site's first UTC day begins cannot be judged: the part before
    is in the total and was never fetched.

    Args:
        intervals: of one stream, of `span` and of a day on both sides of it.
        stream: which totals are meant.
        word: what the vendor says of the sites that are compared.
        span: instants whose local days are compared.
        now: the present instant.

    Returns:
        Columns site, stream, day (site-local), intervals_wh, total_wh (null: none), verdict
        (`agrees`, `disagrees`, `pending`); one row per site and local day, sorted.
    """
    known = intervals_of(intervals, now, word.calendars)
    days = compare_local_days(known, stream, word, span)
    is_counted = ~_last_zeros(days, known.sites, stream, word.totals)
    is_whole = days.start_us >= _first_us(word, known.sites)[days.site]
    can_be_judged = days.is_over(now) & days.is_stated & days.is_reported & is_counted & is_whole
    verdict = np.where(can_be_judged, np.where(days.agrees(), "agrees", "disagrees"), "pending")
    columns = {
        "site": pa.array(known.sites, pa.string()).take(pa.array(days.site, pa.int64())),
        "stream": pa.repeat(stream, days.site.size),
        "day": pa.array(days.day.astype(np.int32)).cast(pa.date32()),
        "intervals_wh": pa.array(days.intervals_wh),
        "total_wh": pa.array(days.total_wh, from_pandas=True),
        "verdict": pa.array(verdict.tolist(), pa.string()),
    }
    return pa.Table.from_pydict(columns, schema=_COMPARED_TOTALS)


def _first_us(word: VendorsWord, sites: Sequence[str]) -> Microseconds:
    """Return the begin of each site's first UTC day."""
    calendars = (word.calendars.get(site) for site in sites)
    days = [day_number(calendar.first_day) if calendar else 0 for calendar in calendars]
    return np.array(days, np.int64) * DAY_US


def compare_energy(intervals: pa.Table, hourly: pa.Table, span: Span) -> pa.Table:
    """Compare the energy of a range of hours with that of the intervals in it, per site.

    Args:
        intervals: of one stream, of `span` and of the day before; no twins.
        hourly: rows of `hourly_energy` of the same stream.
        span: the range.

    Returns:
        Columns site, intervals_wh, hourly_wh, is_conserved (to 1e-6 Wh); one row per site that has
        intervals or hours in the range, sorted.
    """
    start_us, end_us = to_us(span.start), to_us(span.end)
    until_us = column_us(intervals["end_at"])
    length_us = intervals["interval_s"].to_numpy() * np.int64(S_US)
    inside_us = np.minimum(until_us, end_us) - np.maximum(until_us - length_us, start_us)
    share = np.maximum(0, inside_us) / length_us
    raw_wh = pa.array(intervals["energy_wh"].to_numpy() * share)
    raw = pa.Table.from_pydict({"site": intervals["site"], "wh": raw_wh})
    hour_us = column_us(hourly["hour"])
    in_range = pa.array((hour_us >= start_us) & (hour_us < end_us))
    summed = pa.Table.from_pydict({"site": hourly["site"], "wh": hourly["energy_wh"]})
    both = _sum(raw.filter(pa.array(inside_us > 0)), "intervals_wh").join(
        _sum(summed.filter(in_range), "hourly_wh"), "site", join_type="full outer"
    )
    both = both.sort_by("site")
    raw_wh, hourly_wh = (
        both[name].fill_null(pa.scalar(0.0)).to_numpy() for name in ("intervals_wh", "hourly_wh")
    )
    columns = {
        "site": both["site"],
        "intervals_wh": pa.array(raw_wh),
        "hourly_wh": pa.array(hourly_wh),
        "is_conserved": pa.array(is_same_energy(raw_wh, hourly_wh)),
    }
    return pa.Table.from_pydict(columns, schema=_COMPARED_ENERGY)


def _sum(energy: pa.Table, name: str) -> pa.Table:
    return energy.group_by("site").aggregate([("wh", "sum")]).rename_columns(["site", name])


def _last_zeros(
    days: LocalDays, sites: tuple[str, ...], stream: str, totals: pa.Table
) -> NDArray[np.bool_]:
    """Whether a total is one of the zeros after the last day of which the vendor counts energy."""
    counted = totals.filter(
        pc.and_(
            pc.equal(totals["stream"], pa.scalar(stream)),
            pc.not_equal(totals["energy_wh"], pa.scalar(0.0)),
        )
    )
    last = counted.group_by("site").aggregate([("day", "max")]).to_pydict()
    last_day = dict(zip(last["site"], last["day_max"], strict=True))
    counted_until = np.array(
        [day_number(last_day[site]) if site in last_day else _NO_DAY for site in sites], np.int64
    )
    return (days.total_wh == 0) & (days.day > counted_until[days.site])


def is_same_energy(one_wh: NDArray[np.float64], other_wh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether energies are the same to 1e-6 Wh, but for what doubles of their size can lose."""
    allowed_wh = np.maximum(CONSERVED_WH, _CONSERVED_SHARE * np.abs(one_wh))
    return np.abs(one_wh - other_wh) <= allowed_wh
