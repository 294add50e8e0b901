"""The connection to one gateway, and the order in which it is trusted.

Nothing secret is sent before `/info` has shown the configured serial over a connection whose
certificate passed (`tls.py`); that connection's certificate is the only one the conversation takes.
What is said then is in `session.py`.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

import httpx

from energy_pipeline.clock import Clock
from energy_pipeline.http.client import open_client
from energy_pipeline.sources.envoy.pins import CertificatePins
from energy_pipeline.sources.envoy.session import GatewayAccess, GatewaySession
from energy_pipeline.sources.envoy.tls import CertificateRule, gateway_context

_READ_TIMEOUT_S = 30.0  # the slow pages take seconds, more while the house is cut off the grid


@asynccontextmanager
async def open_session(
    access: GatewayAccess,
    pins: CertificatePins,
    clock: Clock,
    rng: Random,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[GatewaySession]:
    """Open a conversation: the gateway has proved to be itself, and has taken the token.

    Args:
        access: where and who.
        pins: the certificates that were seen before.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.
        transport: stands in for the network.

    Raises:
        NotTrusted: something else answers there; it was sent no token.
        AccessRefused: there is no token that the gateway takes.
        ServiceUnavailable: the gateway does not answer, or a token service.
        SchemaSurprise: `/info` is not what it should be.
        RequestRefused: the gateway speaks an old protocol without tokens.
    """
    now = clock.now()
    rule = CertificateRule(
        access.serial, required=access.tls_fingerprint, pinned=pins.pinned(access.serial), now=now
    )
    async with open_client(
        f"https://{access.host}",
        connections=1,
        read_timeout_s=_READ_TIMEOUT_S,
        tls=gateway_context(rule),
        transport=transport,
    ) as http:
        session = GatewaySession(http, access, clock, rng)
        await session.identify()
        if rule.accepted and (renewal := pins.keep(access.serial, rule.accepted, now)):
            session.remarks.append(str(renewal))
        await session.log_in()
        yield session
