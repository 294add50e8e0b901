"""The Enlighten account of a run: one client, one quota, both closed at the end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from energy_pipeline.configuration.environment import ENVIRONMENT
from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.http.client import open_client
from energy_pipeline.http.lanes import Lanes
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.v2.client import EnlightenV2, SystemAccess
from energy_pipeline.sources.enlighten.v2.connection import Connection
from energy_pipeline.state.limits import Limit
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline.workbench import Workbench

CONCURRENCY = 16
"""Requests under way at a time; the plan's limits, not this, decide how fast a run can be."""


@asynccontextmanager
async def open_enlighten(bench: Workbench) -> AsyncGenerator[EnlightenV2]:
    """Open a client whose hits are counted together with those of every other process.

    Raises:
        ConfigurationError: the environment has no key.
    """
    api_key, quota = _api_key(bench), enlighten_quota(bench)
    base_url = bench.settings.enlighten_base_url
    async with open_client(base_url, transport=Lanes(CONCURRENCY)) as http:
        yield EnlightenV2(Connection(http, quota, api_key, bench.clock))


def enlighten_quota(bench: Workbench) -> Quota:
    """Return the plan's requests, which are counted per application key.

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
    )


def hits_left(bench: Workbench) -> dict[str, int]:
    """Return the requests that the plan still allows, by period; nothing without a key."""
    return enlighten_quota(bench).left() if bench.settings.enlighten_api_key else {}


def system_access(access: EnlightenAccess) -> SystemAccess:
    """Return the system and the user of a site."""
    return SystemAccess(access.system_id, access.user_id or SecretStr(""))


def _api_key(bench: Workbench) -> SecretStr:
    api_key = bench.settings.enlighten_api_key
    if api_key is None:
        allowed = "the key of your application at Enlighten"
        raise ConfigurationError([Problem(ENVIRONMENT, "ENLIGHTEN_API_KEY", "nothing", allowed)])
    return api_key
