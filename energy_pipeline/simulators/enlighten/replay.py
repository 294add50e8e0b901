"""Systems from exports of real ones.

Reads the interval exports of the vendor's portal: start labels `2019-01-01 00:15:00 +0000`, or
`MM/DD/YYYY HH:MM` in local wall time, in steps of 15 or 60 minutes. Every row's whole Wh come back
out exactly: 60 minutes are split into quarters, quarters into 5 minutes.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import (
    METER_INTERVAL_S,
    MICRO_INTERVAL_S,
    Series,
    Stream,
    System,
)
from energy_pipeline.simulators.enlighten.localdays import local_date, midnights
from energy_pipeline.simulators.enlighten.noise import Int64s
from energy_pipeline.simulators.enlighten.shaping import daylight, reporting_micros, split_evenly

MeasuredBy = Literal["micro", "meter", "both"]

# The beginning of a column's title decides: the rest names the product generation.
_COLUMNS: Mapping[str, Stream] = MappingProxyType(
    {
        "energy produced": "production_meter",
        "energy consumed": "consumption",
        "exported": "grid_export",
        "imported": "grid_import",
        "stored": "battery_charge",
        "discharged": "battery_discharge",
    }
)
_STEPS_S = (900, 3600)
_AC_BATTERY = Battery(capacity_wh=1200, power_w=270)  # the battery of the exports that have one


@dataclass(frozen=True, eq=False)
class Export:
    """The rows of one or more exports, in order.

    Attributes:
        start_at: start of every row, epoch seconds, ascending.
        step_s: length of a row in seconds.
        energy_wh: a value per row for every column that the export has.
    """

    start_at: Int64s
    step_s: int
    energy_wh: Mapping[Stream, Int64s]


def replayed_system(
    paths: Sequence[Path],
    timezone: str,
    *,
    system_id: int = 67,
    name: str = "Replayed house",
    measured_by: MeasuredBy = "both",
    size_w: int = 4000,
    micros: int = 16,
) -> System:
    """Return a system that measured exactly what the exports say.

    Args:
        paths: exports of one house, in order of time.
        timezone: IANA zone of the house; also the zone of labels without an offset.
        system_id: the id that it gets.
        name: the name that it gets.
        measured_by: micros (nights are absent), a meter (nights are zero) or both.
        size_w: rated power.
        micros: number of microinverters.

    Raises:
        ValueError: a file is not such an export; the message names file, line and what is allowed.
    """
    export = read_export(paths, ZoneInfo(timezone))
    series: dict[Stream, Series] = {
        stream: _quarters(export, wh) for stream, wh in export.energy_wh.items()
    }
    meter = series.get("production_meter")
    if meter is not None and measured_by != "meter":
        series["production_micro"] = _micro_intervals(meter, ZoneInfo(timezone), micros)
    if measured_by == "micro":
        series.pop("production_meter", None)
    battery = _AC_BATTERY if {"battery_charge", "battery_discharge"} <= series.keys() else None
    return System(
        system_id, name, timezone, size_w, micros, MappingProxyType(series), battery=battery
    )


def read_export(paths: Sequence[Path], zone: ZoneInfo) -> Export:
    """Read the exports of one house.

    Raises:
        ValueError: a file is not such an export, or the rows do not ascend.
    """
    instants: list[int] = []
    columns: dict[Stream, list[int]] = {}
    for path in paths:
        for where, instant, values in _rows(path, zone, instants):
            if instants and instant <= instants[-1]:
                raise ValueError(f"{where}: not later than the row before; each instant once")
            instants.append(instant)
            for stream, value in values.items():
                columns.setdefault(stream, []).append(value)
    if len(instants) < 2 or any(len(values) != len(instants) for values in columns.values()):
        raise ValueError(
            f"{', '.join(map(str, paths))}: at least two rows, the same columns in every file"
        )
    start_at = np.array(instants, np.int64)
    step_s = int(np.diff(start_at).min())
    off_grid = ((start_at - start_at[0]) % step_s).any() or start_at[0] % METER_INTERVAL_S
    if step_s not in _STEPS_S or off_grid:
        raise ValueError(f"{paths[0]}: rows {step_s} s apart; allowed: steps of 15 or 60 minutes")
    return Export(start_at, step_s, {s: np.array(v, np.int64) for s, v in columns.items()})


def _rows(
    path: Path, zone: ZoneInfo, earlier: Sequence[int]
) -> Iterator[tuple[str, int, dict[Stream, int]]]:
    """Yield place, start and values of every row; `earlier` resolves the repeated hour."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file)
        title, *titles = next(reader, [""])
        streams: list[Stream | None] = [_stream_of(text) for text in titles]
        if title.strip().lower() != "date/time" or "production_meter" not in streams:
            raise ValueError(
                f"{path}:1: found {title!r}; allowed: an interval export whose columns begin"
                " with Date/Time, Energy Produced (Wh)"
            )
        for row in filter(None, reader):
            where = f"{path}:{reader.line_num}"
            try:
                instant = _instant(row[0], zone, earlier[-1] if earlier else None)
                values = _values(streams, row[1:])
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"{where}: found {','.join(row)!r}; allowed: a start label and whole Wh"
                ) from error
            yield where, instant, values


