"""Decides which request fails and how, and makes it fail."""

import threading

import numpy as np
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.enlighten.faults import Failure, Faults
from energy_pipeline.simulators.enlighten.noise import noise
from energy_pipeline.simulators.server import drop_connection

_REQUEST = 300
BUSY = b'{"errorCode":7,"errorMessages":["Data temporarily unavailable."]}'
_BUG = b'{"reason":"500","type":"NoMethodError","message":["undefined method `end_at\' for nil"]}'
_WEB_PAGE = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


class Failing:
    """Hands out the failures of the present faults, request after request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[Failure] = []
        self._number = 0

    def expect(self, faults: Faults) -> None:
        """Forget what was to fail next, and begin with the given faults."""
        with self._lock:
            self._queue = list(faults.next_failures)

    def next(self, path: str, faults: Faults) -> Failure | None:
        """Return how this request fails, None when it does not."""
        if faults.only_path not in path:
            return None
        with self._lock:
            self._number += 1
            if self._queue:
                return self._queue.pop(0)
            drawn = noise(np.array([self._number]), faults.seed, _REQUEST)[0]
        shares: list[tuple[Failure, float]] = [
            ("500", faults.error_share),
            ("503", faults.unavailable_share),
            ("drop", faults.drop_share),
        ]
        for failure, share in shares:
            if drawn < share:
                return failure
            drawn -= share
        return None


def failed_answer(failure: Failure, busy: bytes = BUSY) -> Response:
    """Return the answer that carries a failure.

    Args:
        failure: how the request fails.
        busy: the JSON of a service that has no time.
    """
    match failure:
        case "500" | "503":
            return Response(busy, int(failure), media_type="application/json")
        case "503_html":
            return Response(_WEB_PAGE, 503, media_type="text/html")
        case "bug":
            return Response(_BUG, 500, media_type="application/json")
        case "drop":
            return _Cut(b"")
        case "cut":
            return _Cut(b'{"system_id":67,"total_devices":16,"intervals":[{"end_at":16')


class _Cut(Response):
    """An answer of which at most the beginning reaches the client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.body:
            length = [(b"content-length", b"100000"), (b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": length})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await drop_connection(scope, receive)
