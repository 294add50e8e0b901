"""The Enlighten account of a run: one client, one quota, both dialects, closed at the end."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cached_property, partial

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import ENVIRONMENT
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.http.client import open_client
from energy_pipeline.http.lanes import Lanes
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.dialect import Enlighten, Grant
from energy_pipeline.sources.enlighten.token_source import TokenSource
from energy_pipeline.sources.enlighten.v2.client import EnlightenV2
from energy_pipeline.sources.enlighten.v2.connection import Connection as ConnectionV2
from energy_pipeline.sources.enlighten.v4.client import EnlightenV4
from energy_pipeline.sources.enlighten.v4.connection import Connection as ConnectionV4
from energy_pipeline.sources.enlighten.v4.search import Post
from energy_pipeline.state.limits import Limit
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline.steps.enlighten_authorization import open_authorization
from energy_pipeline.workbench import Workbench

CONCURRENCY = 16
"""Requests under way at a time; the plan's limits, not this, decide how fast a run can be."""


class Account:
    """The user's application at Enlighten, in both dialects.

    Args:
        http: a client for the service's base URL.
        quota: the plan's requests, which both dialects share.
        api_key: the application's key.
        clock: the present instant, and how to wait.
        open_tokens: where the access tokens of an owner come from, in dialect v4; called when the
            first is needed.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        quota: Quota,
        api_key: SecretStr,
        clock: Clock,
        open_tokens: Callable[[str], TokenSource],
    ) -> None:
        self.quota = quota
        self._common = (http, quota, api_key)
        self._clock = clock
        self._open_tokens = open_tokens
        self._v4: dict[str, ConnectionV4] = {}

    def of(self, grant: Grant) -> Enlighten:
        """Return what answers questions, in the name of whoever granted access.

        Raises:
            ConfigurationError: what a token is asked for with is not configured.
        """
        if grant.api == "v2":
            return EnlightenV2(self._connection_v2)
        return EnlightenV4(self._connection_v4(grant))

    def ask_of(self, grant: Grant) -> Ask:
        """Return what asks for any path of a dialect, in the name of whoever granted access.

        Raises:
            ConfigurationError: what a token is asked for with is not configured.
        """
        if grant.api == "v2":
            return self._connection_v2.as_user(grant.user_id or SecretStr(""))
        return self._connection_v4(grant).get_or_refusal

    def post_as(self, grant: Grant) -> Post:
        """Return what asks with a body, in dialect v4.

        Raises:
            ConfigurationError: what a token is asked for with is not configured.
        """
        return self._connection_v4(grant).post

    @cached_property
    def _connection_v2(self) -> ConnectionV2:
        return ConnectionV2(*self._common, self._clock)

    def _connection_v4(self, grant: Grant) -> ConnectionV4:
        owner = grant.owner or ""
        if owner not in self._v4:
            self._v4[owner] = ConnectionV4(*self._common, self._open_tokens(owner), self._clock)
        return self._v4[owner]


@asynccontextmanager
async def open_enlighten(bench: Workbench, kept_back: int = 0) -> AsyncGenerator[Account]:
    """Open an account whose hits are counted together with those of every other process.

    Args:
        bench: settings, state and clock.
        kept_back: requests of the month that this account leaves to others.

    Raises:
        ConfigurationError: the environment has no key.
    """
    api_key, quota = _api_key(bench), enlighten_quota(bench, kept_back)
    base_url = bench.settings.enlighten_base_url
    async with open_client(base_url, transport=Lanes(CONCURRENCY)) as http:
        yield Account(http, quota, api_key, bench.clock, partial(open_authorization, bench))


def enlighten_quota(bench: Workbench, kept_back: int = 0) -> Quota:
    """Return the plan's requests, which are counted per application key.

    Args:
        bench: settings, state and clock.
        kept_back: requests of the month that are left to others.

    Raises:
        ConfigurationError: the environment has no key.
    """
    limits = (
        Limit(bench.settings.enlighten_requests_per_minute, "minute"),
        Limit(bench.settings.enlighten_requests_per_month, "month"),
    )
    account = account_fingerprint(_api_key(bench).get_secret_value())
    return Quota(
        bench.state,
        wire.SERVICE,
        account,
        limits,
        bench.clock,
        on_wait=lambda what: bench.progress(what, 0, 1),
        kept_back=kept_back,
    )


def hits_left(bench: Workbench) -> dict[str, int]:
    """Return the requests that the plan still allows, by period; nothing without a key."""
    return enlighten_quota(bench).left() if bench.settings.enlighten_api_key else {}


def _api_key(bench: Workbench) -> SecretStr:
    api_key = bench.settings.enlighten_api_key
    if api_key is None:
        allowed = "the key of your application at Enlighten"
        raise ConfigurationError([Problem(ENVIRONMENT, "ENLIGHTEN_API_KEY", "nothing", allowed)])
    return api_key
