"""The control space `/_sim`: look at the requests, move the clock, change what goes wrong.

No part of any vendor's contract, and open to everybody; for people and for tests in another
process. A token that is asked for here is as good as one of the login services.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from energy_pipeline.simulators.envoy.modelled import ModelBackend
from energy_pipeline.simulators.envoy.state import GatewayState

_Members = dict[str, Any]


def control_routes(state: GatewayState) -> list[Route]:
    """Return the routes below `/_sim`."""

    def get(path: str, look: Callable[[Request], object]) -> Route:
        async def endpoint(request: Request) -> Response:
            return _answered(lambda: look(request))

        return Route(path, endpoint)

    def post(path: str, change: Callable[[_Members], object]) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return _answered(lambda: change(_object(body)))

        return Route(path, endpoint, methods=["POST"])

    return [
        get("/config", lambda _: _config(state)),
        get("/requests", lambda _: [each.document() for each in state.journal.records()]),
        get("/truth", lambda request: _truth(state, request)),
        post("/clock", lambda members: _move(state, members)),
        post("/faults", lambda members: _let_fail(state, members)),
        post("/switches", lambda members: _switch(state, members)),
        post("/firmware", lambda members: _update(state, members)),
        post("/token", lambda members: _token(state, members)),
        post("/restart", lambda _: state.sessions.end_all()),
    ]


def _config(state: GatewayState) -> object:
    return {
        "now": state.clock.now(),
        "hardware": state.backend.hardware,
        "switches": state.switches,
        "faults": state.faults,
        "most_at_once": state.journal.most_at_once,
    }


def _truth(state: GatewayState, request: Request) -> object:
    """Return the true Wh of `stream` from `start` to `end`, instants in ISO 8601."""
    if not isinstance(state.backend, ModelBackend):
        raise ValueError("only a modelled site knows the truth")
    asked: Any = dict(request.query_params)
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    site = state.backend.site
    return {"energy_wh": site.truth_wh(asked["stream"], start, end)}


def _move(state: GatewayState, members: _Members) -> object:
    """Set the clock (ISO 8601 with offset, or epoch seconds) or advance it by seconds."""
    match [*members.items()]:
        case [("set", str() as text)]:
            state.clock.set(datetime.fromisoformat(text))
        case [("set", int() as epoch_s)]:
            state.clock.set(datetime.fromtimestamp(epoch_s, UTC))
        case [("advance", int() | float() as seconds)]:
            state.clock.advance(seconds)
        case _:
            raise ValueError(f'found {members}; allowed: {{"set": instant}} or {{"advance": s}}')
    return {"now": state.clock.now()}


def _let_fail(state: GatewayState, members: _Members) -> object:
    """Replace the given members of the present faults."""
    state.put_faults(state.faults.changed_by(members))
    return state.faults


def _switch(state: GatewayState, members: _Members) -> object:
    """Replace the given members of the present switches."""
    state.switches = state.switches.changed_by(members)
    return state.switches


def _update(state: GatewayState, members: _Members) -> object:
    """Run another firmware, e.g. `{"software": "D8.3.5433"}`."""
    state.update_firmware(members["software"])
    return state.backend.hardware


def _token(state: GatewayState, members: _Members) -> object:
    """Return a token for this gateway, of the given `role` and `life_s`."""
    life_s = members.pop("life_s", None)
    life = None if life_s is None else timedelta(seconds=float(life_s))
    serial, now = state.backend.hardware.serial, state.clock.now()
    return {"token": state.authority.issue(serial, now, life=life, **members)}


def _answered(answer: Callable[[], object]) -> Response:
    try:
        return _json(answer())
    except (KeyError, TypeError, ValueError) as error:
        return _json({"error": str(error)}, 400)


def _object(content: bytes) -> _Members:
    found = orjson.loads(content or b"{}")
    if not isinstance(found, dict):
        raise ValueError(f"found {found!r}; allowed: a JSON object")
    return found


def _json(body: object, status: int = 200) -> Response:
    text = orjson.dumps(body, default=_listed, option=orjson.OPT_NON_STR_KEYS)
    return Response(text, status, media_type="application/json")


def _listed(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    raise TypeError(f"found {type(value).__name__}")
