"""Registers of several sites, followed day by day from the sites' starts by the hours' footers.

Which days are written is decided in `cumulative.py`; how readings are made, in `transform/`.
"""

from collections.abc import Collection, Mapping, Sequence
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

    @property
    def uploaded(self) -> frozenset[Key]:
        """Series whose readings are uploaded."""
        return frozenset(self._opening_wh)

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
    """The first open hour of each series, while the days since the first start pass by in order.

    Only what was looked for can be given up. A day of which nobody has computed the series' hours
    is open however old it is: a register that lacks it would be told to EnerKey as if it were true.
    A series without an upload is looked for by computing any hours of its site.

    Args:
        sites: their starts.
        uploaded: series whose readings are uploaded.
        given_up_until: hours before this instant that were looked for are final or given up.
    """

    def __init__(
        self, sites: Sequence[Site], uploaded: Collection[Key], given_up_until: datetime
    ) -> None:
        self._starts = {site.id: site.start for site in sites}
        self._uploaded = frozenset(uploaded)
        self._given_up_until = given_up_until
        self._followed: set[Key] = set()
        self._skipped: dict[str, datetime] = {}
        self.first: dict[Key, datetime] = {}
        """Of each series that has one: start of the first hour neither final nor given up."""

    def pass_footers(self, day: date, series: Collection[Key], hourly: Collection[Key]) -> None:
        """Look at what was computed of a day, `hourly`; must precede the day's hours."""
        begin, computed = utc_midnight(day), {site for site, _ in hourly}
        for site, start in self._starts.items():
            if start <= day and site not in computed:
                self._skipped.setdefault(site, begin)
        for key in series:
            if key in self.first:
                continue
            if key in self._uploaded and key not in hourly:
                self.first[key] = begin
            elif key[0] in self._skipped:
                self.first[key] = self._skipped[key[0]]

    def pass_hours(self, day: date, series: Collection[Key], hourly: pa.Table) -> None:
        """Look at the hours of a day that is not given up, or not all of it."""
        end = utc_midnight(day + DAY)
        begins = {
            key: max(
                utc_midnight(day if key in self._followed else self._starts[key[0]]),
                self._given_up_until,
            )
            for key in series
            if key not in self.first
        }
        self._followed.update(series)
        found = first_open_hours(hourly, begins, end)
        self.first.update({key: hour for key, hour in found.items() if hour < end})
