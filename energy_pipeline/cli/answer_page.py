"""A page on loopback to which the browser comes back from the vendor's consent page.

It takes one answer, the one that belongs to the question, and goes away when its result was shown.
The browser is sent on to the result, so that no secret stays in its address line. How the result
looks is in `result_page.py`, what is done with an answer in `authorize.py`.
"""

import asyncio
import hmac
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from energy_pipeline.cli.result_page import Outcome, html_page
from energy_pipeline.errors import EnergyPipelineError

LOOPBACK = "127.0.0.1"
_RESULT = "/result"
_SHOWN_WITHIN_S = 15.0
_LARGEST_BODY = 100_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Members = Mapping[str, str]


class AnswerPage:
    """Listens from its making on; `wait` serves.

    Args:
        port: 0 takes a free one.
        path: of the address to which the vendor sends the browser, with its slash.
        belongs: whether an answer's members belong to the question.
        use: what is done with the answer; must turn its foreseen errors into outcomes.

    Raises:
        EnergyPipelineError: the port is taken.
    """

    def __init__(
        self,
        port: int,
        path: str,
        belongs: Callable[[Members], bool],
        use: Callable[[Members], Awaitable[Outcome]],
    ) -> None:
        try:
            self._listener = socket.create_server((LOOPBACK, port))
        except OSError as error:
            message = f"port {port} of {LOOPBACK}: {error.strerror}; 0 takes a free one"
            raise EnergyPipelineError(message) from None
        self.address = f"http://{LOOPBACK}:{self._listener.getsockname()[1]}{path}"
        self._belongs = belongs
        self._use = use
        self._work: asyncio.Task[Outcome] | None = None
        self._answered = asyncio.Event()
        self._shown = asyncio.Event()
        methods = ["GET", "POST"]
        self.app = Starlette(
            routes=[Route(_RESULT, self._show), Route(path, self._take, methods=methods)]
        )

    async def wait(self, limit_s: float) -> Outcome:
        """Serve until an answer was used and its result shown.

        Args:
            limit_s: how long to wait for the answer.

        Raises:
            EnergyPipelineError: nobody answered in time.
        """
        server = uvicorn.Server(_configuration(self.app))
        serving = asyncio.create_task(server.serve([self._listener]))
        try:
            async with asyncio.timeout(limit_s):
                await self._answered.wait()
            outcome = await self._outcome()
            with suppress(TimeoutError):
                async with asyncio.timeout(_SHOWN_WITHIN_S):
                    await self._shown.wait()
        except TimeoutError:
            message = f"nobody answered within {limit_s / 60:g} minutes; run the command again"
            raise EnergyPipelineError(message) from None
        finally:
            server.should_exit = True
            await serving
        return outcome

    async def _take(self, request: Request) -> Response:
        """Use the answer once, however often the browser sends it, and send it on."""
        if self._work is None:
            members = await _members(request)
            if not self._belongs(members):
                return _page(_NOT_THIS, 400)
            self._work = asyncio.ensure_future(self._use(members))
            self._answered.set()
        await asyncio.wait([self._work])
        return RedirectResponse(_RESULT, 303, _HEADERS)

    async def _show(self, _: Request) -> Response:
        if self._work is None:
            return _page(_NOT_THIS, 404)
        outcome = await self._outcome()
        response = _page(outcome, 200 if outcome.error is None else 502)
        response.background = BackgroundTask(self._shown.set)
        return response

    async def _outcome(self) -> Outcome:
        assert self._work is not None
        return await asyncio.shield(self._work)


def same(given: str | None, wanted: str) -> bool:
    """Tell whether two texts are the same, in a time that says nothing about them."""
    return hmac.compare_digest((given or "").encode(), wanted.encode())


_NOT_THIS = Outcome(
    "This is not the answer that is waited for",
    ("Use the address that the terminal shows, and the browser in which you opened it.",),
)


def _page(outcome: Outcome, status: int) -> Response:
    return Response(html_page(outcome), status, _HEADERS, "text/html; charset=utf-8")


async def _members(request: Request) -> Members:
    """Return what an answer says: in its headers, its body and its query, which wins."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            return {}
    return {**request.headers, **_body_members(body), **request.query_params}


def _body_members(body: bytes) -> Members:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    members = found if isinstance(found, dict) else {}
    return {name: value for name, value in members.items() if isinstance(value, str)}


def _configuration(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
