"""Dialect v4 over HTTP: the gate before the endpoints, and how an answer is written.

Order of the gate: method and path, too many at once, key, token, both of one application, group,
quota, injected failure; then the endpoint. A request counts against the quota once everything
before it is good, whatever becomes of it then.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from energy_pipeline.simulators.enlighten.accounts import Application
from energy_pipeline.simulators.enlighten.dataset import Grant
from energy_pipeline.simulators.enlighten.face import Face, Passage
from energy_pipeline.simulators.enlighten.failing import failed_answer
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Call
from energy_pipeline.simulators.enlighten.v4.plans import is_served
from energy_pipeline.simulators.enlighten.v4.refusals import Refusal
from energy_pipeline.simulators.enlighten.v4.routes import Answer, Endpoint, endpoint_of

_METHODS = frozenset({"POST", "PUT", "GET", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_BUSY = b'{"message":"Internal Server Error","details":"unable to fetch data","code":500}'
_METER_BUSY = b'{"errorCode":7,"errorMessages":["Data is temporarily unavailable"]}'


class FaceV4(Face):
    """The ASGI application below `/api/v4`."""

    async def respond(self, passage: Passage) -> Response:
        """Answer one request."""
        try:
            if passage.request.method not in _METHODS:
                raise refusals.no_such_method()
            endpoint, values = endpoint_of(passage.request.method, passage.path)
            if self.crowded:
                raise refusals.too_many_at_once()
            await self.linger(passage)
            grant = self._admit(passage, endpoint)
            failure = self.draw_failure(passage)
            if failure is not None:
                busy = _METER_BUSY if passage.path.endswith("/rgm_stats") else _BUSY
                return failed_answer(failure, busy)
            call = await self._call(passage, grant)
            return _written(200, endpoint.answer(call, values))
        except Refusal as refusal:
            return _written(refusal.status, refusal.body)

    def _admit(self, passage: Passage, endpoint: Endpoint) -> Grant:
        """Check key, token, group and quota; return what the user has allowed.

        Raises:
            Refusal: one of them is not good.
        """
        state = self.state
        application, grant = self._identified(passage)
        if not is_served(endpoint.group, state.switches.plan, application):
            raise refusals.not_in_plan()
        exceeded = state.quota.spend(application.api_key, passage.at, state.switches)
        if exceeded is not None:
            shown = state.switches.window_in_429
            with_window = shown == "always" or (shown == "documented" and endpoint.tells_window)
            raise refusals.over_quota(exceeded, state.switches.plan, with_window=with_window)
        passage.counted = True
        return grant

    def _identified(self, passage: Passage) -> tuple[Application, Grant]:
        """Return the application of key and token, and what the token's user has allowed."""
        fleet, request = self.state.fleet, passage.request
        api_key = request.query_params.get("key") or request.headers.get("key")
        if not api_key:
            raise refusals.no_key()
        bearer = self.state.tokens.bearer(_token(request), "access", passage.now)
        grant = fleet.grants.get(bearer.user_id) if bearer else None
        if bearer is None or grant is None:
            raise refusals.no_token()
        application = next((a for a in fleet.applications if a.client_id == bearer.client_id), None)
        if application is None or application.api_key != api_key:
            raise refusals.foreign_key()
        return application, grant

    async def _call(self, passage: Passage, grant: Grant) -> Call:
        state, request = self.state, passage.request
        content = await request.body()
        return Call(
            state.fleet,
            grant,
            request.query_params,
            content,
            passage.now,
            state.faults,
            state.switches,
        )


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _written(status: int, body: Answer) -> Response:
    headers = {"Status": str(status)}
    media_type = "application/json; charset=utf-8"
    return Response(orjson.dumps(body), status, headers, media_type)
