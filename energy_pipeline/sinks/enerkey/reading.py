"""Reading given hours of many meters in few requests, none larger than is safe."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.client import EnerKeyClient

Shown = dict[int, dict[datetime, float | None]]
"""By meter and hour what EnerKey shows, None for nothing; a meter it does not answer is absent."""


async def read_hours(
    client: EnerKeyClient,
    needed: Mapping[int, Collection[datetime]],
    *,
    is_read_back: bool = False,
) -> Shown:
    """Return what EnerKey shows of some hours.

    Args:
        client: EnerKey.
        needed: hours (starts) by meter.
        is_read_back: it finishes what was begun and may use the last requests of the day.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """
    found: Shown = {}
    lost: set[int] = set()
    for meter_ids, span in plan_reads(needed):
        answer = await client.hourly_values(meter_ids, span, is_read_back=is_read_back)
        lost.update(set(meter_ids) - answer.keys())
        for meter_id, values in answer.items():
            hours = (hour for hour in needed[meter_id] if span.start <= hour < span.end)
            found.setdefault(meter_id, {}).update((hour, values.get(hour)) for hour in hours)
    return {meter_id: hours for meter_id, hours in found.items() if meter_id not in lost}


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
