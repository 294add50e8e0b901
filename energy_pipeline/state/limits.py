"""How many requests a plan allows in which period. What was spent of them is in `quota.py`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Period = Literal["second", "minute", "hour", "day", "month"]

_PERIOD_S: dict[str, float] = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "month": 31 * 86_400,
}
_PACE_S = 10.0  # long enough for a burst of pooled connections, short enough to be a pace


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in a period.

    Args:
        requests: at least 1.
        period: a month is a calendar month in UTC; every other period is rolling: no span of this
            length ever holds more requests, wherever the service begins its count. A number is a
            length in seconds.
    """

    requests: int
    period: Period | float

    def __post_init__(self) -> None:
        if self.requests < 1 or self.length <= timedelta(0):
            raise ValueError(f"a limit allows at least 1 request in a period of time: {self}")

    @property
    def is_month(self) -> bool:
        """Whether the period is the calendar month."""
        return self.period == "month"

    @property
    def length(self) -> timedelta:
        """Length of the rolling period; of a month, the longest that one can be."""
        seconds = _PERIOD_S[self.period] if isinstance(self.period, str) else self.period
        return timedelta(seconds=seconds)

    @property
    def name(self) -> str:
        """Name of the period for people: `minute`, `10 s`."""
        return self.period if isinstance(self.period, str) else f"{self.period:g} s"


def pace(requests_per_second: float) -> Limit:
    """Return the limit that keeps this average over any 10 s (over one request when slower)."""
    in_a_burst = int(requests_per_second * _PACE_S)
    return Limit(in_a_burst, _PACE_S) if in_a_burst else Limit(1, 1 / requests_per_second)
