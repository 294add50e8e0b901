"""Registers of several sites, followed day by day from the sites' starts by the hours' footers.

Which days are written is decided in `cumulative.py`; how readings are made, in `transform/`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from energy_pipeline.calendar import DAY, utc_midnight
from energy_pipeline.configuration.sites import Site
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.cumulative import Opening, RegisterState
from energy_pipeline.transform.finality import HOUR_S, first_open_hours
from energy_pipeline.units import unit_to_wh

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Registers:
    """Where the registers stand, while the days since the first start pass by once and in order.

    Registers of a cumulative upload exist from the site's start, others from the first day of
    which hours are stored; these open with 0.
    """

    def __init__(self, sites: Sequence[Site]) -> None:
        self._starts = {site.id: site.start for site in sites}
        self._opening_wh = {
            (site.id, upload.stream): unit_to_wh(upload.opening_reading, upload.unit)
            for site in sites
            for upload in site.uploads
            if upload.reading == "cumulative"
        }
        self._states: dict[Key, RegisterState] = {}

    def pass_day(self, day: date, hourly: Mapping[Key, Coverage]) -> dict[Key, RegisterState]:
        """Move on over a day, of which `hourly` is the coverage of the hours.

        Returns:
            The state at the day's begin of each series that has a register on the day.
        """
        known = self._states.keys() | self._opening_wh.keys() | hourly.keys()
        before = {
            key: self._states.get(key, RegisterState())
            for key in known
            if self._starts[key[0]] <= day
        }
        for key in before.keys() & hourly.keys():
            self._states[key] = before[key].after(_register(hourly[key]))
        return before

    def opening(self, key: Key) -> Opening:
        """Return the opening reading of a series."""
        return Opening(self._starts[key[0]], self._opening_wh.get(key, 0.0))

    def is_uploaded(self, key: Key) -> bool:
        """Whether the series' readings are uploaded."""
        return key in self._opening_wh

    def coverage(
        self,
        key: Key,
        day: date,
        before: RegisterState,
        hourly: Coverage | None,
        written_at: datetime,
    ) -> Coverage:
        """Return the coverage of a day's readings, all of them final.

        `energy_wh` is the sum since the start and `peak_wh` the register's position, both at the
        end of the day: with the number of rows they tell whether readings still follow from hours.
        """
        opening = self.opening(key)
        after = before if hourly is None else before.after(_register(hourly))
        hours = 0 if hourly is None else hourly.rows
        return Coverage(
            site=key[0],
            stream=key[1],
            written_at=written_at,
            rows=hours + (day == opening.day),
            covered_s=hours * HOUR_S,
            final_s=hours * HOUR_S,
            energy_wh=after.sum_wh,
            peak_wh=opening.reading_wh + after.peak_wh,
            answer="computed",
        )


def _register(hours: Coverage) -> RegisterState:
    return RegisterState(hours.energy_wh, hours.peak_wh)


class OpenHours:
    """The first open hour of each series, while the days that are not given up pass by in order.

    Args:
        sites: their starts.
        given_up_until: hours before this instant are final or given up.
    """

    def __init__(self, sites: Sequence[Site], given_up_until: datetime) -> None:
        self._begins = {site.id: max(utc_midnight(site.start), given_up_until) for site in sites}
        self._followed: set[Key] = set()
        self.first: dict[Key, datetime] = {}
        """Of each series that has one: start of the first hour neither final nor given up."""

    def pass_day(
        self, day: date, series: Mapping[Key, RegisterState], hourly: pa.Table
    ) -> dict[Key, datetime]:
        """Look at a day's hours; return for each series until when its readings are final."""
        end = utc_midnight(day + DAY)
        begins: dict[Key, datetime] = {}
        for key in series.keys() - self.first.keys():
            begin = self._begins[key[0]]
            begins[key] = max(begin, utc_midnight(day)) if key in self._followed else begin
        self._followed.update(series)
        found = first_open_hours(hourly, begins, end)
        self.first.update({key: hour for key, hour in found.items() if hour < end})
        return {key: self.first.get(key, NEVER) for key in series}
