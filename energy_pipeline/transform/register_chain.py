"""Whether register readings follow from the hours, judged from a range of days alone.

How readings are made is in `cumulative.py`; here they are followed from hour to hour instead, so
that a day that was made from other hours than its neighbours is found.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.schema import INSTANT
from energy_pipeline.transform.agreement import is_same_energy
from energy_pipeline.transform.instants import HOUR_US, column_us, from_us
from energy_pipeline.transform.series import Series, rows_by_series

_BROKEN_REGISTERS = pa.schema(
    [
        ("site", pa.string()),
        ("stream", pa.string()),
        ("read_at", INSTANT),
        ("reading_wh", pa.float64()),
        ("expected_wh", pa.float64()),
    ]
)


def broken_registers(hourly: pa.Table, readings: pa.Table) -> pa.Table:
    """Return where a register's readings do not follow from the hours; no rows when all do.

    Args:
        hourly: rows of `hourly_energy` of a range of days.
        readings: rows of `cumulative_readings` of the same days.

    Returns:
        Columns site, stream, read_at, reading_wh (null: there is none), expected_wh (null: there
        is no hour for the reading); of each series its first break, sorted.
    """
    hours = dict(rows_by_series(hourly))
    registers = dict(rows_by_series(readings))
    parts = [
        _first_break(series, hours.get(series, hourly[:0]), registers.get(series, readings[:0]))
        for series in sorted(hours.keys() | registers.keys())
    ]
    return pa.concat_tables([_BROKEN_REGISTERS.empty_table(), *parts])


def _first_break(series: Series, hourly: pa.Table, readings: pa.Table) -> pa.Table:
    read_us, hour_end_us = column_us(readings["read_at"]), column_us(hourly["hour"]) + HOUR_US
    reading_wh, energy_wh = readings["reading_wh"].to_numpy(), hourly["energy_wh"].to_numpy()
    has_opening = bool(read_us.size) and not (hour_end_us <= read_us[0]).any()
    unpaired_us = np.setxor1d(read_us[has_opening:], hour_end_us)
    if unpaired_us.size:
        at_us = int(unpaired_us[0])
        found = reading_wh[read_us == at_us]
        reading = float(found[0]) if found.size else None
        return _broken(series, at_us, reading, None)
    expected_wh = _expected(reading_wh, energy_wh, has_opening)
    broken = np.flatnonzero(~is_same_energy(expected_wh, reading_wh))
    if not broken.size:
        return _BROKEN_REGISTERS.empty_table()
    at = broken[0]
    return _broken(series, int(read_us[at]), float(reading_wh[at]), float(expected_wh[at]))


def _expected(
    reading_wh: NDArray[np.float64], energy_wh: NDArray[np.float64], has_opening: bool
) -> NDArray[np.float64]:
    """Return what the readings should be, as far as a range tells.

    A register that has just risen owes nothing to negative hours before it, nor does the opening
    reading: from there on each reading follows. Before its first rise it can only stay.
    """
    expected_wh = reading_wh.copy()
    rises = np.flatnonzero(np.diff(reading_wh) > 0) + 1
    if has_opening:
        known = 0
    elif rises.size:
        known = int(rises[0])
        highest_wh = reading_wh[0] + max(0.0, float(energy_wh[known]))
        expected_wh[known] = min(highest_wh, float(reading_wh[known]))
    else:
        known = reading_wh.size - 1
    expected_wh[:known] = reading_wh[:1]
    later_wh = energy_wh[known if has_opening else known + 1 :]
    highest_rise_wh = np.maximum.accumulate(np.cumsum(later_wh))
    expected_wh[known + 1 :] = expected_wh[known] + np.maximum(0.0, highest_rise_wh)
    return expected_wh


def _broken(
    series: Series, at_us: int, reading_wh: float | None, expected_wh: float | None
) -> pa.Table:
    columns = {
        "site": [series[0]],
        "stream": [series[1]],
        "read_at": [from_us(at_us)],
        "reading_wh": [reading_wh],
        "expected_wh": [expected_wh],
    }
    return pa.Table.from_pydict(columns, schema=_BROKEN_REGISTERS)
