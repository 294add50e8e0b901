"""The client against a real server on loopback, and what it refuses."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from energy_pipeline.errors import ConfigurationError
from energy_pipeline.http.client import open_client

KEY = "9f3b2c7d1e0a4f6b8c5d"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"/elsewhere?key={KEY}")
        else:
            self.send_response(200)
        body = str(self.headers).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def get(base_url: str, path: str, **query: str) -> httpx.Response:
    async with open_client(base_url) as client:
        return await client.get(path, params=query)


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_no_query_is_logged_whatever_the_level(
    caplog: pytest.LogCaptureFixture, level: int
) -> None:
    with serving() as base_url, caplog.at_level(level), caplog.at_level(level, "httpx"):
        caplog.set_level(level, "httpcore")
        response = asyncio.run(get(base_url, "/api/v2/systems", user_id="4d7a", key=KEY, page="7"))
        moved = asyncio.run(get(base_url, "/moved", start_at="15"))
    assert (response.status_code, moved.status_code) == (200, 302)
    assert "/api/v2/systems" in caplog.text
    for hidden in (KEY, "4d7a", "page=7", "start_at=15"):
        assert hidden not in caplog.text


def test_the_talkative_loggers_are_silent_unless_asked(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as base_url, caplog.at_level(logging.DEBUG):
        asyncio.run(get(base_url, "/api/v2/systems", key=KEY))
    assert not [
        record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))
    ]


def test_the_service_sees_who_asks_and_is_not_followed_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving() as base_url:
        response = asyncio.run(get(base_url, "/headers"))
        moved = asyncio.run(get(base_url, "/moved"))
    assert "User-Agent: energy-pipeline/" in response.text
    assert "Accept: application/json" in response.text
    assert moved.status_code == 302


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.example",
        "https://api.example:8443/root",
        "http://127.0.0.1:8000",
        "http://localhost:1",
        "http://[::1]:80",
    ],
)
def test_https_and_loopback_are_taken(base_url: str) -> None:
    client = open_client(base_url)
    assert str(client.base_url).startswith(base_url.removesuffix(":80"))
    asyncio.run(client.aclose())


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "api.example",
        "",
        "https://",
        "https://user:hunter22@api.example",
        f"https://api.example?key={KEY}",
        "https://api.example/#here",
        "https://api.example:port",
    ],
)
def test_other_addresses_are_refused_without_showing_a_secret(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback") as caught:
        open_client(base_url)
    assert KEY not in str(caught.value)
    assert "hunter22" not in str(caught.value)