def _stream_of(title: str) -> Stream | None:
    plain = title.strip().lower()
    return next((stream for start, stream in _COLUMNS.items() if plain.startswith(start)), None)


def _values(streams: Sequence[Stream | None], texts: Sequence[str]) -> dict[Stream, int]:
    values: dict[Stream, int] = {}
    for stream, text in zip(streams, texts, strict=True):
        if stream is not None:
            values[stream] = int(text)
    return values


def _instant(label: str, zone: ZoneInfo, earlier: int | None) -> int:
    """Read a start label; of a repeated wall time the second one follows the first."""
    if label[4:5] == "-":
        return int(datetime.fromisoformat(label[:19] + label[19:].strip()).timestamp())
    date_, _, clock = label.partition(" ")
    month, day, year = map(int, date_.split("/"))
    hour, minute = map(int, clock.split(":"))
    wall = datetime(year, month, day, hour, minute, tzinfo=zone)
    instant = int(wall.astimezone(UTC).timestamp())
    if earlier is not None and instant <= earlier:
        return int(wall.replace(fold=1).astimezone(UTC).timestamp())
    return instant


def _quarters(export: Export, energy_wh: Int64s) -> Series:
    """Put the rows on a grid of quarters; where a row is missing, there is no interval."""
    parts = export.step_s // METER_INTERVAL_S
    first = int(export.start_at[0])
    rows = (export.start_at - first) // export.step_s
    length = int(rows[-1]) + 1
    dense = np.zeros(length, np.int64)
    dense[rows] = energy_wh
    present = np.zeros(length, np.int16)
    present[rows] = 1
    return Series(
        METER_INTERVAL_S,
        first + METER_INTERVAL_S,
        split_evenly(dense, parts),
        np.repeat(present, parts),
    )


def _micro_intervals(meter: Series, zone: ZoneInfo, micros: int) -> Series:
    """Split a meter's quarters into what micros would have reported."""
    ends = meter.end_at()
    first, last = (local_date(int(end) - 1, zone) for end in (ends[0], ends[-1]))
    day_of = np.searchsorted(midnights(first, last, zone), ends, side="left")
    lit = daylight(meter.energy_wh, day_of) & (meter.devices > 0)
    parts = METER_INTERVAL_S // MICRO_INTERVAL_S
    return Series(
        MICRO_INTERVAL_S,
        meter.start_at + MICRO_INTERVAL_S,
        split_evenly(meter.energy_wh, parts),
        reporting_micros(np.repeat(lit, parts), micros),
    )
