import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from energy_pipeline.simulators.envoy.certificates import IssuedCertificate, issue_certificate
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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> IssuedCertificate:
    return issue_certificate(tmp_path_factory.mktemp("tls"), "122000000001", datetime.now(UTC))


def trusting(certificate: IssuedCertificate) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate.files.certificate_file)
    context.check_hostname = False
    return context


def spoken_version(server: RunningServer, certificate: IssuedCertificate) -> str | None:
    with (
        socket.create_connection(("127.0.0.1", server.port)) as connection,
        trusting(certificate).wrap_socket(connection) as secured,
    ):
        return secured.version()


def test_serves_https_to_those_who_trust_the_certificate(certificate):
    with serve(APP, tls=certificate.files) as server:
        assert server.base_url == f"https://127.0.0.1:{server.port}"
        assert httpx.get(server.base_url, verify=trusting(certificate)).text == "hello"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(server.base_url)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.base_url}/silent", verify=trusting(certificate))
        with pytest.raises(httpx.TransportError):
            httpx.get(server.base_url.replace("https", "http"))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED])
def test_speaks_no_younger_tls_than_told(newest, certificate):
    with serve(APP, tls=certificate.files._replace(newest_tls=newest)) as server:
        expected = "TLSv1.2" if newest is ssl.TLSVersion.TLSv1_2 else "TLSv1.3"
        assert spoken_version(server, certificate) == expected


def test_another_certificate_is_shown_from_then_on(certificate, tmp_path):
    other = issue_certificate(tmp_path, "122000000002", datetime.now(UTC))
    with serve(APP, tls=certificate.files) as server:
        server.present(other.files)
        assert httpx.get(server.base_url, verify=trusting(other)).text == "hello"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(server.base_url, verify=trusting(certificate))
    with serve(APP) as plain, pytest.raises(RuntimeError, match="no certificate"):
        plain.present(other.files)


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
from energy_pipeline.simulators.envoy.certificates import IssuedCertificate, issue_certificate
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
