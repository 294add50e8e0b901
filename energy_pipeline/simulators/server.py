"""Any ASGI application on loopback: in a thread for tests, in the foreground for people.

`serve` is the context manager of the tests, `serve_forever` the foreground of the command line.
What the applications answer is their own affair; the one thing they get from here is
`drop_connection`, because an application alone cannot make a connection fail.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LOOPBACK = "127.0.0.1"
_DROP = "energy_pipeline.drop_connection"


class Certificate(NamedTuple):
    """PEM files with which an application is served over HTTPS.

    Attributes:
        certificate_file: the certificate.
        key_file: its private key, without a password.
        newest_tls: a younger version of TLS is not spoken, for services that are not that young.
    """

    certificate_file: Path
    key_file: Path
    newest_tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED


class RunningServer:
    """An application that is being served.

    Attributes:
        base_url: `http://127.0.0.1:<port>` (or `https`), no slash at the end.
        port: the port that it listens on.
    """

    def __init__(self, app: ASGIApp, port: int, tls: Certificate | None) -> None:
        listener = socket.create_server((LOOPBACK, port), backlog=512)
        self.port: int = listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        self._listener = listener
        configuration = _configuration(app, tls)
        self._tls_context = configuration.ssl
        self._server = _Server(configuration)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=f"simulator-{self.port}", daemon=True
        )

    def start(self) -> None:
        """Return as soon as requests are answered.

        Raises:
            RuntimeError: the application's own start-up failed.
        """
        self._thread.start()
        while not self._server.ready.wait(0.05):
            if not self._thread.is_alive():
                self._listener.close()
                raise RuntimeError(f"the application for {self.base_url} did not start")

    def present(self, tls: Certificate) -> None:
        """Show another certificate to every connection that is opened from now on.

        Raises:
            RuntimeError: the application is served without TLS.
        """
        if self._tls_context is None:
            raise RuntimeError(f"{self.base_url} has no certificate that could be replaced")
        self._tls_context.load_cert_chain(tls.certificate_file, tls.key_file)

    def stop(self) -> None:
        """Close every connection and return when the port is free again."""
        self._server.stop()
        self._thread.join()


@contextlib.contextmanager
def serve(app: ASGIApp, port: int = 0, tls: Certificate | None = None) -> Generator[RunningServer]:
    """Serve `app` from a background thread for as long as the block lasts.

    Args:
        app: Starlette or any other ASGI application.
        port: 0 takes a free one.
        tls: serve HTTPS with this certificate.
    """
    server = RunningServer(app, port, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def serve_forever(
    apps: Sequence[tuple[ASGIApp, int]],
    on_started: Callable[[list[RunningServer]], None],
) -> None:
    """Serve several applications until SIGINT or SIGTERM; must run in the main thread.

    Args:
        apps: applications with their ports (0 takes a free one).
        on_started: called once with the servers, in the order of `apps`, when all of them answer.
    """
    stopped = threading.Event()
    handlers = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, lambda *_: stopped.set())
    try:
        with contextlib.ExitStack() as stack:
            on_started([stack.enter_context(serve(app, port)) for app, port in apps])
            stopped.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """Cut the client's connection without a word; the application then returns without answering.

    Raises:
        ConnectionResetError: the application runs inside the client's process, without a socket.
    """
    drop = scope.get(_DROP)
    if drop is None:
        raise ConnectionResetError("the simulated service closed the connection")
    drop()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Protocol(HttpToolsProtocol):
    """Hands the application a way to cut its own connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # pyright: ignore[reportAssignmentType]
        scope[_DROP] = self.transport.abort


class _Server(uvicorn.Server):
    """Tells when it answers, and stops at once when told to, from any thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(SystemExit):  # a start-up that failed; `start` tells
            super().run(sockets)

    async def main_loop(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        self.ready.set()
        await self._stopping.wait()

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


def _configuration(app: ASGIApp, tls: Certificate | None) -> uvicorn.Config:
    configuration = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        date_header=False,  # the machine's date would contradict the virtual clock
        server_header=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=tls.certificate_file if tls else None,
        ssl_keyfile=tls.key_file if tls else None,
    )
    configuration.load()
    if tls and configuration.ssl:
        configuration.ssl.maximum_version = tls.newest_tls
    return configuration
