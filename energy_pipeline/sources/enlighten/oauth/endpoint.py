"""The token endpoint: a code or a refresh token for new tokens.

When tokens are renewed is decided in `authorization.py`; what the answers look like is in
`tokens.py` and `refusals.py`. These requests are not counted by any plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import ServiceUnavailable
from energy_pipeline.http.client import open_client
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sources.enlighten.oauth import wire
from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused, error_of
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens, read_tokens
from energy_pipeline.state.quota import account_fingerprint

_REQUEST = f"POST {wire.TOKEN}"
_POLICY = RetryPolicy(
    tries=3,
    first_step_s=1.0,
    longest_step_s=10.0,
    total_wait_s=40.0,
    statuses=RetryPolicy().statuses | {HTTPStatus.TOO_MANY_REQUESTS},
)


@dataclass(frozen=True, slots=True)
class Application:
    """The user's application at the vendor.

    Args:
        base_url: root of the service.
        client_id: identifies it.
        client_secret: proves it.
    """

    base_url: str
    client_id: SecretStr
    client_secret: SecretStr

    @property
    def account(self) -> str:
        """A name for the application, from which nothing can be read."""
        return account_fingerprint(self.client_id.get_secret_value())

    def authorization_url(self, redirect_uri: str, state: str) -> str:
        """Return the page on which an owner gives the application access.

        Args:
            redirect_uri: where the browser goes with the code.
            state: comes back with it, and shows that the answer belongs to this question.
        """
        members = {
            "response_type": "code",
            "client_id": self.client_id.get_secret_value(),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self.base_url}{wire.AUTHORIZE}?{urlencode(members)}"


class TokenEndpoint:
    """Gives tokens to one application.

    Args:
        application: who asks.
        clock: the present instant, and how to wait.
        rng: dice for the waits between tries.
        transport: stands in for the network.

    Every method raises:
        GrantRefused: the code or the refresh token buys nothing (any more).
        AccessRefused: the application is not accepted.
        RequestRefused, NotFound: anything else that will be refused again.
        ServiceUnavailable: no usable answer; the grant may be used up all the same.
        SchemaSurprise: an answer of another shape; the grant is used up.
    """

    def __init__(
        self,
        application: Application,
        clock: Clock,
        rng: Random,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.application = application
        self._clock = clock
        self._rng = rng
        self._transport = transport
        pair = (application.client_id, application.client_secret)
        self._basic = httpx.BasicAuth(*(part.get_secret_value() for part in pair))
        install_log_redaction(part.get_secret_value() for part in pair)

    async def exchanged(self, code: SecretStr, redirect_uri: str) -> OwnerTokens:
        """Return the tokens for the code of an owner's consent.

        Args:
            code: from the redirect; good for one use.
            redirect_uri: the same as in the question.
        """
        members = {
            wire.GRANT_TYPE: wire.BY_CODE,
            "code": code.get_secret_value(),
            "redirect_uri": redirect_uri,
        }
        return await self._asked(members, code)

    async def refreshed(self, refresh_token: SecretStr) -> OwnerTokens:
        """Return the next tokens; the refresh token is used up, and a new one is among them."""
        members = {
            wire.GRANT_TYPE: wire.BY_REFRESH,
            wire.REFRESH_TOKEN: refresh_token.get_secret_value(),
        }
        return await self._asked(members, refresh_token)

    async def _asked(self, members: Mapping[str, str], grant: SecretStr) -> OwnerTokens:
        install_log_redaction([grant.get_secret_value()])
        asked_at = self._clock.now()
        response, tries = await self._answer(members)
        status = response.status_code
        if response.is_server_error:
            raise ServiceUnavailable(f"status {status}", request=_REQUEST, status=status)
        if status == HTTPStatus.OK:
            return read_tokens(response, _REQUEST, asked_at)
        error = error_of(response, _REQUEST)
        if isinstance(error, GrantRefused):
            error.was_sent_before = tries > 1
        raise error

    async def _answer(self, members: Mapping[str, str]) -> tuple[httpx.Response, int]:
        """Return the answer, and how many tries it took."""
        tries = 0

        async def send() -> httpx.Response:
            nonlocal tries
            tries += 1
            return await http.post(wire.TOKEN, data=members, auth=self._basic)

        async with open_client(
            self.application.base_url, connections=1, transport=self._transport
        ) as http:
            response = await send_with_retries(
                send, policy=_POLICY, clock=self._clock, rng=self._rng, request_name=_REQUEST
            )
        return response, tries
