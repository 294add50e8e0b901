"""Dialect v2: a system as one request sees it, and the bodies of days and summaries.

Plain JSON values from what the cloud knows; the bodies of interval lists are in `intervals.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from energy_pipeline.simulators.enlighten.cloud import Cloud
from energy_pipeline.simulators.enlighten.dataset import Stream, System
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.figures import day_figures
from energy_pipeline.simulators.enlighten.totals import meter_start, production_totals
from energy_pipeline.simulators.enlighten.v2.windows import DayRange

Json = Mapping[str, Any]
Stamp = Callable[[int | None], int | str | None]
"""Shows an instant in the format that the request asks for."""


def stamp_of(datetime_format: str | None, system: System | None) -> Stamp:
    """Return how instants are shown: epoch seconds, or ISO 8601 with the system's offset."""
    if datetime_format != "iso8601":
        return lambda instant: instant
    zone = system.zone if system else UTC
    return lambda instant: (
        None if instant is None else datetime.fromtimestamp(instant, zone).isoformat()
    )


@dataclass(frozen=True)
class View:
    """One system at one instant, as one request sees it."""

    system: System
    cloud: Cloud
    faults: Faults
    now: int
    stamp: Stamp

    def meta(self) -> Json:
        """Return the state of the system now."""
        return {
            "status": self.cloud.status(self.system, self.now),
            "last_report_at": self.stamp(self.cloud.last_report_at(self.system, self.now)),
            "last_energy_at": self.stamp(self.cloud.last_energy_at(self.system, self.now)),
            "operational_at": self.stamp(self.system.operational_at),
        }

    def listing(self) -> Json:
        """Return the system as an element of the systems list."""
        system, meta = self.system, self.meta()
        optional = {"reference": system.reference} if system.reference else {}
        return {
            "system_id": system.system_id,
            "system_name": system.name,
            "system_public_name": system.public_name,
            **optional,
            "country": system.country,
            "state": system.state,
            "city": system.city,
            "postal_code": system.postal_code,
            "timezone": system.timezone,
            "connection_type": system.connection_type,
            "status": meta["status"],
            "meta": meta,
        }

    def summary(self, day: date) -> Json:
        """Return the figures of one local day and of all days before it."""
        system, meta = self.system, self.meta()
        figures = day_figures(self.cloud, system, day, self.now)
        return {
            "system_id": system.system_id,
            "modules": figures.modules,
            "size_w": figures.size_w,
            "current_power": figures.current_power_w,
            "energy_today": figures.energy_today_wh,
            "energy_lifetime": figures.energy_lifetime_wh,
            "summary_date": str(day),
            "source": "meter" if system.has_meter else "microinverters",
            "status": meta["status"],
            "operational_at": meta["operational_at"],
            "last_report_at": meta["last_report_at"],
            "last_interval_end_at": meta["last_energy_at"],
        }

    def energy_lifetime(self, days: DayRange, *, with_parts: bool) -> Json:
        """Return one production total per local day."""
        starts = meter_start(self.system)
        body: dict[str, Any] = {
            "system_id": self.system.system_id,
            "start_date": str(days.first),
            "production": self._production_totals(days),
        }
        if starts is not None:
            body["meter_start_date"] = str(starts)
        if with_parts:
            body["micro_production"] = self._day_totals("production_micro", days)
            body["meter_production"] = self._day_totals("production_meter", days)
        return {**body, "meta": self.meta()}

    def consumption_lifetime(self, days: DayRange) -> Json:
        """Return one consumption total per local day."""
        return {
            "system_id": self.system.system_id,
            "start_date": str(days.first),
            "consumption": self._day_totals("consumption", days),
            "meta": self.meta(),
        }

    def _production_totals(self, days: DayRange) -> list[int]:
        if days.last < days.first:
            return []
        totals = production_totals(self.cloud, self.system, days.first, days.last, self.now)
        return totals.tolist()

    def _day_totals(self, stream: Stream, days: DayRange) -> list[int]:
        if days.last < days.first:
            return []
        totals = self.cloud.day_totals(self.system, stream, days.first, days.last, self.now)
        return totals.tolist()
