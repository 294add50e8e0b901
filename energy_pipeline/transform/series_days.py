"""Hours laid out as a matrix: one row per series and UTC day, one column per hour of the day."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.calendar import Days
from energy_pipeline.schema import INSTANT
from energy_pipeline.transform.instants import DAY_US, HOUR_US, column_us, numbered_day

SeriesDay = tuple[str, str, date]
"""Site, stream and UTC day."""

HOURS = 24

_DAY_BITS = 32
"""A series' index and a day's number make one number, the day in its low bits."""


@dataclass(frozen=True, slots=True)
class SeriesDays:
    """The series' days of a table of hours; a day without any hour is not among them.

    Args:
        keys: site, stream and day of each row.
        day: days since 1970 of each row.
        energy_wh: row by hour; 0 where there is no hour.
        is_there: row by hour; whether there is an hour.
    """

    keys: list[SeriesDay]
    day: NDArray[np.int64]
    energy_wh: NDArray[np.float64]
    is_there: NDArray[np.bool_]

    def of(self, wanted: NDArray[np.bool_]) -> "SeriesDays":
        """Return the marked rows."""
        keys = [key for key, is_wanted in zip(self.keys, wanted, strict=True) if is_wanted]
        return SeriesDays(keys, self.day[wanted], self.energy_wh[wanted], self.is_there[wanted])


def hours_of_day(hourly: pa.Table, day: date) -> pa.Table:
    """Return the rows of one UTC day."""
    span = Days(day, day).span
    inside = pc.and_(
        pc.greater_equal(hourly["hour"], pa.scalar(span.start, INSTANT)),
        pc.less(hourly["hour"], pa.scalar(span.end, INSTANT)),
    )
    return hourly.filter(inside)


def series_days(hourly: pa.Table) -> SeriesDays:
    """Lay out the rows of `hourly_energy`, in any order."""
    site, stream = (
        hourly[name].combine_chunks().dictionary_encode() for name in ("site", "stream")
    )
    hour_us = column_us(hourly["hour"])
    series = site.indices.to_numpy() * np.int64(len(stream.dictionary)) + stream.indices.to_numpy()
    groups, row = np.unique((series << _DAY_BITS) + hour_us // DAY_US, return_inverse=True)
    hour = hour_us % DAY_US // HOUR_US
    energy_wh = np.zeros((groups.size, HOURS))
    energy_wh[row, hour] = hourly["energy_wh"].to_numpy()
    is_there = np.zeros((groups.size, HOURS), np.bool_)
    is_there[row, hour] = True
    names = [(a, b) for a in site.dictionary.to_pylist() for b in stream.dictionary.to_pylist()]
    day = groups & ((1 << _DAY_BITS) - 1)
    keys = [
        (*names[index], numbered_day(number))
        for index, number in zip((groups >> _DAY_BITS).tolist(), day.tolist(), strict=True)
    ]
    return SeriesDays(keys, day, energy_wh, is_there)
