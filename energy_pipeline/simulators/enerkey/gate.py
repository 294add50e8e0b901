"""The way of a request: the checks in their strict order, and the faults that strike on the way.

Unknown path 404, wrong method 405, key 401, rate limit 429, scope and service 403, media type 415,
body size 413, syntax and members 400; the handlers go on with unknown ids 404 and the rules of the
stored state 409 and 422.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, refusal_answer
from energy_pipeline.simulators.enerkey.calls import Call, World, parse_query
from energy_pipeline.simulators.enerkey.faults import AFTER_COMMIT, Fault, Faults
from energy_pipeline.simulators.enerkey.journal import Journal, RequestRecord
from energy_pipeline.simulators.enerkey.keys import Caller, KeyRing
from energy_pipeline.simulators.enerkey.profile import Meter
from energy_pipeline.simulators.enerkey.rate_limit import RateLimit
from energy_pipeline.simulators.enerkey.routes import Match, Routes
from energy_pipeline.simulators.enerkey.strikes import (
    NO_ANSWER,
    strike_after,
    strike_before,
    write_second,
)
from energy_pipeline.simulators.server import drop_connection


@dataclass
class _Visit:
    """One request to an operation while it is worked on."""

    request: Request
    match: Match
    now: datetime
    fault: Fault | None
    caller: Caller | None = None


class Gate:
    """The ASGI application of the contract's paths."""

    def __init__(self, world: World, faults: Faults, journal: Journal) -> None:
        self._world = world
        self._faults = faults
        self._journal = journal
        self._routes = Routes(world.switches)
        self._keys = KeyRing(world.directory, world.switches)
        self._rates = RateLimit(world.switches)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or drop its connection."""
        request = Request(scope, receive)
        now = self._world.clock.now()
        self._world.runs.settle(now)
        match = self._routes.match(request.method, request.scope["path"])
        if isinstance(match, Answer):
            visit, answer = None, match
        else:
            visit = _Visit(request, match, now, self._faults.draw(match.operation.id))
            answer = await self._visit(visit)
        self._journal.add(_record(request, now, answer, visit))
        if answer.status == NO_ANSWER.status:
            await drop_connection(scope, receive)
        else:
            await _response(answer)(scope, receive, send)

    async def _visit(self, visit: _Visit) -> Answer:
        """Work on a request with the fault that strikes it."""
        fault, switches = visit.fault, self._world.switches
        if fault is None:
            return await self._answer(visit)
        if fault.kind in AFTER_COMMIT:
            answer = await self._answer(visit)
            if answer.status < 300:
                return await strike_after(fault, answer, switches)
            self._spare(visit, fault)
            return answer
        if fault.kind == "second_writer" and not self._write_second(visit, fault):
            self._spare(visit, fault)
        return await strike_before(fault, switches) or await self._answer(visit)

    def _spare(self, visit: _Visit, fault: Fault) -> None:
        self._faults.put_back(fault)
        visit.fault = None

    def _write_second(self, visit: _Visit, fault: Fault) -> bool:
        texts = [*visit.match.path_ids.values(), *visit.request.query_params.getlist("meterIds")]
        meters: dict[int, Meter] = {}
        for profile in self._world.profiles:
            known = profile.meter_by_id
            meters |= {int(id): known[int(id)] for id in texts if id.isdigit() and int(id) in known}
        return write_second(self._world, fault, meters, visit.now)

    async def _answer(self, visit: _Visit) -> Answer:
        """Check key and rate limit, then do the rest; its answers carry the rate headers."""
        switches = self._world.switches
        headers = visit.request.headers.getlist("authorization")
        try:
            visit.caller = self._keys.identify(headers, visit.now)
        except Refusal as refusal:
            return refusal_answer(refusal, switches)
        key_name = visit.caller.key.name
        rejection = self._rates.take(key_name, visit.now)
        if rejection is not None:
            return rejection
        limits = self._rates.headers(key_name, visit.now)
        try:
            answer = visit.match.operation.handle(await self._call(visit, visit.caller))
        except Refusal as refusal:
            answer = refusal_answer(refusal, switches)
        return replace(answer, headers={**limits, **answer.headers})

    async def _call(self, visit: _Visit, caller: Caller) -> Call:
        """Return the request as the handlers see it.

        Raises:
            Refusal: scope, service, media type, size or syntax is wrong.
        """
        operation = visit.match.operation
        self._keys.admit(caller, operation.scope, needs_values=operation.needs_values)
        document, body = None, b""
        if operation.has_body:
            _check_media_type(visit.request)
            body = await _read_body(visit.request, self._world.switches.max_body_bytes)
            document = _parse(body)
        return Call(
            world=self._world,
            profile=caller.profile,
            now=visit.now,
            path_ids=visit.match.path_ids,
            query=parse_query(visit.request.scope["query_string"]),
            document=document,
            body=body,
            fault=visit.fault,
            if_match=visit.request.headers.get("if-match"),
        )


def _record(request: Request, now: datetime, answer: Answer, visit: _Visit | None) -> RequestRecord:
    return RequestRecord(
        at=now,
        method=request.method,
        path=request.scope["path"],
        operation=visit.match.operation.id if visit else None,
        key=visit.caller.key.name if visit and visit.caller else None,
        meter_ids=answer.meter_ids,
        rows=answer.rows,
        status=answer.status or None,
        is_committed=answer.is_committed,
        fault=visit.fault.kind if visit and visit.fault else None,
    )


def _check_media_type(request: Request) -> None:
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = [text.strip() for text in parameters if text.strip().startswith("charset=")]
    if media_type.strip() != "application/json" or set(charset) - {"charset=utf-8"}:
        raise Refusal(415)


async def _read_body(request: Request, most_bytes: int) -> bytes:
    length = request.headers.get("content-length", "0")
    if int(length) > most_bytes:
        raise Refusal(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Refusal(413)
    return bytes(body)


def _parse(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, errors={"$": ["The body is not valid JSON."]}) from None


def _response(answer: Answer) -> Response:
    headers: Mapping[str, str] = answer.headers
    if answer.media_type is not None:
        headers = {**headers, "Content-Type": answer.media_type}
    return Response(answer.content, answer.status, headers)
