"""One request of dialect v2: key and user id in the query, errors in our error tree.

The key and the user id are in the query alone; no message ever holds a query. How a request is
counted and made again is in `counted_requests.py`, what a refusal means in `problems.py`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from random import Random

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.http.retry import RetryPolicy
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.counted_requests import READS, CountedRequests
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.v2 import wire
from energy_pipeline.sources.enlighten.v2.problems import MANNERS, error_of, refusal_of
from energy_pipeline.state.quota import Quota


class Connection:
    """Enlighten's dialect v2 for one application.

    Args:
        http: a client for the service's base URL.
        quota: the plan's requests; every try is counted, also one that fails.
        api_key: the application's key.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.
        policy: how often a read is tried.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        quota: Quota,
        api_key: SecretStr,
        clock: Clock,
        *,
        rng: Random | None = None,
        policy: RetryPolicy = READS,
    ) -> None:
        self._requests = CountedRequests(http, quota, clock, MANNERS, rng=rng, policy=policy)
        self._api_key = api_key
        self.clock = clock

    @property
    def quota(self) -> Quota:
        """The plan's requests."""
        return self._requests.quota

    async def get(
        self, path: str, user_id: SecretStr, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return a good answer.

        Raises:
            AccessRefused: key, user id or grant are not accepted.
            NotFound: the system or the path is not known.
            RequestRefused: anything else that will be refused again.
            QuotaSpent: the plan's requests are used up for longer than a minute.
            ServiceUnavailable: no usable answer after every sensible try.
        """
        response = await self._answer(path, user_id, params)
        if response.status_code != HTTPStatus.OK:
            raise error_of(response, f"GET {path}")
        return response

    async def get_or_refusal(
        self, path: str, user_id: SecretStr, params: Mapping[str, str] | None = None
    ) -> httpx.Response | Refusal:
        """Return a good answer, or why there is nothing to give for the time that was asked for.

        Raises what `get` raises.
        """
        response = await self._answer(path, user_id, params)
        if response.status_code == HTTPStatus.OK and not _is_message(response):
            return response
        if refusal := refusal_of(response):
            return refusal
        raise error_of(response, f"GET {path}")

    def as_user(self, user_id: SecretStr) -> Ask:
        """Return what asks as one user; it raises what `get` raises."""

        async def ask(
            path: str, params: Mapping[str, str] | None = None
        ) -> httpx.Response | Refusal:
            return await self.get_or_refusal(path, user_id, params)

        return ask

    async def _answer(
        self, path: str, user_id: SecretStr, params: Mapping[str, str] | None
    ) -> httpx.Response:
        """Return the answer, whatever it says but for the quota."""
        secrets = {wire.KEY: self._api_key, wire.USER_ID: user_id}
        self._requests.hide(*secrets.values())
        shown = {name: secret.get_secret_value() for name, secret in secrets.items()}
        query = {**(params or {}), **shown}

        async def build(http: httpx.AsyncClient) -> httpx.Request:
            return http.build_request("GET", path, params=query)

        return await self._requests.send(build, f"GET {path}")


def _is_message(response: httpx.Response) -> bool:
    """Whether a good status carries a sentence instead of values."""
    return shared.NO_CONSUMPTION_METER.encode() in response.content[:1000]
