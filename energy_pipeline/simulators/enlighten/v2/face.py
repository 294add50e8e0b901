"""Dialect v2 over HTTP: the gate before the routes, and how an answer is written.

Order of the gate: too many at once, key and user, quota, injected failure; then the route. A
request counts against the quota once its key is known and the limits allow it, whatever becomes of
it then.
"""

import re

import orjson
from starlette.responses import Response

from energy_pipeline.simulators.enlighten.dataset import Grant
from energy_pipeline.simulators.enlighten.face import Face, Passage
from energy_pipeline.simulators.enlighten.failing import failed_answer
from energy_pipeline.simulators.enlighten.v2 import refusals
from energy_pipeline.simulators.enlighten.v2.bodies import Json, stamp_of
from energy_pipeline.simulators.enlighten.v2.refusals import Refusal
from energy_pipeline.simulators.enlighten.v2.routes import Answer, Call, answer, system_of_path

_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]*")


class FaceV2(Face):
    """The ASGI application below `/api/v2`."""

    async def respond(self, passage: Passage) -> Response:
        """Answer one request."""
        params = passage.request.query_params
        try:
            if self.crowded:
                raise refusals.too_many_at_once()
            await self.linger(passage)
            call = self._admit(passage)
            failure = self.draw_failure(passage)
            if failure is not None:
                return failed_answer(failure)
            body = answer(passage.path, call)
            return _written(200, body, params.get("callback"))
        except Refusal as refusal:
            return _written(refusal.status, self._told(refusal, passage), params.get("callback"))

    def _admit(self, passage: Passage) -> Call:
        """Check key, user and quota.

        Raises:
            Refusal: one of them is not good.
        """
        state, request = self.state, passage.request
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
        params, now = request.query_params, passage.now
        return Call(state.fleet, grant, params, now, state.faults, state.switches)

    def _told(self, refusal: Refusal, passage: Passage) -> Json:
        """Return the refusal's body with its instants as the request wants them."""
        system = system_of_path(passage.path, self.state.fleet)
        stamp = stamp_of(passage.request.query_params.get("datetime_format"), system)
        return {**refusal.body, **{k: stamp(at) for k, at in refusal.instants.items()}}


def _written(status: int, body: Answer, callback: str | None) -> Response:
    """Return the answer as JSON, or as a call of the function that a web page named."""
    headers = {"Status": str(204 if body is None else status)}
    if body is None:
        return Response(None, 204, headers)
    content = orjson.dumps(body)
    if callback and _CALLBACK.fullmatch(callback):
        script = callback.encode() + b"(" + content + b")"
        return Response(script, status, headers, "application/javascript; charset=utf-8")
    return Response(content, status, headers, "application/json; charset=utf-8")
