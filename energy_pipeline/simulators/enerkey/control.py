"""`/_sim/…`: what only a simulator has. No key is needed, and no key is shown.

GET config, GET and PUT state, POST clock, GET requests, POST faults.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from energy_pipeline.simulators.enerkey.calls import World
from energy_pipeline.simulators.enerkey.faults import Fault, Faults, chaos
from energy_pipeline.simulators.enerkey.journal import Journal
from energy_pipeline.simulators.enerkey.profile import Profile
from energy_pipeline.simulators.enerkey.state_file import State

_Handler = Callable[[Mapping[str, Any], Request], object]


class Control:
    """The handlers of the control paths.

    Args:
        world: clock, switches and profiles.
        faults: replaced by POST faults.
        journal: shown by GET requests.
        state: dumped by GET state, replaced by PUT state.
    """

    def __init__(self, world: World, faults: Faults, journal: Journal, state: State) -> None:
        self._world = world
        self._faults = faults
        self._journal = journal
        self._kept = state

    def routes(self) -> list[Route]:
        """Return the routes below `/_sim`."""
        return [
            Route("/config", _endpoint(self._config), methods=["GET"]),
            Route("/state", _endpoint(self._state), methods=["GET"]),
            Route("/state", _endpoint(self._load), methods=["PUT"]),
            Route("/clock", _endpoint(self._clock), methods=["POST"]),
            Route("/requests", _endpoint(self._requests), methods=["GET"]),
            Route("/faults", _endpoint(self._set_faults), methods=["POST"]),
        ]

    def _config(self, _: Mapping[str, Any], __: Request) -> object:
        armed = [{**_fault_document(fault), "left": left} for fault, left in self._faults.armed]
        return {
            "now": self._world.clock.now().isoformat(),
            "switches": asdict(self._world.switches),
            "changed": self._world.switches.changed(),
            "profiles": [_profile_document(profile) for profile in self._world.profiles],
            "faults": armed,
        }

    def _state(self, _: Mapping[str, Any], __: Request) -> object:
        return self._kept.dump()

    def _load(self, body: Mapping[str, Any], _: Request) -> object:
        self._kept.load(body)
        return {}

    def _clock(self, body: Mapping[str, Any], _: Request) -> object:
        """Take `{"set": "2026-01-01T00:00:00Z"}` or `{"advance_s": 3600}`."""
        match body:
            case {"set": str(text)}:
                self._world.clock.set(datetime.fromisoformat(text))
            case {"advance_s": int() | float() as seconds}:
                self._world.clock.advance(seconds)
            case _:
                raise ValueError("the clock takes set (an instant) or advance_s (a number)")
        return {"now": self._world.clock.now().isoformat()}

    def _requests(self, _: Mapping[str, Any], request: Request) -> object:
        """Return all records, or those of `?operation=`."""
        operation = request.query_params.get("operation")
        records = self._journal.records()
        return [r.document() for r in records if operation in (None, r.operation)]

    def _set_faults(self, body: Mapping[str, Any], _: Request) -> object:
        """Take `{"faults": [{"kind": …}], "seed": 1}` or `{"chaos": {"rate": 0.3}, "seed": 1}`."""
        seed = int(body.get("seed", 0))
        if "chaos" in body:
            faults = chaos(**body["chaos"])
        else:
            faults = [_fault(each) for each in body.get("faults", [])]
        self._faults.replace(faults, seed=seed)
        return {"armed": len(faults)}


def _endpoint(handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            told = orjson.loads(body or b"{}")
            if not isinstance(told, dict):
                raise ValueError("the body must be a JSON object")
            document = handler(told, request)
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        return _json(document)

    return endpoint


def _json(document: object, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


def _fault(document: Mapping[str, Any]) -> Fault:
    values = dict(document)
    if "operations" in values:
        values["operations"] = frozenset(values["operations"])
    if isinstance(values.get("at"), str):
        values["at"] = datetime.fromisoformat(values["at"])
    return Fault(**values)


def _fault_document(fault: Fault) -> dict[str, object]:
    return {**asdict(fault), "operations": sorted(fault.operations)}


def _profile_document(profile: Profile) -> dict[str, object]:
    return {
        "facilities": [facility.id for facility in profile.facilities],
        "meters": [meter.id for meter in profile.meters],
        "valuesEnabled": profile.values_enabled,
        "keys": [
            {
                "name": key.name,
                "validFrom": key.valid_from,
                "validTo": key.valid_to,
                "scopes": sorted(key.scopes),
            }
            for key in profile.keys
        ],
    }
