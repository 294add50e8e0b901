"""The control space `/_sim`: look at the requests, move the clock, let things go wrong.

No part of any vendor's contract; for people and for tests in another process.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from energy_pipeline.simulators.enlighten.state import CloudState


def control_routes(state: CloudState) -> list[Route]:
    """Return the routes below `/_sim`."""

    async def requests(_: Request) -> Response:
        return _json({"requests": [each.as_json() for each in state.requests]})

    async def hits(_: Request) -> Response:
        return _json({"hits": state.quota.hits, "requests": len(state.requests)})

    async def clock(request: Request) -> Response:
        return _changed(lambda content: _move(state, content), await request.body())

    async def faults(request: Request) -> Response:
        return _changed(lambda content: _let_fail(state, content), await request.body())

    return [
        Route("/requests", requests),
        Route("/hits", hits),
        Route("/clock", clock, methods=["POST"]),
        Route("/faults", faults, methods=["POST"]),
    ]


def _changed(change: Callable[[bytes], object], content: bytes) -> Response:
    try:
        return _json(change(content))
    except ValueError as error:
        return _json({"error": str(error)}, 400)


def _move(state: CloudState, content: bytes) -> object:
    """Set the clock (ISO 8601 with offset, or epoch seconds) or advance it by seconds."""
    members = _object(content)
    match [*members.items()]:
        case [("set", str() as text)]:
            state.clock.set(datetime.fromisoformat(text))
        case [("set", int() as epoch_s)]:
            state.clock.set(datetime.fromtimestamp(epoch_s, UTC))
        case [("advance", int() | float() as seconds)]:
            state.clock.advance(seconds)
        case _:
            raise ValueError(f'found {members}; allowed: {{"set": instant}} or {{"advance": s}}')
    return {"now": state.clock.now().isoformat()}


def _let_fail(state: CloudState, content: bytes) -> object:
    """Replace the given members of the present faults."""
    state.put_faults(state.faults.changed_by(_object(content)))
    return state.faults


def _object(content: bytes) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        ValueError: the content is not one.
    """
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"found {found!r}; allowed: a JSON object")
    return found


def _json(body: object, status: int = 200) -> Response:
    options = orjson.OPT_NON_STR_KEYS
    return Response(orjson.dumps(body, option=options), status, media_type="application/json")
