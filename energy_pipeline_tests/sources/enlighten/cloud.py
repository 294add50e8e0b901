"""A cloud at the transport seam: it answers from a list and remembers what it was asked."""

from collections.abc import Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.http.client import open_client
from energy_pipeline.sources.enlighten.v2.client import EnlightenV2
from energy_pipeline.sources.enlighten.v2.connection import Connection
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.limits import Limit
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sources.enlighten.bodies import REPORTED, SYSTEM

API_KEY = "0f3c9a7be1d24c58"
USER_ID = "4d7a45774e6a41320a"
HOUSE = EnlightenAccess(api="v2", system_id=SYSTEM, user_id=SecretStr(USER_ID))
PLAN = (Limit(10, "minute"), Limit(1000, "month"))


def answered(body: Mapping[str, Any] | bytes, status: int = 200, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return httpx.Response(status, content=content, headers=headers)


class Cloud:
    """Gives the answers one after the other, the last one for ever.

    Args:
        answers: responses, or errors of the transport.
    """

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, httpx.TransportError):
            raise found
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    @property
    def asked(self) -> list[httpx.URL]:
        """The addresses so far."""
        return [request.url for request in self.requests]

    def queries(self) -> list[dict[str, str]]:
        """The queries so far without key and user id."""
        return [
            {k: v for k, v in url.params.items() if k not in ("key", "user_id")}
            for url in self.asked
        ]


@asynccontextmanager
async def client_of(cloud: Cloud, folder: Path, clock: ManualClock, plan: Iterable[Limit] = PLAN):
    state = StateDatabase(f"sqlite:///{folder}/state.db")
    quota = Quota(state, "Enlighten", account_fingerprint(API_KEY), tuple(plan), clock)
    transport = httpx.MockTransport(cloud)
    try:
        async with open_client("https://api.enphaseenergy.com", transport=transport) as http:
            yield EnlightenV2(Connection(http, quota, SecretStr(API_KEY), clock))
    finally:
        state.close()


def new_clock() -> ManualClock:
    return ManualClock(REPORTED)
