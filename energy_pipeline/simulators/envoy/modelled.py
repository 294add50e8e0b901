"""A modelled site as a gateway's backend: which path is answered by what."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.answers import (
    device_data,
    devices,
    ensemble,
    identity,
    meters,
    production,
    production_v1,
)
from energy_pipeline.simulators.envoy.backend import Asked
from energy_pipeline.simulators.envoy.hardware import Hardware
from energy_pipeline.simulators.envoy.site import Site
from energy_pipeline.simulators.envoy.view import View

_PATHS: dict[str, Callable[[View, str], Answer]] = {
    "/home": lambda view, _: _home(view),
    "/home.json": lambda view, _: _home(view),
    "/production": lambda view, _: production.production(view, details=False),
    "/production.json": lambda view, query: production.production(view, details=_details(query)),
    "/inventory": lambda view, query: _inventory(view, query),
    "/inventory.json": lambda view, query: _inventory(view, query),
    "/admin/lib/tariff": lambda view, _: devices.tariff(view),
    "/api/v1/production": lambda view, _: production_v1.production_v1(view),
    "/api/v1/production/inverters": lambda view, _: production_v1.inverters(view),
    "/ivp/meters": lambda view, _: meters.meters(view),
    "/ivp/meters/readings": lambda view, _: meters.readings(view),
    "/ivp/ensemble/inventory": lambda view, _: ensemble.inventory(view),
    "/ivp/ensemble/power": lambda view, _: ensemble.power(view),
    "/ivp/ensemble/secctrl": lambda view, _: ensemble.secctrl(view),
}


class ModelBackend:
    """The gateway of a modelled site.

    Args:
        site: hardware and true power.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def hardware(self) -> Hardware:
        """The site's gateway."""
        return self.site.hardware

    def update_firmware(self, software: str) -> None:
        """Let `/info` show another firmware from now on; the counters go on."""
        self.site.hardware = replace(self.site.hardware, software=software)

    def answer(self, asked: Asked) -> Answer | None:
        """Return what the path says, None when there is no such path."""
        view = View(self.site, asked.switches, asked.faults, asked.now)
        if asked.path in ("/info", "/info.xml"):
            return _info(view)
        if asked.path == "/ivp/livedata/status":
            answer = self._livedata(asked)
        elif asked.path == "/ivp/pdm/device_data":
            answer = device_data.device_data(view) if asked.switches.has_device_data else None
        else:
            answerer = _PATHS.get(asked.path)
            answer = answerer(view, asked.query) if answerer else None
        if answer is None or not asked.switches.without_members:
            return answer
        document = _without(json.loads(answer.body), asked.switches.without_members)
        return json_answer(answer.process, document)

    def _livedata(self, asked: Asked) -> Answer:
        """Return power as it was when the stream was last on; without one, at the very start."""
        start = asked.now.fromtimestamp(self.site.curve.start_s, asked.now.tzinfo)
        at = asked.streamed_until or start
        view = View(self.site, asked.switches, asked.faults, at)
        return ensemble.livedata(view, is_live=at == asked.now)


def _info(view: View) -> Answer:
    shown = replace(view.hardware, serial=view.faults.other_serial or view.hardware.serial)
    return identity.info(shown, view.shown_s, names_type=view.switches.names_info_type)


def _home(view: View) -> Answer:
    heard = sum(view.is_reporting(report) for report in view.inverters())
    return identity.home(view.hardware, view.shown_s, heard=heard)


def _inventory(view: View, query: str) -> Answer:
    return devices.inventory(view, with_deleted=query == "deleted=1")


def _details(query: str) -> bool:
    return query == "details=1"


def _without(document: Any, members: frozenset[str]) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a document without the members of these names, at any depth."""
    if isinstance(document, dict):
        kept = {name: value for name, value in document.items() if name not in members}
        return {name: _without(value, members) for name, value in kept.items()}
    if isinstance(document, list):
        return [_without(value, members) for value in document]
    return document
