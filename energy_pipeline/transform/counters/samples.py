"""When a counter showed what: one sample per reading, at an instant that can be believed.

The gateway's own time is used, which is exact to a second. Where it cannot be right, a meter, which
is read every second, gets the time of arrival; what is reported at intervals gets none and is left
out, so that the time around it becomes a gap. What a gateway keeps of the end of an interval is of
its own clock's quarter of an hour: it is left out while its meters show that the clock is wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from energy_pipeline.transform.instants import NEVER_US, S_US, Microseconds, column_us
from energy_pipeline.transform.series import rows_by_series

CounterKind = Literal["meter", "boundary", "inverters"]
"""`meter`: counts continuously, read seconds ago; `boundary`: a meter's counter at the end of an
interval, in whole Wh; `inverters`: a sum over inverters that report in turn, and that may wrap."""

CLOCK_LIMIT = timedelta(hours=4)
"""A gateway whose clock is wrong by more gives no samples; days around an hour hold the others."""

_CLOCK_TOLERANCE_US = 15 * S_US
"""Seconds between reading and arrival, and between two clocks that are right."""
_REPORT_LAG_US = 900 * S_US
"""How long after its end an interval's report may show up."""
_Shown = tuple[Microseconds, Microseconds, NDArray[np.float64]]
_CLOCK_LIMIT_US = CLOCK_LIMIT // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter by its names, and how it counts."""

    site: str
    stream: str
    serial: str
    name: str
    kind: CounterKind


@dataclass(frozen=True, slots=True)
class Samples:
    """What one counter showed; instants strictly ascending.

    Args:
        at_us: when.
        energy_wh: what.
        shown_until_us: of a sum of inverters, when a poll saw it last, before it saw the next one.
    """

    at_us: Microseconds
    energy_wh: NDArray[np.float64]
    shown_until_us: Microseconds

    def at(self, wanted: NDArray[np.intp] | NDArray[np.bool_]) -> "Samples":
        """Return the samples at these places."""
        return Samples(*(getattr(self, field.name)[wanted] for field in fields(self)))


def counters_of(
    readings: pa.Table, kind_of: Callable[[str], CounterKind]
) -> Iterator[tuple[Counter, Samples]]:
    """Yield the counters of a table of readings with their samples.

    Args:
        readings: rows of `envoy_readings`, in any order; of them site, stream, serial, counter,
            read_at, polled_at and energy_wh are looked at.
        kind_of: how a counter of that name counts.
    """
    for (site, stream), rows in rows_by_series(readings):
        serials, names = (
            rows[each].to_numpy(zero_copy_only=False) for each in ("serial", "counter")
        )
        read_us, polled_us = column_us(rows["read_at"]), column_us(rows["polled_at"])
        energy_wh = rows["energy_wh"].to_numpy()
        meters = [name for name in set(names.tolist()) if kind_of(name) == "meter"]
        for serial, name in sorted(set(zip(serials.tolist(), names.tolist(), strict=True))):
            mine = (serials == serial) & (names == name)
            counter = Counter(site, stream, serial, name, kind_of(name))
            shown = (read_us[mine], polled_us[mine], energy_wh[mine])
            if counter.kind == "boundary":
                metered = (serials == serial) & np.isin(names, meters)
                shown = _kept_by_a_right_clock(shown, read_us[metered], polled_us[metered])
            yield counter, samples_of(*shown, counter.kind)


def samples_of(
    read_us: Microseconds,
    polled_us: Microseconds,
    energy_wh: NDArray[np.float64],
    kind: CounterKind,
) -> Samples:
    """Return the samples of one counter from its readings in any order.

    A reading that was polled again is the same sample; values below 0 are none.

    Args:
        read_us: the gateway's own time.
        polled_us: the time of arrival.
        energy_wh: the counter.
        kind: how it counts.
    """
    first = _first_shown(read_us, polled_us, energy_wh)
    at_us, is_credible = _instants(read_us[first], polled_us[first], kind)
    kept = is_credible & np.isfinite(energy_wh[first]) & (energy_wh[first] >= 0)
    at_us, row = np.unique(at_us[kept], return_index=True)
    row = first[kept][row]
    samples = Samples(at_us, energy_wh[row], at_us)
    if kind != "inverters":
        return samples
    return _shown_again(samples, polled_us[row], (read_us, polled_us, energy_wh))


def _shown_again(samples: Samples, first_us: Microseconds, shown: _Shown) -> Samples:
    """Return the samples, which polls saw first at these instants, with when they saw them last."""
    read_us, polled_us, energy_wh = shown
    sample = np.searchsorted(samples.at_us, read_us)
    is_sample = np.isin(read_us, samples.at_us)
    sample, polled_us, energy_wh = sample[is_sample], polled_us[is_sample], energy_wh[is_sample]
    next_us = np.append(first_us[1:], np.iinfo(np.int64).max)
    again = (samples.energy_wh[sample] == energy_wh) & (polled_us < next_us[sample])
    until_us = samples.at_us.copy()
    np.maximum.at(until_us, sample[again], polled_us[again])
    return replace(samples, shown_until_us=until_us)


def _kept_by_a_right_clock(
    shown: _Shown, meter_read_us: Microseconds, meter_polled_us: Microseconds
) -> _Shown:
    """Return what an interval's end shows where the meter, polled with it, shows a right clock.

    What is shown again later was kept when it was shown first.
    """
    first = _first_shown(*shown)
    read_us, polled_us, energy_wh = shown[0][first], shown[1][first], shown[2][first]
    if not meter_polled_us.size:
        return read_us, polled_us, energy_wh
    order = np.argsort(meter_polled_us)
    at_us, off_us = meter_polled_us[order], np.abs(meter_polled_us - meter_read_us)[order]
    after = np.minimum(np.searchsorted(at_us, polled_us), at_us.size - 1)
    before = np.maximum(after - 1, 0)
    is_before = polled_us - at_us[before] <= at_us[after] - polled_us
    is_right = off_us[np.where(is_before, before, after)] <= _CLOCK_TOLERANCE_US
    return read_us[is_right], polled_us[is_right], energy_wh[is_right]


def _first_shown(
    read_us: Microseconds, polled_us: Microseconds, energy_wh: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the rows that show something for the first time, in order of arrival."""
    order = np.lexsort((polled_us, energy_wh, read_us))
    same = (np.diff(read_us[order]) == 0) & (np.diff(energy_wh[order]) == 0)
    first = order[np.concatenate(([True], ~same))[: order.size]]
    return first[np.lexsort((energy_wh[first], read_us[first], polled_us[first]))]


def _instants(
    read_us: Microseconds, polled_us: Microseconds, kind: CounterKind
) -> tuple[Microseconds, NDArray[np.bool_]]:
    """Return when the samples were true, and which of them can be believed.

    What a report at intervals shows for the first time was read after the poll before, or just
    before it; a clock that jumped says otherwise.
    """
    if kind == "meter":
        off_us = np.abs(polled_us - read_us)
        at_us = np.where(off_us <= _CLOCK_TOLERANCE_US, read_us, polled_us)
        return at_us, off_us <= _CLOCK_LIMIT_US
    earliest_us = np.concatenate(([NEVER_US], polled_us[:-1] - _REPORT_LAG_US))[: read_us.size]
    return read_us, (read_us <= polled_us + _CLOCK_TOLERANCE_US) & (read_us >= earliest_us)
