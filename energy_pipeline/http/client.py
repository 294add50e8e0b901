"""The one way to open an HTTP client: time-outs, TLS, pool and headers.

What is asked and what the answers mean is known in `sources/` and `sinks/`; when to ask again, in
`retry.py`.
"""

import ipaddress
import ssl

import httpx

from energy_pipeline import __version__
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.http.redaction import install_log_redaction, redact

_CONNECT_S = 10.0
# Shorter than servers keep an idle connection: a request must not meet one that is being closed.
_KEEP_IDLE_S = 4.0


def open_client(
    base_url: str,
    *,
    connections: int = 16,
    read_timeout_s: float = 60.0,
    tls: ssl.SSLContext | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client for one service, to be used as an asynchronous context manager.

    It follows no redirect, reads no proxy or certificate settings from the environment and verifies
    who answers. Its log lines carry no query and no secret.

    Args:
        base_url: `https://host[:port][/path]`; plain http on loopback only.
        connections: size of the pool; further requests wait their turn without a time limit.
        read_timeout_s: longest silence of the server while it answers, in seconds.
        tls: verifies the service in its own way; None by the public authorities, for its host name.
        transport: stands in for the network.

    Raises:
        ConfigurationError: secrets would travel in the clear, or the URL is none.
    """
    install_log_redaction()
    return httpx.AsyncClient(
        base_url=_checked(base_url),
        timeout=httpx.Timeout(read_timeout_s, connect=_CONNECT_S, pool=None),
        limits=httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEEP_IDLE_S,
        ),
        headers={
            "Accept": "application/json",
            "User-Agent": f"energy-pipeline/{__version__}",
        },
        follow_redirects=False,
        trust_env=False,
        verify=tls or True,
        transport=transport,
    )


def _checked(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        raise _refused(base_url) from None
    is_safe = url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))
    if not is_safe or not url.host or url.userinfo or url.query or url.fragment:
        raise _refused(base_url)
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(base_url: str) -> ConfigurationError:
    allowed = "https://host[:port][/path] without user, query or fragment; http:// on loopback only"
    return ConfigurationError(
        [Problem("environment", "base URL of a service", repr(redact(base_url)), allowed)]
    )
