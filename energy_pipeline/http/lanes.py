"""Connections side by side, each by itself: what a pool costs grows with its size, squared.

A pool looks at every connection it holds whenever a request begins or ends. For many short requests
side by side that is most of the work; here each connection is a pool of one. Time-outs, headers and
what may be asked of whom are `client.py`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import httpx

# Shorter than servers keep an idle connection: a request must not meet one that is being closed.
_KEEP_IDLE_S = 4.0


class Lanes(httpx.AsyncBaseTransport):
    """A transport over at most so many connections; further requests wait their turn.

    Certificates are verified; nothing is read from the environment.

    Args:
        connections: at least 1.
    """

    def __init__(self, connections: int) -> None:
        limits = httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEP_IDLE_S
        )
        context = httpx.create_ssl_context(trust_env=False)
        self._lanes = [
            httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)
            for _ in range(connections)
        ]
        # The lane that became free last is taken first: its connection is the warmest.
        self._free: asyncio.LifoQueue[httpx.AsyncHTTPTransport] = asyncio.LifoQueue()
        for lane in self._lanes:
            self._free.put_nowait(lane)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on a free lane; the lane is free again when the answer is closed."""
        lane = await self._free.get()
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._free.put_nowait(lane)
            raise
        stream = cast(httpx.AsyncByteStream, response.stream)
        response.stream = _Released(stream, lambda: self._free.put_nowait(lane))
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for lane in self._lanes:
            await lane.aclose()


class _Released(httpx.AsyncByteStream):
    """The body of an answer; tells once when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, on_close: Callable[[], None]) -> None:
        self._stream = stream
        self._on_close: Callable[[], None] | None = on_close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        on_close, self._on_close = self._on_close, None
        try:
            await self._stream.aclose()
        finally:
            if on_close is not None:
                on_close()
