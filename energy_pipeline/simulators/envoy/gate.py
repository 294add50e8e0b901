"""The web server in front of all paths: outages, failures, admission, the request log."""

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.envoy.admission import (
    Admission,
    admit,
    check_token,
    has_cookie,
    has_token,
)
from energy_pipeline.simulators.envoy.answer import (
    Answer,
    WireAnswer,
    json_answer,
    page,
    unauthorized,
)
from energy_pipeline.simulators.envoy.backend import Asked
from energy_pipeline.simulators.envoy.failing import BUSY, NOT_FOUND, Silence, failed
from energy_pipeline.simulators.envoy.faults import Failure
from energy_pipeline.simulators.envoy.journal import RequestRecord
from energy_pipeline.simulators.envoy.state import GatewayState

_CHECK = "/auth/check_jwt"
_STREAM = "/ivp/livedata/stream"
_STREAM_LASTS = timedelta(minutes=15)
_VALID = Answer(b"<!DOCTYPE html><h2>Valid token.</h2>\n", "web", content_type="text/html")


class Gate:
    """The gateway as an ASGI application.

    Args:
        state: of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or do not."""
        request = Request(scope, receive)
        under_way = self._state.journal.begin()
        has_one_worker = self._state.switches.has_one_worker
        try:
            async with self._state.worker if has_one_worker else contextlib.nullcontext():
                response = await self._respond(request, under_way)
            await response(scope, receive, send)
        finally:
            self._state.journal.end()

    async def _respond(self, request: Request, under_way: int) -> Response:
        state, now = self._state, self._state.clock.now()
        record = RequestRecord(
            at=now,
            method=request.method,
            path=request.scope["path"],
            query=request.url.query,
            had_token=has_token(request),
            had_cookie=has_cookie(request),
        )
        if latency_s := state.failing.latency_s(state.faults):
            await asyncio.sleep(latency_s)
        struck = self._struck(record, under_way, now)
        if struck in ("drop", "stall"):
            state.journal.add(replace(record, fault=struck))
            return Silence(is_cut=struck == "drop")
        if struck == "boot":
            answer, admission = BUSY, Admission(is_granted=False)
        else:
            answer, admission = await self._answer(request, record, now)
            if struck:
                answer = failed(answer, struck, state.switches.login_page)
        state.journal.add(replace(record, status=answer.status, fault=struck))
        return WireAnswer(answer, state.shown(now), admission.cookie)

    def _struck(
        self, record: RequestRecord, under_way: int, now: datetime
    ) -> Failure | Literal["boot"] | None:
        """Return how the request fails, None when it does not."""
        state = self._state
        most = state.switches.parallel_requests
        if most is not None and under_way > most:
            return "drop"
        outage = state.faults.outage(now, state.zone)
        return outage or state.failing.next(record.path, state.faults)

    async def _answer(
        self, request: Request, record: RequestRecord, now: datetime
    ) -> tuple[Answer, Admission]:
        state, path = self._state, record.path
        refusal = unauthorized(state.switches.login_page)
        if path == _CHECK:
            admission = check_token(request, state, now)
            return (_VALID if admission.is_granted else refusal), admission
        admission = admit(request, path, state, now)
        if not admission.is_granted:
            return refusal, admission
        if path == _STREAM and record.method == "POST":
            return self._switch_stream(await request.body(), now), admission
        return self._asked(record, now), admission

    def _asked(self, record: RequestRecord, now: datetime) -> Answer:
        state = self._state
        until = state.streaming_until
        asked = Asked(
            path=record.path,
            query=record.query,
            now=now,
            streamed_until=min(now, until) if until else None,
            switches=state.switches,
            faults=state.faults,
        )
        return state.backend.answer(asked) or NOT_FOUND

    def _switch_stream(self, body: bytes, now: datetime) -> Answer:
        """Switch the live stream on for a while, or off."""
        try:
            is_on = bool(json.loads(body)["enable"])
        except (ValueError, KeyError, TypeError):
            return page(400, "400 Bad Request")
        self._state.streaming_until = now + _STREAM_LASTS if is_on else now
        return json_answer("ivp", {"sc_stream": "enabled" if is_on else "disabled"})
