"""Dialect v4: the windows of interval endpoints.

Instants are epoch seconds, windows are open at the start and closed at the end, as intervals are
named by their ends. The length of a window comes from `granularity`, its rounding from the grid of
the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from energy_pipeline.simulators.enlighten.dataset import METER_INTERVAL_S, Stream
from energy_pipeline.simulators.enlighten.localdays import local_date, midnight
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import View
from energy_pipeline.simulators.enlighten.v4.parameters import day, instant

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_YEAR_S = 365 * _DAY_S
_LENGTHS_S: Mapping[str, int] = MappingProxyType(
    {"5mins": 300, "15mins": 900, "day": _DAY_S, "week": _WEEK_S}
)


@dataclass(frozen=True)
class Window:
    """What an interval endpoint answers.

    Attributes:
        start: begin, as asked; not rounded.
        end: end, at most the present.
        granularity: the name of its length.
        running: whether the present cuts it.
        by_date: whether the request spoke of days.
    """

    start: int
    end: int
    granularity: str = "day"
    running: bool = False
    by_date: bool = False


def telemetry_window(view: View, stream: Stream) -> Window:
    """Return the window of a telemetry request.

    Raises:
        Refusal: unreadable, in the future, or older than what is given.
    """
    asked = _asked(view)
    if asked.start > view.now:
        raise refusals.window_in_future()
    first, last = _bounds(view, stream)
    begin = asked.start if first is None else max(asked.start, _midnight_before(view, first))
    end = min(_end(view, asked, begin), _wanted_end(view))
    refused = refusals.window_outside(asked.start, min(end, view.now), first, last)
    if _is_too_old(view, asked.start) or end < begin:
        raise refused
    if view.switches.after_last_interval == "422" and last is not None and begin >= last:
        raise refused
    running = end > view.now
    return Window(begin, min(end, view.now), asked.granularity, running, asked.by_date)


def meter_window(view: View) -> Window:
    """Return the window of `rgm_stats`, its ends rounded down to the quarter.

    Raises:
        Refusal: unreadable, in the future, too long, or older than what is given.
    """
    asked = instant(view.params, "start_at")
    start = _floor(_today(view) if asked is None else asked)
    if start > view.now:
        raise refusals.in_future()
    first, last = _bounds(view, "production_meter")
    begin = start if first is None else max(start, _midnight_before(view, first))
    wanted = instant(view.params, "end_at")
    end = _floor(min(view.now, begin + _WEEK_S if wanted is None else wanted))
    if wanted is not None and end - start > _WEEK_S and view.switches.rgm_over_7_days == "422":
        raise refusals.longer_than_a_week(start, end)
    if _is_too_old(view, start) or end < start:
        raise refusals.outside()
    if view.switches.after_last_interval == "422" and last is not None and start >= last:
        raise refusals.outside()
    return Window(begin, min(end, begin + _WEEK_S))


def is_left_out(view: View, start: int) -> bool:
    """Whether meter intervals of a window that starts there are not given."""
    is_old = start < view.now - _YEAR_S
    return is_old and view.switches.rgm_over_a_year == "empty"


def _asked(view: View) -> Window:
    """Return the window as asked for, its end still open; without a start it is today."""
    params = view.params
    granularity = params.get("granularity") or "day"
    if granularity not in _LENGTHS_S:
        raise refusals.unprocessable("granularity is invalid at Query location")
    start_at, start_date = instant(params, "start_at"), day(params, "start_date")
    if start_at is not None:
        return Window(start_at, start_at, granularity)
    if start_date is not None:
        start = midnight(start_date, view.system.zone)
        return Window(start, start, granularity, by_date=True)
    return Window(_today(view), _today(view))


def _end(view: View, asked: Window, begin: int) -> int:
    """Return the end by the granularity; days that were asked for by date are local days."""
    length_s = _LENGTHS_S[asked.granularity]
    if not asked.by_date or length_s < _DAY_S:
        return begin + length_s
    zone = view.system.zone
    return midnight(local_date(begin, zone) + timedelta(seconds=length_s), zone)


def _wanted_end(view: View) -> int:
    """Return the end that the request names, else one that is never reached."""
    end_at, end_date = instant(view.params, "end_at"), day(view.params, "end_date")
    if end_at is None and end_date is not None:
        end_at = midnight(end_date, view.system.zone)
    if end_at is None:
        return view.now + _WEEK_S
    if end_at > view.now:
        raise refusals.window_in_future()
    return _floor(end_at)


def _bounds(view: View, stream: Stream) -> tuple[int | None, int | None]:
    """Return the ends of the first and of the last interval that are known."""
    cloud, system, now = view.cloud, view.system, view.now
    return cloud.oldest(system, stream, now), cloud.newest(system, stream, now)


def _is_too_old(view: View, start: int) -> bool:
    days = view.switches.telemetry_history_days
    return days is not None and start < view.now - days * _DAY_S


def _today(view: View) -> int:
    return midnight(view.today, view.system.zone)


def _midnight_before(view: View, end_of_interval: int) -> int:
    zone = view.system.zone
    return midnight(local_date(end_of_interval - 1, zone), zone)


def _floor(at: int) -> int:
    return at // METER_INTERVAL_S * METER_INTERVAL_S
