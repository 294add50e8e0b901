"""From hours to `cumulative_readings`: a register that starts at the opening reading, never falls.

With S the sum of a series' hours since its start, the register is the opening reading plus the
highest value that S ever had, at least 0: a negative hour is carried forward against the hours
after it. A UTC day enters later days only by its sum and the highest of its partial sums, so that
each day can be computed from its own hours and the `RegisterState` at its begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.calendar import utc_midnight
from energy_pipeline.schema import CUMULATIVE_READINGS
from energy_pipeline.transform.instants import (
    DAY_US,
    HOUR_US,
    Microseconds,
    column_us,
    instant_column,
    numbered_day,
    to_us,
)
from energy_pipeline.transform.series import Series, rows_by_series

SeriesDay = tuple[str, str, date]
"""Site, stream and UTC day."""

_HOURS = 24


@dataclass(frozen=True, slots=True)
class RegisterState:
    """What the hours since the start have added up to.

    Args:
        sum_wh: their sum.
        peak_wh: the highest sum there was, at least 0: the register without its opening reading.
    """

    sum_wh: float = 0.0
    peak_wh: float = 0.0

    def after(self, day: "RegisterState") -> "RegisterState":
        """Return the state after one more day, of which `day` is the state from 0."""
        return RegisterState(self.sum_wh + day.sum_wh, max(self.peak_wh, self.sum_wh + day.peak_wh))


@dataclass(frozen=True, slots=True)
class Opening:
    """The register's position at a series' start: the first UTC day of its data, in Wh."""

    day: date
    reading_wh: float


def day_registers(hourly: pa.Table) -> dict[SeriesDay, RegisterState]:
    """Return, for each series and UTC day with hours, the register state from 0.

    Args:
        hourly: rows of `hourly_energy`.
    """
    found: dict[SeriesDay, RegisterState] = {}
    for series, rows in rows_by_series(hourly):
        days, energy_wh, _ = _day_by_hour(rows)
        partial_wh = np.cumsum(energy_wh, axis=1)
        peaks_wh = np.maximum(0.0, partial_wh.max(axis=1))
        for number, sum_wh, peak_wh in zip(days, partial_wh[:, -1], peaks_wh, strict=True):
            state = RegisterState(float(sum_wh), float(peak_wh))
            found[*series, numbered_day(number)] = state
    return found


def cumulative_readings(
    hourly: pa.Table,
    *,
    before: Mapping[SeriesDay, RegisterState],
    openings: Mapping[Series, Opening],
    open_from: Mapping[Series, datetime],
) -> pa.Table:
    """Return the readings of whole UTC days as rows of `cumulative_readings`, sorted.

    One reading per row of `hourly`, at the end of its hour; a series' first day has its opening
    reading as well. The readings of a day depend on that day's hours and state alone.

    Args:
        hourly: rows of `hourly_energy`, of days in `before` only.
        before: register state at the begin of each series' day that is wanted.
        openings: opening reading of each series.
        open_from: start of the first hour of each series that is neither final nor given up;
            readings after it are not final.
    """
    parts = [_opening_rows(before, openings)]
    for series, rows in rows_by_series(hourly):
        days, energy_wh, is_there = _day_by_hour(rows)
        states = [before[*series, numbered_day(number)] for number in days]
        sum_wh = np.array([[state.sum_wh] for state in states])
        peak_wh = np.array([[state.peak_wh] for state in states])
        highest_wh = np.maximum.accumulate(sum_wh + np.cumsum(energy_wh, axis=1), axis=1)
        register_wh = openings[series].reading_wh + np.maximum(peak_wh, highest_wh)
        read_at_us = days[:, None] * DAY_US + np.arange(1, _HOURS + 1) * HOUR_US
        final = read_at_us <= to_us(open_from[series])
        parts.append(
            _readings(series, read_at_us[is_there], register_wh[is_there], final[is_there])
        )
    return pa.concat_tables(parts).sort_by(
        [(key, "ascending") for key in CUMULATIVE_READINGS.sort_keys]
    )


def _day_by_hour(
    rows: pa.Table,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the days of one series, and day by hour the energy (absent: 0) and what is there."""
    hour_us = column_us(rows["hour"])
    days, at = np.unique(hour_us // DAY_US, return_inverse=True)
    hours = hour_us % DAY_US // HOUR_US
    energy_wh = np.zeros((days.size, _HOURS))
    energy_wh[at, hours] = rows["energy_wh"].to_numpy()
    is_there = np.zeros((days.size, _HOURS), np.bool_)
    is_there[at, hours] = True
    return days, energy_wh, is_there


def _opening_rows(
    before: Mapping[SeriesDay, RegisterState], openings: Mapping[Series, Opening]
) -> pa.Table:
    """Return the opening readings of the series whose first day is wanted; no hour precedes it."""
    wanted = {
        series: opening for series, opening in openings.items() if (*series, opening.day) in before
    }
    columns = {
        "site": [site for site, _ in wanted],
        "stream": [stream for _, stream in wanted],
        "read_at": [utc_midnight(opening.day) for opening in wanted.values()],
        "reading_wh": [opening.reading_wh for opening in wanted.values()],
        "final": [True for _ in wanted],
    }
    return pa.Table.from_pydict(columns, schema=CUMULATIVE_READINGS.schema)


def _readings(
    series: Series,
    read_at_us: Microseconds,
    reading_wh: NDArray[np.float64],
    final: NDArray[np.bool_],
) -> pa.Table:
    columns = {
        "site": pa.repeat(series[0], read_at_us.size),
        "stream": pa.repeat(series[1], read_at_us.size),
        "read_at": instant_column(read_at_us),
        "reading_wh": pa.array(reading_wh),
        "final": pa.array(final),
    }
    return pa.Table.from_pydict(columns, schema=CUMULATIVE_READINGS.schema)
