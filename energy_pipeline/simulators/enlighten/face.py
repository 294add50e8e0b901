"""What every face of the cloud does with a request: hold it up, answer it, write it down."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.enlighten.faults import Failure
from energy_pipeline.simulators.enlighten.record import RecordedRequest, without_secrets
from energy_pipeline.simulators.enlighten.state import CloudState


@dataclass
class Passage:
    """How far one request has come.

    Attributes:
        request: the request.
        path: its path below the face.
        at: virtual instant of its arrival.
        counted: whether it counted against the quota.
        failure: how it is made to fail.
    """

    request: Request
    path: str
    at: datetime
    counted: bool = False
    failure: Failure | None = None

    @property
    def now(self) -> int:
        """The instant of arrival in epoch seconds."""
        return int(self.at.timestamp())


class Face(ABC):
    """An ASGI application on the shared state of one cloud."""

    def __init__(self, state: CloudState) -> None:
        self.state = state
        self._in_flight = 0

    @abstractmethod
    async def respond(self, passage: Passage) -> Response:
        """Answer one request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write it down."""
        request = Request(scope, receive)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        passage = Passage(request, path, self.state.clock.now())
        self._in_flight += 1
        try:
            response = await self.respond(passage)
            self._record(passage, response)
            await response(scope, receive, send)
        finally:
            self._in_flight -= 1

    @property
    def crowded(self) -> bool:
        """Whether more requests are under way than the service takes."""
        most = self.state.switches.parallel_requests
        return most is not None and self._in_flight > most

    async def linger(self, passage: Passage) -> None:
        """Be as slow as the present faults want it."""
        faults = self.state.faults
        if faults.only_path in passage.request.url.path:
            await asyncio.sleep(faults.latency_s)

    def draw_failure(self, passage: Passage) -> Failure | None:
        """Decide whether this request fails, and keep it in mind."""
        path = passage.request.url.path
        passage.failure = self.state.failing.next(path, self.state.faults)
        return passage.failure

    def _record(self, passage: Passage, response: Response) -> None:
        request = passage.request
        self.state.requests.append(
            RecordedRequest(
                request.method,
                request.url.path,
                without_secrets(request.query_params),
                None if passage.failure in ("drop", "cut") else response.status_code,
                passage.at,
                passage.counted,
            )
        )
