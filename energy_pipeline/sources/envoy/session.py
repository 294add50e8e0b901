"""A conversation with a gateway: who it is, the token, then one question at a time.

How its connection is opened and who may be trusted is in `client.py`; what an answer is worth is
judged in `replies.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from random import Random

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import (
    AccessRefused,
    NotTrusted,
    RequestRefused,
    ServiceUnavailable,
)
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sources.envoy.claims import described, read_claims
from energy_pipeline.sources.envoy.identity import GatewayInfo, parse_info
from energy_pipeline.sources.envoy.replies import Reply, Unavailable, read_reply
from energy_pipeline.sources.envoy.tokens import TokenSource
from energy_pipeline.sources.envoy.wire import SESSION_COOKIE, Endpoint

READS = RetryPolicy(tries=3, first_step_s=1.0, longest_step_s=5.0, total_wait_s=45.0)
"""A gateway that boots asks for 30 s; who waits longer than this is asked in the next poll."""

_MOST_SILENT = 2  # endpoints that stay silent before the gateway is left alone


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """Where a gateway is, and how it is known.

    Args:
        host: host or host:port.
        serial: 12 digits.
        tls_fingerprint: the only certificate to accept; None accepts by name, see `tls.py`.
        token: where its token comes from.
    """

    host: str
    serial: str
    tls_fingerprint: str | None
    token: TokenSource


@dataclass(frozen=True, slots=True)
class RawReply:
    """An answer as it came."""

    status: int
    headers: httpx.Headers
    content: bytes


class GatewaySession:
    """A conversation; `open_session` begins it.

    Attributes:
        remarks: what a person should know.
        requests: how many were sent, tries included.
    """

    def __init__(
        self, http: httpx.AsyncClient, access: GatewayAccess, clock: Clock, rng: Random
    ) -> None:
        self.remarks: list[str] = []
        self.requests = 0
        self._http = http
        self._access = access
        self._clock = clock
        self._rng = rng
        self._info: GatewayInfo | None = None
        self._token: SecretStr | None = None
        self._cookie: str | None = None
        self._identified_at: datetime | None = None
        self._is_renewed = False
        self._is_role_too_low = False
        self._silent = 0

    @property
    def info(self) -> GatewayInfo:
        """What the gateway said of itself."""
        if self._info is None:
            raise ValueError("the gateway was not asked yet")
        return self._info

    @property
    def identified_at(self) -> datetime:
        """When it said so, by our clock, aware."""
        if self._identified_at is None:
            raise ValueError("the gateway was not asked yet")
        return self._identified_at

    @property
    def token_shown(self) -> str:
        """Whose token the gateway takes and until when, for a person."""
        if self._token is None:
            return "no token"
        return described(read_claims(self._token))

    async def identify(self) -> None:
        """Ask who answers there, without any secret.

        Raises:
            NotTrusted: it is another gateway.
        """
        answer = await self._send(Endpoint.INFO)
        self._identified_at = self._clock.now()
        if answer.status_code != HTTPStatus.OK:
            message = f"status {answer.status_code}"
            raise ServiceUnavailable(
                message, request=_request(Endpoint.INFO), status=answer.status_code
            )
        info = parse_info(answer.content)
        if info.serial != self._access.serial:
            message = (
                f"at {self._access.host} answers gateway {info.serial}; allowed: "
                f"{self._access.serial}. The token was not sent; has the address moved?"
            )
            raise NotTrusted(message, request=_request(Endpoint.INFO))
        self._info = info

    async def log_in(self) -> None:
        """Show the token, a new one if it is rejected, and keep the session's cookie.

        Raises:
            AccessRefused: no token is taken.
        """
        if not self.info.wants_token:
            message = f"firmware {self.info.software} takes no tokens; allowed: 7 or later"
            raise RequestRefused(message, request=_request(Endpoint.INFO))
        token = await self._access.token.current()
        if token.remark:
            self.remarks.append(token.remark)
        self._token = token.value
        await self._check_token()

    async def get(self, endpoint: Endpoint) -> Reply:
        """Ask for an endpoint.

        Raises:
            AccessRefused: the token is no longer taken, nor a new one.
        """
        if self._silent >= _MOST_SILENT:
            return Unavailable("not asked, because the gateway has become silent")
        try:
            answer = await self._authorized(endpoint)
        except ServiceUnavailable as error:
            self._silent += 1
            return Unavailable(str(error))
        return read_reply(answer.status_code, answer.content, self._clock.now())

    async def get_raw(self, endpoint: Endpoint) -> RawReply | None:
        """Ask for an endpoint and return the answer as it came, None without any.

        Raises:
            AccessRefused: the token is no longer taken, nor a new one.
        """
        try:
            answer = await self._authorized(endpoint)
        except ServiceUnavailable:
            return None
        return RawReply(answer.status_code, answer.headers, answer.content)

    async def _authorized(self, endpoint: Endpoint) -> httpx.Response:
        answer = await self._send(endpoint)
        if answer.status_code != HTTPStatus.UNAUTHORIZED or self._is_role_too_low:
            return answer
        await self._check_token()
        answer = await self._send(endpoint)
        # The token is good, as the gateway has just said: it does not open this endpoint.
        self._is_role_too_low = answer.status_code == HTTPStatus.UNAUTHORIZED
        return answer

    async def _check_token(self) -> None:
        """Open the session; a rejected token is renewed once."""
        answer = await self._send(Endpoint.CHECK_TOKEN)
        if answer.status_code == HTTPStatus.UNAUTHORIZED and self._token and not self._is_renewed:
            self._is_renewed = True
            self._token = (await self._access.token.renewed(self._token)).value
            answer = await self._send(Endpoint.CHECK_TOKEN)
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            message = f"gateway {self._access.serial} rejects the token, and a new one too"
            raise AccessRefused(message, request=_request(Endpoint.CHECK_TOKEN))

    async def _send(self, endpoint: Endpoint) -> httpx.Response:
        async def send() -> httpx.Response:
            self.requests += 1
            self._http.cookies.clear()  # ours is in the headers, whatever the host looks like
            answer = await self._http.get(endpoint.value, headers=self._headers(endpoint))
            self._keep_cookie(answer)
            return answer

        return await send_with_retries(
            send,
            policy=READS,
            clock=self._clock,
            rng=self._rng,
            request_name=_request(endpoint),
        )

    def _keep_cookie(self, answer: httpx.Response) -> None:
        cookie = answer.cookies.get(SESSION_COOKIE)
        if cookie and cookie != self._cookie:
            self._cookie = cookie
            install_log_redaction([cookie])

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return token and cookie: some gateways want the one, some the other."""
        if endpoint is Endpoint.INFO or self._token is None:
            return {}
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        if self._cookie and endpoint is not Endpoint.CHECK_TOKEN:
            headers["Cookie"] = f"{SESSION_COOKIE}={self._cookie}"
        return headers


def _request(endpoint: Endpoint) -> str:
    return f"GET {endpoint.value.partition('?')[0]}"
