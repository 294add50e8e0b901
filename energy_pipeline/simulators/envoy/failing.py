"""Decides which request fails, and turns an answer into its failure."""

import threading
from dataclasses import replace

import numpy as np
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.enlighten.noise import noise
from energy_pipeline.simulators.envoy.answer import Answer, json_answer, page, unauthorized
from energy_pipeline.simulators.envoy.faults import Failure, Faults
from energy_pipeline.simulators.server import drop_connection

_REQUEST, _LATENCY = 500, 501
_TITLES = {"404": "404 Not Found", "502": "502 Bad Gateway", "504": "504 Gateway Time-out"}
BUSY = Answer(
    b"Resource busy, please retry after 30 seconds\n", "web", 503, content_type="text/plain"
)
"""What the gateway says for minutes after it was switched on."""
NOT_FOUND = page(404, _TITLES["404"])
"""What the web server says to a path that nobody answers."""


class Failing:
    """Hands out the failures of the present faults, request after request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[Failure] = []
        self._number = self._waits = 0

    def expect(self, faults: Faults) -> None:
        """Forget what was to fail next, and begin with the given faults."""
        with self._lock:
            self._queue = list(faults.next_failures)

    def latency_s(self, faults: Faults) -> float:
        """Return how long a request waits for its answer."""
        with self._lock:
            self._waits += 1
            drawn = noise(np.array([self._waits]), faults.seed, _LATENCY)[0]
        return faults.latency_s + faults.jitter_s * float(drawn)

    def next(self, path: str, faults: Faults) -> Failure | None:
        """Return how a request fails, None when it does not."""
        if path in faults.failing_paths:
            return faults.failing_paths[path]
        if faults.only_path not in path:
            return None
        with self._lock:
            self._number += 1
            if self._queue:
                return self._queue.pop(0)
            drawn = noise(np.array([self._number]), faults.seed, _REQUEST)[0]
        return faults.shared_failure if drawn < faults.failing_share else None


def failed(answer: Answer, failure: Failure, login_page: str) -> Answer:
    """Return what becomes of an answer.

    Args:
        answer: what would be said.
        failure: one that still lets an answer through.
        login_page: of the page of a 401.
    """
    match failure:
        case "401":
            return unauthorized(login_page)
        case "503":
            return BUSY
        case "404" | "502" | "504":
            return page(int(failure), _TITLES[failure])
        case "html":
            return replace(page(200, "Enphase"), process=answer.process)
        case "error_json":
            return json_answer(answer.process, {"error": "internal"})
        case "empty":
            return replace(answer, body=b"")
        case "no_content_type":
            return replace(answer, content_type=None)
        case _:
            return replace(answer, is_cut=True)


class Silence(Response):
    """No answer: the connection is cut, or nothing ever comes.

    Args:
        is_cut: cut at once; otherwise the client has to lose patience.
    """

    def __init__(self, *, is_cut: bool) -> None:
        super().__init__()
        self._is_cut = is_cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Say nothing until the client is gone."""
        if self._is_cut:
            await drop_connection(scope, receive)
            return
        while (await receive())["type"] != "http.disconnect":
            pass
