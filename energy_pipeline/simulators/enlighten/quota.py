"""The plan's limits, counted per calendar minute and calendar month (UTC)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from energy_pipeline.simulators.enlighten.switches import Switches

Period = Literal["minute", "month"]


@dataclass(frozen=True)
class Exceeded:
    """A limit that allows nothing more before `period_end` (epoch seconds)."""

    period: Period
    period_start: int
    period_end: int
    limit: int


@dataclass(frozen=True)
class _Window:
    period: Period
    start: int
    end: int
    hits: int = 0


class Quota:
    """Counts the requests of every API key; a refused request does not count."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, Period], _Window] = {}
        self.hits = 0

    def spend(self, api_key: str, now: datetime, switches: Switches) -> Exceeded | None:
        """Count one request, or return the limit that forbids it."""
        limits: dict[Period, int | None] = {
            "minute": switches.requests_per_minute,
            "month": switches.requests_per_month,
        }
        windows = [self._window(api_key, period, now) for period in limits]
        for window in windows:
            limit = limits[window.period]
            if limit is not None and window.hits >= limit:
                return Exceeded(window.period, window.start, window.end, limit)
        for window in windows:
            self._windows[api_key, window.period] = replace(window, hits=window.hits + 1)
        self.hits += 1
        return None

    def _window(self, api_key: str, period: Period, now: datetime) -> _Window:
        start = now.replace(second=0, microsecond=0)
        if period == "month":
            start = start.replace(day=1, hour=0, minute=0)
            later = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
            end = int(later.timestamp())
        else:
            end = int(start.timestamp()) + 60
        known = self._windows.get((api_key, period))
        if known is not None and known.start == int(start.timestamp()):
            return known
        return _Window(period, int(start.timestamp()), end)
