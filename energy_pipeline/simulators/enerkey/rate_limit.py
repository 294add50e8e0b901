"""How many requests a key may make, and what the answers say about it.

Two rules at most: 40,000 a day, and with the burst switch 20 in 10 seconds. The headers always
tell about the longer one.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, refusal_answer
from energy_pipeline.simulators.enerkey.switches import Switches

DAY_S = 86_400.0


@dataclass
class _Window:
    """Requests of one key under one rule."""

    limit: int
    period_s: float
    kind: str
    times: deque[float] = field(default_factory=deque)
    start_s: float = -math.inf

    def roll(self, now_s: float) -> None:
        """Forget what no longer counts at `now_s`."""
        if self.kind == "rolling":
            while self.times and self.times[0] <= now_s - self.period_s:
                self.times.popleft()
        elif now_s >= self.start_s + self.period_s:
            self.times.clear()
            is_calendar = self.kind == "calendar_day" and self.period_s == DAY_S
            self.start_s = now_s - now_s % DAY_S if is_calendar else now_s

    def is_full(self) -> bool:
        return len(self.times) >= self.limit

    def free_at_s(self) -> float:
        """Return when a full window lets the next request through."""
        if self.kind == "rolling":
            return self.times[len(self.times) - self.limit] + self.period_s
        return self.start_s + self.period_s

    def reset_at_s(self, now_s: float) -> float:
        """Return when the count falls next (rolling) or starts again."""
        if self.kind == "rolling":
            return (self.times[0] if self.times else now_s) + self.period_s
        return self.start_s + self.period_s


class RateLimit:
    """Counts the requests of every key."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._windows: defaultdict[str, list[_Window]] = defaultdict(self._rules)

    def take(self, key_name: str, now: datetime) -> Answer | None:
        """Count a request of the key; return the answer to give instead when it is one too many."""
        now_s = now.timestamp()
        windows = self._windows[key_name]
        for window in windows:
            window.roll(now_s)
        full = [window for window in windows if window.is_full()]
        if not full or self._switches.rate_counting == "all":
            for window in windows:
                window.times.append(now_s)
        if not full:
            return None
        last = max(full, key=_Window.free_at_s)
        return _rejection(last, max(1, math.ceil(last.free_at_s() - now_s)), self._switches)

    def headers(self, key_name: str, now: datetime) -> dict[str, str]:
        """Return the X-Rate-Limit headers of an answer to a counted request."""
        day = self._windows[key_name][0]
        left = str(max(0, day.limit - len(day.times)))
        reset = datetime.fromtimestamp(day.reset_at_s(now.timestamp()), UTC)
        headers: dict[str, str] = {}
        if self._switches.rate_headers != "trio_only":
            headers["X-Rate-Limit"] = left
        if self._switches.rate_headers != "single_only":
            headers["X-Rate-Limit-Limit"] = "1d"
            headers["X-Rate-Limit-Remaining"] = left
            headers["X-Rate-Limit-Reset"] = f"{reset:%Y-%m-%dT%H:%M:%S.%f}0Z"
        return headers

    def _rules(self) -> list[_Window]:
        kind = self._switches.rate_window
        rules = [_Window(self._switches.daily_request_limit, DAY_S, kind)]
        if self._switches.burst_limit == "20_per_10s":
            rules.append(_Window(20, 10.0, kind))
        return rules


def quota_text(limit: int, period_s: float) -> str:
    """Return the sentence with which a request too many is refused."""
    period = "1d" if period_s == DAY_S else f"{period_s:.0f}s"
    return f"API calls quota exceeded! maximum admitted {limit} per {period}."


def text_rejection(text: str, retry_after_s: int | None) -> Answer:
    """Return 429 as plain text."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Answer(status=429, content=text.encode(), media_type="text/plain", headers=headers)


def _rejection(window: _Window, wait_s: int, switches: Switches) -> Answer:
    text = quota_text(window.limit, window.period_s)
    headers = {"Retry-After": str(wait_s)}
    match switches.rate_rejection:
        case "text_429_retry_after":
            return text_rejection(text, wait_s)
        case "problem_429":
            return refusal_answer(Refusal(429, text, headers=headers), switches)
        case "problem_503":
            return refusal_answer(Refusal(503, text, headers=headers), switches)
        case "gateway_403":
            content = orjson.dumps({"statusCode": 403, "message": text})
            return Answer(status=403, content=content, media_type="application/json")
