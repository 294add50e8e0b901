"""Dialect v4: which path is answered by what, and what a plan must have for it.

Every endpoint gets a request that has passed the gate of `face.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from energy_pipeline.simulators.enlighten.accounts import Group
from energy_pipeline.simulators.enlighten.v4 import (
    days,
    device_telemetry,
    devices,
    events,
    latest,
    meters,
    refusals,
    systems,
    telemetry,
)
from energy_pipeline.simulators.enlighten.v4.call import Call, Json, View
from energy_pipeline.simulators.enlighten.v4.search import search

Answer = Json | list[Json]

_DETAILS: Group = "system_details"
_PRODUCTION: Group = "production"
_CONSUMPTION: Group = "consumption"
_DEVICES: Group = "devices"


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    Attributes:
        path: its path below `/api/v4/systems`; parts in braces stand for any value.
        group: what plan and application must have.
        answer: makes the body.
        tells_window: whether its refusal by quota is documented with the quota's window.
        method: its HTTP method.
    """

    path: str
    group: Group
    answer: Callable[[Call, Mapping[str, str]], Answer]
    tells_window: bool = False
    method: str = "GET"

    def values(self, path: str) -> dict[str, str] | None:
        """Return the values of the parts in braces; None when the path is another one."""
        ours, theirs = self.path.split("/"), path.split("/")
        if len(ours) != len(theirs):
            return None
        pairs = list(zip(ours, theirs, strict=True))
        if any(own != given for own, given in pairs if own[:1] != "{"):
            return None
        return {own.strip("{}"): given for own, given in pairs if own[:1] == "{"}


def endpoint_of(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Return the endpoint of a path below `/api/v4`, with the values in it.

    Raises:
        Refusal: there is none.
    """
    root, _, rest = path.strip("/").partition("/")
    for endpoint in ENDPOINTS if root == "systems" else ():
        values = endpoint.values(rest)
        if values is None:
            continue
        if endpoint.method != method:
            break
        return endpoint, values
    raise refusals.not_here()


def _of_fleet(body: Callable[[Call], Answer]) -> Callable[[Call, Mapping[str, str]], Answer]:
    return lambda call, _: body(call)


def _system(
    path: str, group: Group, body: Callable[[View], Json], tells_window: bool = False
) -> Endpoint:
    """Return an endpoint of one system."""
    # The meter readings say of an unknown system that nobody is authorized.
    heading = "Not Authorized" if path.endswith("_meter_readings") else "Not Found"
    return Endpoint(
        "{system_id}" + path,
        group,
        lambda call, values: body(_view(call, values["system_id"], heading)),
        tells_window,
    )


def _device(path: str, body: Callable[[View, str], Json]) -> Endpoint:
    """Return an endpoint of one device of a system."""
    return Endpoint(
        "{system_id}" + path,
        _DEVICES,
        lambda call, values: body(
            _view(call, values["system_id"], "Not Found"), values["serial_no"]
        ),
        tells_window=True,
    )


def _view(call: Call, system_id: str, when_unknown: str) -> View:
    system = call.fleet.systems.get(int(system_id)) if system_id.isdecimal() else None
    if system is None:
        raise refusals.not_found("System", system_id, when_unknown)
    return call.view(system)


ENDPOINTS = (  # fixed paths before those with a value in the same place
    Endpoint("", _DETAILS, _of_fleet(systems.systems_page)),
    Endpoint("search", _DETAILS, _of_fleet(search), method="POST"),
    Endpoint("retrieve_system_id", _DETAILS, _of_fleet(devices.retrieve_system_id), True),
    Endpoint(
        "inverters_summary_by_envoy_or_site", _DETAILS, _of_fleet(devices.inverters_summary), True
    ),
    Endpoint("event_types", _DETAILS, _of_fleet(events.event_types)),
    _system("", _DETAILS, systems.listing),
    _system("/summary", _DETAILS, systems.summary, True),
    _system("/devices", _DETAILS, devices.devices),
    _system("/events", _DETAILS, events.events),
    _system("/alarms", _DETAILS, events.alarms),
    _system("/open_events", _DETAILS, events.open_events),
    _system("/open_alarms", _DETAILS, events.open_alarms),
    _system("/production_meter_readings", _PRODUCTION, meters.production_meter_readings, True),
    _system("/rgm_stats", _PRODUCTION, meters.rgm_stats, True),
    _system("/energy_lifetime", _PRODUCTION, days.energy_lifetime, True),
    _system("/telemetry/production_micro", _PRODUCTION, telemetry.production_micro, True),
    _system("/telemetry/production_meter", _PRODUCTION, telemetry.production_meter, True),
    _system("/consumption_meter_readings", _CONSUMPTION, meters.consumption_meter_readings, True),
    _system("/storage_meter_readings", _CONSUMPTION, meters.storage_meter_readings, True),
    _system("/consumption_lifetime", _CONSUMPTION, days.consumption_lifetime),
    _system("/battery_lifetime", _CONSUMPTION, days.battery_lifetime),
    _system("/energy_import_lifetime", _CONSUMPTION, days.energy_import_lifetime),
    _system("/energy_export_lifetime", _CONSUMPTION, days.energy_export_lifetime),
    _system("/telemetry/battery", _CONSUMPTION, telemetry.battery, True),
    _system("/telemetry/consumption_meter", _CONSUMPTION, telemetry.consumption_meter, True),
    _system("/energy_import_telemetry", _CONSUMPTION, telemetry.energy_import),
    _system("/energy_export_telemetry", _CONSUMPTION, telemetry.energy_export),
    _system("/latest_telemetry", _CONSUMPTION, latest.latest_telemetry),
    _system("/devices/micros/telemetry", _DEVICES, device_telemetry.micros_telemetry),
    _device("/devices/micros/{serial_no}/telemetry", device_telemetry.micro_telemetry),
    _device("/devices/encharges/{serial_no}/telemetry", device_telemetry.battery_telemetry),
)
"""Every endpoint."""
