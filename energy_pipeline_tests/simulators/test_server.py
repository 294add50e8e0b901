import asyncio
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from energy_pipeline.simulators.server import RunningServer, drop_connection, serve


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


class Silence(Response):
    """An answer that never comes."""

    async def __call__(self, scope, receive, send):  # noqa: ARG002
        await drop_connection(scope, receive)


async def silent(_: Request) -> Response:
    return Silence()


APP = Starlette(routes=[Route("/", hello), Route("/silent", silent, methods=["GET", "POST"])])


def test_serves_while_the_block_lasts_and_frees_the_port():
    with serve(APP) as server:
        assert server.base_url == f"http://127.0.0.1:{server.port}"
        assert httpx.get(server.base_url).text == "hello"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.base_url)


def test_two_servers_have_two_ports():
    with serve(APP) as one, serve(APP) as two:
        assert one.port != two.port
        assert httpx.get(one.base_url).text == httpx.get(two.base_url).text == "hello"


def test_stops_although_a_client_keeps_its_connection():
    with httpx.Client() as client:
        with serve(APP) as server:
            assert client.get(server.base_url).text == "hello"
        with pytest.raises(httpx.TransportError):
            client.get(server.base_url)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dropped_connection_reaches_the_client_as_a_transport_error(method, caplog):
    with serve(APP) as server:
        with pytest.raises(httpx.TransportError):
            httpx.request(method, server.base_url + "/silent", content=b"x" * 10_000)
        assert httpx.get(server.base_url).text == "hello"
    assert [r for r in caplog.records if r.name.startswith("uvicorn")] == []


def test_a_dropped_connection_without_a_socket_raises():
    transport = httpx.ASGITransport(APP)

    async def ask():
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            await client.get("/silent")

    with pytest.raises(ConnectionResetError):
        asyncio.run(ask())


def test_a_taken_port_is_told_at_once():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
        serve(APP, taken.getsockname()[1]),
    ):
        pass


def test_a_failing_startup_is_told():
    async def broken(_, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="did not start"):
        RunningServer(broken, 0, None).start()


FOREGROUND = """
from energy_pipeline.simulators.server import serve_forever
from energy_pipeline_tests.simulators.test_server import APP
serve_forever([(APP, 0), (APP, 0)], lambda all_: print(*(s.base_url for s in all_), flush=True))
print("stopped")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_serves_all_until_a_signal(number):
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", FOREGROUND], stdout=-1, stderr=-1, text=True
    ) as process:
        assert process.stdout is not None
        urls = process.stdout.readline().split()
        assert [httpx.get(url).text for url in urls] == ["hello", "hello"]
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("stopped\n", "", 0)
