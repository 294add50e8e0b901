"""Dialect v2: from the request's dates to the window that is answered.

Instants are epoch seconds, windows are open at the start and closed at the end, as intervals are
named by their ends. No HTTP here; parameters come in as plain text.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from energy_pipeline.simulators.enlighten.dataset import (
    METER_INTERVAL_S,
    MICRO_INTERVAL_S,
    Stream,
    System,
)
from energy_pipeline.simulators.enlighten.localdays import DAY, local_date, midnight
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.v2 import refusals

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_MONTH_S = 31 * _DAY_S
_LAST_SECOND = 2**32  # later instants are no dates that anybody means

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Window:
    """The intervals that end after `start` and not after `end`; empty when too old to be given."""

    start: int
    end: int
    too_old: bool = False


@dataclass(frozen=True)
class DayRange:
    """Local days, both ends included; none when `last` lies before `first`."""

    first: date
    last: date


def interval_window(
    params: Parameters, system: System, stream: Stream, now: int, switches: Switches
) -> Window:
    """Return the window of `stats`, `rgm_stats` or `consumption_stats`.

    Raises:
        Refusal: unreadable, starting in the future, or too long.
    """
    step = MICRO_INTERVAL_S if stream == "production_micro" else METER_INTERVAL_S
    today = midnight(local_date(now, system.zone), system.zone)
    asked = _instant(params, "start_at", today)
    if asked > now:
        raise refusals.in_future()
    start, end = _floor(asked, step), _floor(_instant(params, "end_at", now), step)
    too_long = stream == "production_meter" and end - start > _WEEK_S
    if too_long and switches.rgm_over_7_days == "422":
        raise refusals.longer_than_a_week(start, end)
    begin = max(start, _floor(system.operational_at, step))
    history_days = switches.history_days
    too_old = history_days is not None and asked < now - history_days * _DAY_S
    return Window(begin, min(end, begin + _longest_s(stream, switches)), too_old)


def require_inside(window: Window, oldest: int | None, newest: int | None) -> None:
    """Refuse a window that lies before or after everything that the system reported.

    Args:
        window: what was asked for.
        oldest: end of the first interval that the system reported; None is nothing ever.
        newest: end of the last one.

    Raises:
        Refusal: the window is outside, or ends before it begins.
    """
    if oldest is None or newest is None:
        return
    if window.start > newest or window.end < oldest or window.end < window.start:
        raise refusals.outside_system(window.start, window.end, oldest, newest)


def _longest_s(stream: Stream, switches: Switches) -> int:
    match stream:
        case "production_micro":
            return switches.stats_max_s
        case "production_meter":
            return _MONTH_S if switches.rgm_over_7_days == "month" else _WEEK_S
        case _:
            return switches.consumption_max_days * _DAY_S


def day_range(params: Parameters, system: System, today: date, last_day: date) -> DayRange:
    """Return the days of a day series.

    Args:
        params: the request's parameters.
        system: whose days.
        today: the system's present day.
        last_day: the last day that has a total by now; later ends are cut to it.

    Raises:
        Refusal: unreadable, or a range with no day that can have a total.
    """
    first = _date(params, "start_date", local_date(system.operational_at, system.zone))
    asked = _date(params, "end_date", max(first, last_day))
    if asked < first or (first >= today and params.get("start_date")):
        raise refusals.days_outside_system(str(first), str(asked))
    return DayRange(first, min(asked, last_day))


def summary_day(params: Parameters, today: date) -> date:
    """Return the day that a summary is about.

    Raises:
        Refusal: unreadable or in the future.
    """
    day = _date(params, "summary_date", today)
    if day > today:
        raise refusals.in_future()
    return day


def month(params: Parameters, today: date) -> DayRange:
    """Return the month that begins with `start_date`.

    It ends on the day before the same day of the next month.

    Raises:
        Refusal: missing, unreadable, or a month that is not over.
    """
    first = _date(params, "start_date", today)
    next_month = first.replace(day=1) + 31 * DAY
    length = monthrange(next_month.year, next_month.month)[1]
    last = next_month.replace(day=min(first.day, length)) - DAY
    if last >= today:
        raise refusals.days_outside_system(str(first), str(last))
    return DayRange(first, last)


def reading_instant(params: Parameters, now: int) -> int:
    """Return the instant up to which a meter's reading is wanted.

    Raises:
        Refusal: unreadable.
    """
    return min(_instant(params, "end_at", now), now)


def _floor(instant: int, step: int) -> int:
    return instant // step * step


def _instant(params: Parameters, name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    try:
        instant = int(text)
    except ValueError:
        raise refusals.unreadable_date(text) from None
    if not 0 <= instant < _LAST_SECOND:
        raise refusals.unreadable_date(text)
    return instant


def _date(params: Parameters, name: str, default: date) -> date:
    text = params.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refusals.unreadable_date(text) from None
