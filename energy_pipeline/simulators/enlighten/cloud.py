"""What the cloud knows at an instant: arrival, late devices, outages, revisions, day totals.

Pure arithmetic on the data set and the faults; nothing is stored, so moving the clock back and
forth is always consistent. Instants are epoch seconds.
"""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from energy_pipeline.simulators.enlighten.dataset import Stream, System
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.localdays import midnights
from energy_pipeline.simulators.enlighten.noise import Int64s, noise, whole

EVERYTHING_ARRIVED = 2**40
"""An instant after everything that will ever arrive."""
_NEVER = 2**62
_GATHERING_S = 300  # a gateway uploads an interval 5 minutes after its end at the earliest
_AFTER_REPORT_S = 133  # as captured once
_SILENT_AFTER_S = 24 * 3600
_LATE, _LATE_DEVICES, _LATE_BY, _REVISED, _OFF_GRID, _WATTS = range(200, 206)
_BLOCK = 2048
_STREAM_SALT: dict[Stream, int] = {
    "production_micro": 1,
    "production_meter": 2,
    "consumption": 3,
    "grid_import": 4,
    "grid_export": 5,
    "battery_charge": 6,
    "battery_discharge": 7,
}


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals as the cloud shows them, ascending; all arrays of one length."""

    end_at: Int64s
    energy_wh: Int64s
    devices_reporting: Int64s

    def __len__(self) -> int:
        return len(self.end_at)


@dataclass(frozen=True, eq=False)
class _Shown:
    """A dense slice of a series at an instant; what is not visible is 0 with 0 devices."""

    end_at: Int64s
    energy_wh: Int64s
    devices: Int64s
    visible: npt.NDArray[np.bool_]


class Cloud:
    """The cloud's knowledge of any system under the given faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def intervals(
        self, system: System, stream: Stream, start: int, end: int, now: int
    ) -> Intervals:
        """Return the intervals with `start` < end of interval <= `end` that are known `now`."""
        series = system.series.get(stream)
        if series is None:
            none = np.zeros(0, np.int64)
            return Intervals(none, none, none)
        shown = self._shown(system, stream, series.after(start), series.after(end), now)
        seen = shown.visible
        return Intervals(shown.end_at[seen], shown.energy_wh[seen], shown.devices[seen])

    def dark_ends(self, system: System, stream: Stream, start: int, end: int, now: int) -> Int64s:
        """Return the marks of nothing: reported by now, but there never was such an interval."""
        series = system.series.get(stream)
        if series is None:
            return np.zeros(0, np.int64)
        low, high = series.after(start), series.after(end)
        end_at = series.end_at(low, high)
        arrived = self._arrived_at(system, end_at, series.interval_s)
        return end_at[(series.devices[low:high] == 0) & (arrived <= now)]

    def newest(self, system: System, stream: Stream, now: int) -> int | None:
        """Return the end of the newest interval that is known `now`."""
        series = system.series.get(stream)
        high = series.after(now) if series else 0
        while high > 0:
            low = max(0, high - _BLOCK)
            shown = self._shown(system, stream, low, high, now)
            if shown.visible.any():
                return int(shown.end_at[shown.visible][-1])
            high = low
        return None

    def oldest(self, system: System, stream: Stream, now: int) -> int | None:
        """Return the end of the first interval that is known `now`."""
        series = system.series.get(stream)
        known = series.after(now) if series else 0
        for low in range(0, known, _BLOCK):
            shown = self._shown(system, stream, low, min(low + _BLOCK, known), now)
            if shown.visible.any():
                return int(shown.end_at[shown.visible][0])
        return None

    def day_totals(
        self, system: System, stream: Stream, first: date, last: date, now: int
    ) -> Int64s:
        """Return what is known `now` of each local day from `first` to `last`; 0 is nothing."""
        series = system.series.get(stream)
        bounds = midnights(first, last, system.zone)
        if series is None:
            return np.zeros(len(bounds) - 1, np.int64)
        index = np.array([series.after(int(bound)) for bound in bounds])
        shown = self._shown(system, stream, int(index[0]), int(index[-1]), now)
        sums = np.concatenate(([0], np.cumsum(shown.energy_wh)))
        return sums[index[1:] - index[0]] - sums[index[:-1] - index[0]]

    def last_report_at(self, system: System, now: int) -> int | None:
        """Return the gateway's newest upload."""
        at = _upload_before(system, now)
        for outage in reversed(self.outages(system)):
            if _epoch(outage.start) <= at < _epoch(outage.end):
                at = _upload_before(system, _epoch(outage.start) - 1)
        return at if at > system.operational_at else None

    def last_energy_at(self, system: System, now: int) -> int | None:
        """Return when production was last reported; seldom on a mark."""
        newest = self.newest(system, system.production, now)
        if newest is None:
            return None
        reported = self.last_report_at(system, now)
        if self._faults.energy_after_report and reported is not None:
            return reported + _AFTER_REPORT_S
        return newest + whole(240, newest, system.system_id, _OFF_GRID)

    def status(self, system: System, now: int) -> str:
        """Return the system's status: `comm` when its gateway has been silent for a day."""
        reported = self.last_report_at(system, now)
        silent = reported is None or now - reported > _SILENT_AFTER_S
        return self._faults.status.get(system.system_id, "comm" if silent else "normal")

    def outages(self, system: System) -> list[Outage]:
        """Return the system's outages, earliest first, whenever they are."""
        ours = (o for o in self._faults.outages if o.system_id in (None, system.system_id))
        return sorted(ours, key=lambda outage: outage.start)

    def _shown(self, system: System, stream: Stream, low: int, high: int, now: int) -> _Shown:
        series = system.series[stream]
        end_at = series.end_at(low, high)
        devices = series.devices[low:high].astype(np.int64)
        energy = series.energy_wh[low:high].astype(np.int64)
        arrived = self._arrived_at(system, end_at, series.interval_s)
        visible = (devices > 0) & (arrived <= now)
        reporting = devices - self._missing(system, end_at, devices, arrived, now)
        energy = np.where(reporting < devices, energy * reporting // np.maximum(devices, 1), energy)
        if self._faults.revised_share:
            energy = energy + self._excess(system, stream, end_at, now)
        shown = _Shown(end_at, energy, reporting, visible)
        self._revise(system, stream, shown, now)
        for hidden in (shown.energy_wh, shown.devices):
            hidden[~shown.visible] = 0
        return shown

    def _arrived_at(self, system: System, end_at: Int64s, interval_s: int) -> Int64s:
        """Return when the first devices' data of each interval reached the cloud."""
        arrived = _upload_after(system, end_at + _GATHERING_S)
        for outage in self.outages(system):
            start, end = _epoch(outage.start), _epoch(outage.end)
            offline = (arrived >= start) & (arrived < end)
            arrived[offline] = _upload_after(system, np.array([end]))[0]
            if not outage.filled:
                arrived[(end_at > start) & (end_at - interval_s < end)] = _NEVER
        return arrived

    def _missing(
        self, system: System, end_at: Int64s, devices: Int64s, arrived: Int64s, now: int
    ) -> Int64s:
        """Return how many devices' data of each interval has not arrived yet."""
        missing = np.zeros_like(devices)
        slowest_s = system.upload_every_s * (1 + self._faults.late_up_to_s // 900)
        young = np.flatnonzero((devices > 1) & (now < arrived + slowest_s))
        if len(young) and self._faults.late_share:
            salts, at = (self._faults.seed, system.system_id), end_at[young]
            uploads = 1 + noise(at, *salts, _LATE_BY) * (self._faults.late_up_to_s // 900)
            late = now < arrived[young] + system.upload_every_s * uploads.astype(np.int64)
            hit = noise(at, *salts, _LATE) < self._faults.late_share
            some = 1 + (noise(at, *salts, _LATE_DEVICES) * (devices[young] - 1)).astype(np.int64)
            missing[young] = np.where(hit & late, some, 0)
        return missing

    def _excess(self, system: System, stream: Stream, end_at: Int64s, now: int) -> Int64s:
        """Return the 1 Wh by which some young intervals are still too high."""
        salts = (self._faults.seed, system.system_id, _STREAM_SALT[stream], _REVISED)
        hit = noise(end_at, *salts) < self._faults.revised_share
        return (hit & (now < end_at + self._faults.revised_after_s)).astype(np.int64)

    def _revise(self, system: System, stream: Stream, shown: _Shown, now: int) -> None:
        for revision in self._faults.revisions:
            if (revision.system_id, revision.stream) != (system.system_id, stream):
                continue
            end = _epoch(revision.end_at)
            at = np.flatnonzero(shown.end_at == end)
            if len(at) and end + _GATHERING_S <= now < _epoch(revision.until):
                shown.visible[at] = revision.before_wh is not None
                shown.energy_wh[at] = revision.before_wh or 0
                shown.devices[at] = np.maximum(shown.devices[at], 1)


def average_power_w(system: System, intervals: Intervals) -> Int64s:
    """Return the mean power of 5-minute intervals; a twelfth of it rounds to their energy."""
    spread = (noise(intervals.end_at, system.system_id, _WATTS) * 11).astype(np.int64) - 5
    return 12 * intervals.energy_wh + np.where(intervals.energy_wh == 0, abs(spread), spread)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def _upload_after(system: System, at: Int64s) -> Int64s:
    """Return the system's first regular upload at or after each instant."""
    every, phase = system.upload_every_s, system.upload_phase_s
    return -(-(at - phase) // every) * every + phase


def _upload_before(system: System, at: int) -> int:
    every, phase = system.upload_every_s, system.upload_phase_s
    return (at - phase) // every * every + phase
