"""Which reads show a given set of hours of many meters: few requests, none larger than is safe.

Pure.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.sinks.enerkey import wire


def plan_reads(
    needed: Mapping[int, Collection[datetime]],
) -> Iterator[tuple[list[int], Span]]:
    """Yield reads (meters, span of full hours) that together show every needed hour.

    Args:
        needed: hours (starts) by meter.
    """
    meters = sorted(meter for meter, hours in needed.items() if hours)
    for n in range(0, len(meters), wire.READ_METERS):
        group = {meter: sorted(needed[meter]) for meter in meters[n : n + wire.READ_METERS]}
        for span in _spans(sorted({hour for hours in group.values() for hour in hours})):
            asked = [meter for meter, hours in group.items() if _any_inside(hours, span)]
            yield asked, span


def _spans(hours: list[datetime]) -> Iterator[Span]:
    """Yield the fewest spans of the widest allowed length that hold all hours, each cut to them."""
    longest = timedelta(days=wire.READ_DAYS)
    start = 0
    for n, hour in enumerate(hours):
        if hour + HOUR - hours[start] > longest:
            yield Span(hours[start], hours[n - 1] + HOUR)
            start = n
    if hours:
        yield Span(hours[start], hours[-1] + HOUR)


def _any_inside(hours: list[datetime], span: Span) -> bool:
    return any(span.start <= hour < span.end for hour in hours)
