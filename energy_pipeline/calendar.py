"""Days and hours: UTC days of partitions, local days of sites.

A range of days names both ends, as people do; a span of instants is half open. Local days have 23
to 25 hours; only instants are added and compared. What a clock shows is in `clock.py`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def utc_midnight(day: date) -> datetime:
    """Return the instant at which the UTC day begins."""
    return datetime.combine(day, time.min, UTC)


def months_later(month: date, months: int) -> date:
    """Return the first day of the month that is so many months after that of `month`."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `start` up to, not including, `end`; both aware."""

    start: datetime
    end: datetime

    @property
    def duration_s(self) -> int:
        """Length in seconds."""
        return int((self.end - self.start).total_seconds())


def inside(spans: Sequence[Span], bounds: Span) -> list[Span]:
    """Return the parts of spans, which are in order and do not overlap, inside `bounds`."""
    parts: list[Span] = []
    for span in spans[bisect_right(spans, bounds.start, key=lambda span: span.end) :]:
        if span.start >= bounds.end:
            break
        parts.append(Span(max(span.start, bounds.start), min(span.end, bounds.end)))
    return parts


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days from `first` to `last`, both in."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a range of days ends before it begins: {self}")

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}...{self.last}"

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def span(self) -> Span:
        """The instants of these days."""
        return Span(utc_midnight(self.first), utc_midnight(self.last + DAY))

    def padded(self, days: int) -> "Days":
        """Return the range with `days` more on both sides."""
        return Days(self.first - days * DAY, self.last + days * DAY)

    def blocks(self, days: int) -> Iterator["Days"]:
        """Cut the range into consecutive ranges of at most `days`, in order."""
        first = self.first
        while first <= self.last:
            last = min(self.last, first + (days - 1) * DAY)
            yield Days(first, last)
            first = last + DAY

    def clipped_to(self, first: date) -> "Days | None":
        """Return the part that is not before `first`, None when nothing is left."""
        return Days(max(self.first, first), self.last) if first <= self.last else None


def local_day_span(day: date, zone: ZoneInfo) -> Span:
    """Return the instants (UTC) of a site-local calendar day."""
    midnights = (datetime.combine(d, time.min, zone).astimezone(UTC) for d in (day, day + DAY))
    return Span(*midnights)


def local_days(span: Span, zone: ZoneInfo) -> list[tuple[date, Span]]:
    """Return every local day that overlaps `span`, with its instants, in order."""
    first = span.start.astimezone(zone).date()
    last = (span.end - timedelta(microseconds=1)).astimezone(zone).date()
    days = [first + n * DAY for n in range((last - first).days + 2)]
    bounds = [datetime.combine(day, time.min, zone).astimezone(UTC) for day in days]
    return [
        (day, Span(start, end)) for day, (start, end) in zip(days, pairwise(bounds), strict=False)
    ]
