"""One request of dialect v4: key and token in headers, errors in our error tree.

How a request is counted and made again is in `counted_requests.py`, what a refusal means in
`problems.py`, where tokens come from in `token_source.py` of the source.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from random import Random
from typing import Any

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.http.retry import RetryPolicy
from energy_pipeline.sources.enlighten.counted_requests import READS, CountedRequests
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.token_source import TokenSource
from energy_pipeline.sources.enlighten.v4 import wire
from energy_pipeline.sources.enlighten.v4.problems import (
    MANNERS,
    error_of,
    is_token_refused,
    refusal_of,
)
from energy_pipeline.state.quota import Quota

_Build = Callable[[httpx.AsyncClient, Mapping[str, str]], httpx.Request]
"""Makes a request that has these headers."""


class Connection:
    """Enlighten's dialect v4 for one application and the user who granted access to it.

    Args:
        http: a client for the service's base URL.
        quota: the plan's requests; every try is counted, also one that fails.
        api_key: the application's key.
        tokens: the application's access token.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.
        policy: how often a read is tried.

    Every request raises:
        AccessRefused: key, token, plan or grant do not allow it; the message says what to do.
        NotFound: the system, the device or the path is not known.
        RequestRefused: anything else that will be refused again.
        QuotaSpent: the plan's requests are used up for longer than a minute.
        ServiceUnavailable: no usable answer after every sensible try.
        ConfigurationError: the token source lacks what it asks for a token with.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        quota: Quota,
        api_key: SecretStr,
        tokens: TokenSource,
        clock: Clock,
        *,
        rng: Random | None = None,
        policy: RetryPolicy = READS,
    ) -> None:
        self._requests = CountedRequests(http, quota, clock, MANNERS, rng=rng, policy=policy)
        self._api_key = api_key
        self._tokens = tokens
        self.clock = clock

    @property
    def quota(self) -> Quota:
        """The plan's requests."""
        return self._requests.quota

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        """Return a good answer of a path from `/api/v4` on."""
        return _good(await self._got(path, params), f"GET {path}")

    async def get_or_refusal(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> httpx.Response | Refusal:
        """Return a good answer, or why there is nothing to give for the time that was asked for."""
        response = await self._got(path, params)
        return refusal_of(response) or _good(response, f"GET {path}")

    async def post(
        self, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return a good answer to a question that is asked with a JSON body and changes nothing."""

        def build(http: httpx.AsyncClient, headers: Mapping[str, str]) -> httpx.Request:
            return http.build_request("POST", path, params=params, headers=headers, json=body)

        return _good(await self._answer(build, f"POST {path}"), f"POST {path}")

    async def _got(self, path: str, params: Mapping[str, str] | None) -> httpx.Response:
        def build(http: httpx.AsyncClient, headers: Mapping[str, str]) -> httpx.Request:
            return http.build_request("GET", path, params=params, headers=headers)

        return await self._answer(build, f"GET {path}")

    async def _answer(self, build: _Build, name: str) -> httpx.Response:
        """Return the answer, whatever it says but for the quota; renew a refused token once."""
        sent: SecretStr | None = None

        async def with_credentials(http: httpx.AsyncClient) -> httpx.Request:
            nonlocal sent
            sent = await self._tokens.token()
            return build(http, self._headers(sent))

        response = await self._requests.send(with_credentials, name)
        if sent is None or not is_token_refused(response):
            return response
        fresh = await self._tokens.renewed(sent)

        async def with_fresh_token(http: httpx.AsyncClient) -> httpx.Request:
            return build(http, self._headers(fresh))

        return await self._requests.send(with_fresh_token, name)

    def _headers(self, token: SecretStr) -> dict[str, str]:
        self._requests.hide(self._api_key, token)
        return {
            wire.KEY_HEADER: self._api_key.get_secret_value(),
            "Authorization": f"Bearer {token.get_secret_value()}",
        }


def _good(response: httpx.Response, name: str) -> httpx.Response:
    """Return an answer that is one.

    Raises:
        ServiceError: it is none.
    """
    if response.status_code != HTTPStatus.OK:
        raise error_of(response, name)
    return response
