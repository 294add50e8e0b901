"""What a message does to hours that are already stored: the five models, and the three of readings.

Pure: stored values and a message in, changes out. Amounts of one message that fall into one hour
are added under every model.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from energy_pipeline.simulators.enerkey.instants import hour_of
from energy_pipeline.simulators.enerkey.switches import (
    HourLabel,
    RepushConsumption,
    RepushCumulative,
)

DECIMALS = 9
"""Places to which an amount is kept, as a decimal column would."""


class Row(NamedTuple):
    """One row of a push: an amount of an hour, or a register position."""

    at_s: int
    value: float


class Merge(NamedTuple):
    """What a message does."""

    changes: dict[int, float]
    """New totals by hour, or new register positions by instant."""
    taken: set[int]
    """Hours or instants of the rows that were not refused, left alone or not."""
    refused: list[Row]
    """Rows that the model refuses with 409."""
    refused_at: set[int]
    """Hours or instants of these rows."""
    parts: dict[int, dict[int, float]]
    """timestamp_upsert: all amounts of a changed hour by their exact timestamp."""


def labelled_hour(at_s: int, label: HourLabel) -> int:
    """Return the start of the hour that a timestamp names."""
    return hour_of(at_s) if label == "start" else hour_of(at_s - 1)


def merge_amounts(
    model: RepushConsumption,
    label: HourLabel,
    rows: Iterable[Row],
    hours: Mapping[int, float],
    parts: Mapping[int, Mapping[int, float]],
) -> Merge:
    """Return what a consumption message does.

    Args:
        model: what a second message of an hour does.
        label: whether a timestamp names the start or the end of its hour.
        rows: of the message.
        hours: stored totals by hour.
        parts: stored amounts by hour and timestamp; kept under timestamp_upsert alone.
    """
    by_hour: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_hour[labelled_hour(row.at_s, label)].append(row)
    merge = Merge({}, set(), [], set(), {})
    for hour, group in by_hour.items():
        if model == "reject" and hour in hours:
            merge.refused.extend(group)
            merge.refused_at.add(hour)
            continue
        merge.taken.add(hour)
        if model == "keep_first" and hour in hours:
            continue
        if model == "timestamp_upsert":
            merge.parts[hour] = dict(parts.get(hour, {})) | _by_timestamp(group)
            merge.changes[hour] = _total(merge.parts[hour].values())
        else:
            before = hours.get(hour, 0.0) if model == "sum" else 0.0
            merge.changes[hour] = _total([before, *(row.value for row in group)])
    return merge


def merge_readings(
    model: RepushCumulative, rows: Iterable[Row], readings: Mapping[int, float]
) -> Merge:
    """Return what a message of readings does; a later row of the same instant is a second one."""
    merge = Merge({}, set(), [], set(), {})
    for row in rows:
        is_second = row.at_s in readings or row.at_s in merge.changes
        if is_second and model == "reject":
            merge.refused.append(row)
            merge.refused_at.add(row.at_s)
            continue
        merge.taken.add(row.at_s)
        if not (is_second and model == "keep_first"):
            merge.changes[row.at_s] = row.value
    return merge


def _total(amounts: Iterable[float]) -> float:
    """Add up as a decimal column would: without the dust of binary fractions."""
    return round(math.fsum(amounts), DECIMALS)


def _by_timestamp(rows: Iterable[Row]) -> dict[int, float]:
    amounts: defaultdict[int, float] = defaultdict(float)
    for row in rows:
        amounts[row.at_s] += row.value
    return dict(amounts)
