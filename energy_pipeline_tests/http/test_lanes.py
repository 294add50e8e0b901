"""Lanes carry so many requests at a time, over connections that are kept, and lose none."""

import asyncio
from collections.abc import Generator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from energy_pipeline.http.client import open_client
from energy_pipeline.http.lanes import Lanes
from energy_pipeline.simulators.server import drop_connection, serve


class Service:
    """Answers after all who can have come have come; drops whoever asks for it."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most_at_once = 0
        self.peers: set[tuple[str, int]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return None
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        self.peers.add(scope["client"])
        await asyncio.sleep(0.02)
        self.under_way -= 1
        if scope["path"] == "/drop":
            return await drop_connection(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body", "body": b"here"})


@pytest.fixture
def service() -> Generator[tuple[Service, str]]:
    application = Service()
    with serve(application) as server:
        yield application, server.base_url


def ask(base_url: str, paths: list[str], connections: int) -> list[bytes | Exception]:
    async def run() -> list[bytes | Exception]:
        async with open_client(base_url, transport=Lanes(connections)) as client:

            async def get(path: str) -> bytes | Exception:
                try:
                    return (await client.get(path)).content
                except httpx.TransportError as error:
                    return error

            return list(await asyncio.gather(*map(get, paths)))

    return asyncio.run(run())


def test_no_more_than_so_many_at_once_and_every_one_is_answered(
    service: tuple[Service, str],
) -> None:
    application, base_url = service

    assert ask(base_url, ["/"] * 20, connections=4) == [b"here"] * 20
    assert application.most_at_once == 4


def test_connections_are_kept(service: tuple[Service, str]) -> None:
    application, base_url = service
    ask(base_url, ["/"] * 12, connections=3)
    assert len(application.peers) == 3


def test_a_request_that_fails_gives_its_lane_back(service: tuple[Service, str]) -> None:
    _, base_url = service
    found = ask(base_url, ["/drop", "/drop", "/", "/drop", "/"], connections=1)
    assert [isinstance(each, httpx.TransportError) for each in found] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_an_answer_that_is_not_read_gives_its_lane_back_when_closed(
    service: tuple[Service, str],
) -> None:
    async def run(base_url: str) -> bytes:
        async with open_client(base_url, transport=Lanes(1)) as client:
            for _ in range(3):
                async with client.stream("GET", "/"):
                    pass
            return (await client.get("/")).content

    assert asyncio.run(run(service[1])) == b"here"


def test_a_cancelled_request_gives_its_lane_back(service: tuple[Service, str]) -> None:
    async def run(base_url: str) -> bytes:
        async with open_client(base_url, transport=Lanes(1)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await client.get("/")
            return (await client.get("/")).content

    assert asyncio.run(run(service[1])) == b"here"
