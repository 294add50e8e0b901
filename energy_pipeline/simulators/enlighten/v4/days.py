"""Dialect v4: one total per local day: production, consumption, battery, grid."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from energy_pipeline.simulators.enlighten.dataset import Stream
from energy_pipeline.simulators.enlighten.localdays import local_date
from energy_pipeline.simulators.enlighten.totals import (
    last_total_day,
    meter_start,
    production_totals,
)
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Json, View
from energy_pipeline.simulators.enlighten.v4.parameters import day


@dataclass(frozen=True)
class DayRange:
    """Local days, both ends included; none when `last` lies before `first`."""

    first: date
    last: date


def energy_lifetime(view: View) -> Json:
    """Return production per day: merged, and with `production=all` also by what measured it."""
    days, system = _days(view), view.system
    parts: dict[str, Any] = {}
    if view.params.get("production") == "all":
        parts["micro_production"] = _totals(view, "production_micro", days)
        parts["meter_production"] = _totals(view, "production_meter", days)
    starts = meter_start(system)
    if view.switches.merged_production == "micro" and "production_micro" in system.series:
        merged = _totals(view, "production_micro", days)
    else:
        merged = _merged(view, days)
        if starts is not None:
            parts["meter_start_date"] = str(starts)
    return _body(view, days, {"production": merged, **parts})


def consumption_lifetime(view: View) -> Json:
    """Return consumption per day."""
    days = _days(view)
    return _body(view, days, {"consumption": _totals(view, "consumption", days)})


def battery_lifetime(view: View) -> Json:
    """Return what the batteries gave and took per day."""
    days = _days(view)
    discharge = _totals(view, "battery_discharge", days)
    charge = _totals(view, "battery_charge", days)
    return _body(view, days, {"discharge": discharge, "charge": charge})


def energy_import_lifetime(view: View) -> Json:
    """Return what was taken from the grid per day."""
    days = _days(view)
    return _body(view, days, {"import": _totals(view, "grid_import", days)})


def energy_export_lifetime(view: View) -> Json:
    """Return what was given to the grid per day."""
    days = _days(view)
    return _body(view, days, {"export": _totals(view, "grid_export", days)})


def _days(view: View) -> DayRange:
    """Return the days that are answered.

    Raises:
        Refusal: unreadable, in the future, or without a day that has a total.
    """
    system, asked = view.system, day(view.params, "start_date")
    operational = local_date(system.operational_at, system.zone)
    first = operational if asked is None else max(asked, operational)
    if asked is not None and asked > view.today:
        raise refusals.in_future()
    appears_at_h = view.call.faults.yesterday_appears_at_h
    last = last_total_day(view.cloud, system, appears_at_h, view.now)
    if first == view.today and view.switches.docs == "2026":
        last = view.today
    wanted = day(view.params, "end_date")
    if asked is not None and first > last:
        raise refusals.days_outside(first, wanted or last)
    if wanted is not None and wanted < first:
        raise refusals.days_outside(first, wanted)
    return DayRange(first, last if wanted is None else min(wanted, last))


def _totals(view: View, stream: Stream, days: DayRange) -> list[int]:
    """Return a total per day; no list at all of what the system cannot measure."""
    if days.last < days.first or stream not in view.system.series:
        return []
    return view.cloud.day_totals(view.system, stream, days.first, days.last, view.now).tolist()


def _merged(view: View, days: DayRange) -> list[int]:
    system = view.system
    if days.last < days.first or system.production not in system.series:
        return []
    return production_totals(view.cloud, system, days.first, days.last, view.now).tolist()


def _body(view: View, days: DayRange, lists: Json) -> Json:
    return {
        "system_id": view.system.system_id,
        "start_date": str(days.first),
        **lists,
        "meta": view.meta,
    }
