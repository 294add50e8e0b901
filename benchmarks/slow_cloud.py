"""A server in a process of its own that answers `stats` with made-up days after a fixed latency.

It answers any system and any day, and does little else: the clients are what is compared.
"""

import asyncio
import contextlib
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.server import serve

LATENCY_S = 0.05
INTERVALS_PER_DAY = 190  # of five minutes; the rest is night
_DAWN_S = 4 * 3600


@contextmanager
def slow_cloud() -> Generator[str]:
    """Serve while the block lasts; yields the base URL."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()  # so that the end of the process is the end of the pipe
    try:
        yield here.recv()
    finally:
        here.close()
        process.join()


def _serve(parent: Connection) -> None:
    with serve(_answer) as server, contextlib.suppress(EOFError):
        parent.send(server.base_url)
        parent.recv()  # until the parent has gone


async def _answer(scope: Scope, _: Receive, send: Send) -> None:
    """Answer one request; the body is made while the latency passes."""
    if scope["type"] != "http":
        return
    latency = asyncio.create_task(asyncio.sleep(LATENCY_S))
    query = parse_qs(scope["query_string"].decode())
    system_id, start_at = int(scope["path"].split("/")[4]), int(query["start_at"][0])
    body = _day(system_id, start_at)
    await latency
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _day(system_id: int, start_at: int) -> bytes:
    first = start_at + _DAWN_S
    intervals = [
        {"end_at": first + 300 * n, "powr": 12 * n, "enwh": n, "devices_reporting": 16}
        for n in range(1, INTERVALS_PER_DAY + 1)
    ]
    now = start_at + 400 * 86_400
    meta = {"status": "normal", "last_report_at": now, "last_energy_at": now}
    return orjson.dumps(
        {"system_id": system_id, "total_devices": 16, "intervals": intervals, "meta": meta}
    )
