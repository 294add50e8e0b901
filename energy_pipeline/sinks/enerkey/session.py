"""An open profile, tenant or partner at EnerKey: keys, counts and connection from the settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

import httpx

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import KeySlot, Settings
from energy_pipeline.http.client import open_client
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.connection import LONGEST_LIMIT_WAIT_S, Connection
from energy_pipeline.sinks.enerkey.keys import KeyRing, ProfileKey
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.limits import Limit, pace
from energy_pipeline.state.quota import Quota, account_fingerprint

SERVICE = "EnerKey"


Scope = Literal["API", "TENANT", "PARTNER"]
"""Whose keys: the profile's, the tenant's (provisioning), the partner's (alarms)."""


@dataclass(frozen=True)
class EnerKeySession:
    """One profile, tenant or partner, open.

    Args:
        connection: the way to it.
        keys: its keys.
        quotas: the counts of the keys, by slot.
    """

    connection: Connection
    keys: KeyRing
    quotas: dict[str, Quota]

    @cached_property
    def client(self) -> EnerKeyClient:
        """What a profile's key opens."""
        return EnerKeyClient(self.connection)

    @property
    def requests_spent(self) -> int:
        """Requests counted in this session."""
        return sum(quota.spent_by_this_object for quota in self.quotas.values())

    @property
    def requests_left(self) -> int | None:
        """Requests that the best key may still make today; None without a key."""
        return max((quota.left()["day"] for quota in self.quotas.values()), default=None)


@asynccontextmanager
async def open_enerkey(
    settings: Settings,
    state: StateDatabase,
    clock: Clock,
    *,
    scope: Scope = "API",
    rng: Random | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[EnerKeySession]:
    """Open the profile, tenant or partner that the settings name.

    Args:
        settings: base URL, keys with their dates, pace and daily ceiling.
        state: where requests are counted.
        clock: the present instant, and how to wait.
        scope: whose keys are used.
        rng: dice of the waits.
        transport: stands in for the network.
    """
    keys = keys_of(settings, scope)
    ring = KeyRing(keys, f"ENERKEY_{scope}_KEY")
    install_log_redaction(ring.secrets)
    limits = [
        pace(settings.enerkey_requests_per_second),
        Limit(settings.enerkey_requests_per_day, "day"),
    ]
    quotas = {
        key.slot: Quota(
            state,
            SERVICE,
            account_fingerprint(key.secret.get_secret_value()),
            limits,
            clock,
            longest_wait_s=LONGEST_LIMIT_WAIT_S,
        )
        for key in keys
    }
    dice = rng or Random()  # noqa: S311 - spreads waits, guards nothing
    async with open_client(settings.enerkey_base_url, transport=transport) as http:
        connection = Connection(
            http,
            ring,
            lambda key: quotas[key.slot],
            clock,
            dice,
            is_read_only=settings.enerkey_read_only,
        )
        yield EnerKeySession(connection, ring, quotas)


def keys_of(settings: Settings, scope: Scope) -> list[ProfileKey]:
    """Return the keys of a scope that are configured, A before B."""
    slots: dict[str, KeySlot] = {
        slot: getattr(settings, f"enerkey_{scope.lower()}_key_{slot.lower()}") for slot in "AB"
    }
    return [
        ProfileKey(name, slot.value, slot.valid_from, slot.valid_to)
        for name, slot in slots.items()
        if slot.value is not None
    ]
