"""Dialect v2: which path is answered by what.

Every route gets a request that has passed the gate of `face.py`: known key and user, within quota.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from starlette.datastructures import QueryParams

from energy_pipeline.simulators.enlighten.cloud import Cloud
from energy_pipeline.simulators.enlighten.dataset import Fleet, Grant, Stream, System
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.localdays import local_date
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.totals import last_total_day
from energy_pipeline.simulators.enlighten.v2 import intervals as interval_bodies
from energy_pipeline.simulators.enlighten.v2 import refusals, windows
from energy_pipeline.simulators.enlighten.v2.bodies import Json, Stamp, View, stamp_of
from energy_pipeline.simulators.enlighten.v2.devices import (
    envoys_body,
    inventory_body,
    inverters_summary,
    system_by_gateway,
    system_by_site_id,
)
from energy_pipeline.simulators.enlighten.v2.meters import (
    monthly_production,
    production_meter_readings,
)
from energy_pipeline.simulators.enlighten.v2.systems import systems_page

_INTERVALS: Mapping[str, Stream] = MappingProxyType(
    {
        "stats": "production_micro",
        "rgm_stats": "production_meter",
        "consumption_stats": "consumption",
    }
)
_BODIES = MappingProxyType(
    {
        "stats": interval_bodies.micro_body,
        "rgm_stats": interval_bodies.meter_body,
        "consumption_stats": interval_bodies.consumption_body,
    }
)
_DAYS = frozenset({"energy_lifetime", "consumption_lifetime"})
_METERS = frozenset({"monthly_production", "production_meter_readings"})
_DEVICES = MappingProxyType({"envoys": envoys_body, "inventory": inventory_body})
_OF_ONE_SYSTEM = frozenset({"summary", *_INTERVALS, *_DAYS, *_METERS, *_DEVICES})

Answer = Json | list[Json] | None
"""A body; None is an answer without content."""


@dataclass(frozen=True)
class Call:
    """One admitted request.

    Attributes:
        fleet: every system of the cloud.
        grant: what the user has allowed.
        params: the query.
        now: the virtual instant, epoch seconds.
        faults: what goes wrong at present.
        switches: how the cloud behaves.
    """

    fleet: Fleet
    grant: Grant
    params: QueryParams
    now: int
    faults: Faults
    switches: Switches

    def view(self, system: System) -> View:
        """Return the system as this request sees it."""
        return View(system, Cloud(self.faults), self.faults, self.now, self.stamp(system))

    def require_granted(self, system: System) -> System:
        """Return the system.

        Raises:
            Refusal: the user has not shared it.
        """
        if not self.grant.covers(system.system_id):
            raise refusals.unauthorized()
        return system

    def stamp(self, system: System | None) -> Stamp:
        """Return how this request wants instants of the system."""
        return stamp_of(self.params.get("datetime_format"), system)


def system_of_path(path: str, fleet: Fleet) -> System | None:
    """Return the system that a path names, None when it names none that exists."""
    parts = path.strip("/").split("/")
    named = len(parts) > 1 and parts[0] == "systems" and parts[1].isdecimal()
    return fleet.systems.get(int(parts[1])) if named else None


def answer(path: str, call: Call) -> Answer:
    """Return the body for a path below `/api/v2`.

    Raises:
        Refusal: anything else than a good answer.
    """
    match path.strip("/").split("/"):
        case ["systems"]:
            seen = [s for s in call.fleet.systems.values() if call.grant.covers(s.system_id)]
            return systems_page(call.params, [call.view(system) for system in seen])
        case ["systems", "search_system_id"]:
            found = system_by_gateway(call.params.get("serial_num"), call.fleet)
            return {"system_id": call.require_granted(found).system_id}
        case ["systems", "inverters_summary_by_envoy_or_site"]:
            found = system_by_site_id(call.params.get("site_id"), call.fleet)
            return inverters_summary(call.view(call.require_granted(found)), call.switches)
        case ["systems", system_id, endpoint] if endpoint in _OF_ONE_SYSTEM:
            system = system_of_path(path, call.fleet)
            if system is None:
                raise refusals.no_such_system(system_id)
            return _of_system(endpoint, call, system)
        case _:
            raise refusals.no_such_route()


def _of_system(endpoint: str, call: Call, system: System) -> Json | None:
    if endpoint.startswith("consumption") and not call.grant.consumption:
        raise refusals.unauthorized()
    view = call.view(call.require_granted(system))
    if endpoint in _INTERVALS:
        return _intervals(endpoint, call, view)
    if endpoint in _DEVICES:
        return _DEVICES[endpoint](view)
    today = local_date(call.now, system.zone)
    if endpoint in _DAYS:
        return _days(endpoint, call, view, today)
    if endpoint == "monthly_production":
        return monthly_production(view, windows.month(call.params, today))
    if endpoint == "production_meter_readings":
        return production_meter_readings(view, windows.reading_instant(call.params, call.now))
    return view.summary(windows.summary_day(call.params, today))


def _intervals(endpoint: str, call: Call, view: View) -> Json:
    system, stream, body = view.system, _INTERVALS[endpoint], _BODIES[endpoint]
    window = windows.interval_window(call.params, system, stream, call.now, call.switches)
    start = window.end if window.too_old else window.start
    found = view.cloud.intervals(system, stream, start, window.end, call.now)
    if stream not in system.series:
        without = call.switches.without_consumption_meter
        if stream == "consumption" and without == "message":
            raise refusals.no_consumption_meter()
    elif not len(found) and not window.too_old:
        oldest = view.cloud.oldest(system, stream, call.now)
        windows.require_inside(window, oldest, view.cloud.newest(system, stream, call.now))
    return body(view, found)


def _days(endpoint: str, call: Call, view: View, today: date) -> Json | None:
    system = view.system
    streams = {"consumption"} if endpoint == "consumption_lifetime" else {system.production}
    if not streams & system.series.keys():
        return None
    last = last_total_day(view.cloud, system, call.faults.yesterday_appears_at_h, call.now)
    days = windows.day_range(call.params, system, today, last)
    if endpoint == "consumption_lifetime":
        return view.consumption_lifetime(days)
    return view.energy_lifetime(days, with_parts=call.params.get("production") == "all")
