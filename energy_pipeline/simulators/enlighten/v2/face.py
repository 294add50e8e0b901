"""Dialect v2 over HTTP: the gate before the routes, and how an answer is written.

Order of the gate: too many at once, key and user, quota, injected failure; then the route. A
request counts against the quota once its key is known and the limits allow it, whatever becomes of
it then.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.enlighten.dataset import Grant
from energy_pipeline.simulators.enlighten.failing import failed_answer
from energy_pipeline.simulators.enlighten.faults import Failure
from energy_pipeline.simulators.enlighten.record import RecordedRequest, without_secrets
from energy_pipeline.simulators.enlighten.state import CloudState
from energy_pipeline.simulators.enlighten.v2 import refusals
from energy_pipeline.simulators.enlighten.v2.bodies import Json, stamp_of
from energy_pipeline.simulators.enlighten.v2.refusals import Refusal
from energy_pipeline.simulators.enlighten.v2.routes import Call, answer, system_of_path

_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]*")


@dataclass
class _Passage:
    """How far one request has come."""

    request: Request
    path: str
    at: datetime
    counted: bool = False
    failure: Failure | None = None


class FaceV2:
    """The ASGI application below `/api/v2`."""

    def __init__(self, state: CloudState) -> None:
        self._state = state
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write it down."""
        request = Request(scope, receive)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        passage = _Passage(request, path, self._state.clock.now())
        self._in_flight += 1
        try:
            response = await self._respond(passage)
            self._record(passage, response)
            await response(scope, receive, send)
        finally:
            self._in_flight -= 1

    async def _respond(self, passage: _Passage) -> Response:
        faults, params = self._state.faults, passage.request.query_params
        try:
            self._refuse_crowd()
            if faults.only_path in passage.path:
                await asyncio.sleep(faults.latency_s)
            call = self._admit(passage)
            passage.failure = self._state.failing.next(passage.path, faults)
            if passage.failure is not None:
                return failed_answer(passage.failure)
            body = answer(passage.path, call)
            return _written(200, body, params.get("callback"))
        except Refusal as refusal:
            return _written(refusal.status, self._told(refusal, passage), params.get("callback"))

    def _refuse_crowd(self) -> None:
        most = self._state.switches.parallel_requests
        if most is not None and self._in_flight > most:
            raise refusals.too_many_at_once()

    def _admit(self, passage: _Passage) -> Call:
        """Check key, user and quota.

        Raises:
            Refusal: one of them is not good.
        """
        state, request = self._state, passage.request
        if request.method != "GET":
            raise refusals.no_such_route()
        api_key = request.query_params.get("key", "")
        grant: Grant | None = state.fleet.grants.get(request.query_params.get("user_id", ""))
        if api_key not in state.fleet.api_keys or grant is None:
            raise refusals.unauthorized()
        exceeded = state.quota.spend(api_key, passage.at, state.switches)
        if exceeded is not None:
            raise refusals.over_quota(exceeded, state.switches.plan)
        passage.counted = True
        now = int(passage.at.timestamp())
        return Call(state.fleet, grant, request.query_params, now, state.faults, state.switches)

    def _told(self, refusal: Refusal, passage: _Passage) -> Json:
        """Return the refusal's body with its instants as the request wants them."""
        system = system_of_path(passage.path, self._state.fleet)
        stamp = stamp_of(passage.request.query_params.get("datetime_format"), system)
        return {**refusal.body, **{k: stamp(at) for k, at in refusal.instants.items()}}

    def _record(self, passage: _Passage, response: Response) -> None:
        request = passage.request
        self._state.requests.append(
            RecordedRequest(
                request.method,
                request.url.path,
                without_secrets(request.query_params),
                None if passage.failure in ("drop", "cut") else response.status_code,
                passage.at,
                passage.counted,
            )
        )


def _written(status: int, body: Json | None, callback: str | None) -> Response:
    """Return the answer as JSON, or as a call of the function that a web page named."""
    headers = {"Status": str(204 if body is None else status)}
    if body is None:
        return Response(None, 204, headers)
    content = orjson.dumps(body)
    if callback and _CALLBACK.fullmatch(callback):
        script = callback.encode() + b"(" + content + b")"
        return Response(script, status, headers, "application/javascript; charset=utf-8")
    return Response(content, status, headers, "application/json; charset=utf-8")
