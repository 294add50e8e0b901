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
    instant_column,
    to_us,
)
from energy_pipeline.transform.series import Series
from energy_pipeline.transform.series_days import HOURS, SeriesDay, series_days


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
    days = series_days(hourly)
    partial_wh = np.cumsum(days.energy_wh, axis=1)
    sums_wh = partial_wh[:, -1].tolist()
    peaks_wh = partial_wh.max(axis=1, initial=0.0).tolist()
    return {
        key: RegisterState(sum_wh, peak_wh)
        for key, sum_wh, peak_wh in zip(days.keys, sums_wh, peaks_wh, strict=True)
    }


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
        hourly: rows of `hourly_energy`; those of days that are not wanted are passed over.
        before: register state at the begin of each series' day that is wanted.
        openings: opening reading of each series.
        open_from: start of the first hour of each series that is neither final nor given up;
            readings after it are not final.
    """
    found = series_days(hourly)
    days = found.of(np.array([key in before for key in found.keys], np.bool_))
    states = [before[key] for key in days.keys]
    opening_wh = _column([openings[site, stream].reading_wh for site, stream, _ in days.keys])
    sum_wh = _column([state.sum_wh for state in states])
    peak_wh = _column([state.peak_wh for state in states])
    highest_wh = np.maximum.accumulate(sum_wh + np.cumsum(days.energy_wh, axis=1), axis=1)
    read_at_us = days.day[:, None] * DAY_US + np.arange(1, HOURS + 1) * HOUR_US
    open_from_us = [to_us(open_from[site, stream]) for site, stream, _ in days.keys]
    row, hour = np.nonzero(days.is_there)
    place = pa.array(row, pa.int64())
    columns = {
        "site": pa.array([site for site, _, _ in days.keys], pa.string()).take(place),
        "stream": pa.array([stream for _, stream, _ in days.keys], pa.string()).take(place),
        "read_at": instant_column(read_at_us[row, hour]),
        "reading_wh": pa.array((opening_wh + np.maximum(peak_wh, highest_wh))[row, hour]),
        "final": pa.array(read_at_us[row, hour] <= np.array(open_from_us, np.int64)[row]),
    }
    readings = pa.Table.from_pydict(columns, schema=CUMULATIVE_READINGS.schema)
    return pa.concat_tables([_opening_rows(before, openings), readings]).sort_by(
        [(key, "ascending") for key in CUMULATIVE_READINGS.sort_keys]
    )


def _column(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)[:, None]


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
