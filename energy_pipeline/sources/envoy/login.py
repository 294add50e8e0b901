"""The vendor's two token services: the owner's login for a session, a session for a token.

Where tokens are kept and when one is fetched is in `tokens.py`. These are cloud services: their
certificates are verified in the ordinary way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import httpx
import orjson
from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.errors import AccessRefused, SchemaSurprise, ServiceUnavailable
from energy_pipeline.http.client import open_client
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.http.retry import RetryPolicy, send_with_retries
from energy_pipeline.sources.envoy import wire
from energy_pipeline.sources.envoy.claims import is_token, read_claims
from energy_pipeline.sources.envoy.json_values import Members, members, text
from energy_pipeline.state.quota import account_fingerprint

_LOGIN = f"POST {wire.LOGIN}"
_TOKENS = f"POST {wire.TOKENS}"
_POLICY = RetryPolicy(tries=3, first_step_s=1.0, longest_step_s=10.0, total_wait_s=40.0)
_REFUSED = frozenset({400, 401, 403, 404, 422})
_OTHER_WAY = f"or get a token at {wire.TOKEN_PAGE} and name its variable as token_env of the site"


class LoginRefused(AccessRefused):
    """The account cannot log in, for whatever gateway."""


@dataclass(frozen=True, slots=True)
class Login:
    """The owner's account and the services that know it.

    Args:
        login_url: root of the service that takes e-mail address and password.
        tokens_url: root of the service that gives tokens.
        email: name of the account.
        password: its secret.
    """

    login_url: str
    tokens_url: str
    email: SecretStr
    password: SecretStr


class TokenService:
    """Fetches tokens of one account; it logs in once, however many gateways it has.

    Args:
        login: the account.
        clock: how to wait.
        rng: dice for the waits between tries.
        transport: stands in for the network.
    """

    def __init__(
        self,
        login: Login,
        clock: Clock,
        rng: Random,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._login = login
        self._clock = clock
        self._rng = rng
        self._transport = transport
        self._session: SecretStr | None = None
        self._one_at_a_time = asyncio.Lock()
        secrets = (login.email.get_secret_value(), login.password.get_secret_value())
        install_log_redaction(secrets)

    @property
    def account(self) -> str:
        """A name for the account, from which nothing can be read."""
        login = self._login
        return account_fingerprint(
            login.email.get_secret_value(), login.password.get_secret_value()
        )

    async def token(self, serial: str) -> SecretStr:
        """Return a new token for a gateway.

        Raises:
            LoginRefused: the account cannot log in.
            AccessRefused: the account gets no token for this gateway.
            ServiceUnavailable: no usable answer of one of the services.
            SchemaSurprise: an answer of another shape than promised.
        """
        async with self._one_at_a_time:
            is_new = self._session is None
            session = self._session or await self._log_in()
            answer = await self._ask_token(session, serial)
            if answer.status_code in _REFUSED and not is_new:  # the session may be over
                answer = await self._ask_token(await self._log_in(), serial)
        return self._read_token(answer, serial)

    async def _log_in(self) -> SecretStr:
        fields = {
            wire.EMAIL_FIELD: (None, self._login.email.get_secret_value()),
            wire.PASSWORD_FIELD: (None, self._login.password.get_secret_value()),
        }
        async with open_client(self._login.login_url, transport=self._transport) as http:
            answer = await self._send(lambda: http.post(wire.LOGIN, files=fields), _LOGIN)
        self._session = _read_session(answer)
        install_log_redaction([self._session.get_secret_value()])
        return self._session

    async def _ask_token(self, session: SecretStr, serial: str) -> httpx.Response:
        body = {
            wire.SESSION_ID: session.get_secret_value(),
            "serial_num": serial,
            "username": self._login.email.get_secret_value(),
        }
        async with open_client(self._login.tokens_url, transport=self._transport) as http:
            return await self._send(lambda: http.post(wire.TOKENS, json=body), _TOKENS)

    async def _send(
        self, send: Callable[[], Awaitable[httpx.Response]], request_name: str
    ) -> httpx.Response:
        # A login or a token that is asked for twice does no harm.
        return await send_with_retries(
            send, policy=_POLICY, clock=self._clock, rng=self._rng, request_name=request_name
        )

    def _read_token(self, answer: httpx.Response, serial: str) -> SecretStr:
        """Read the bare token; a page or an empty body with 200 is a refusal too."""
        token, status = answer.text.strip(), answer.status_code
        if status not in (HTTPStatus.OK, *_REFUSED):
            raise ServiceUnavailable(f"status {status}", request=_TOKENS, status=status)
        if status != HTTPStatus.OK or not is_token(token):
            message = (
                f"the account gets no token for gateway {serial}: compare the serial number "
                f"with the label, and see whether the account owns the system; {_OTHER_WAY}"
            )
            raise AccessRefused(message, request=_TOKENS, status=status)
        claims = read_claims(SecretStr(token))
        if claims.serial not in (None, serial):
            message = f"the token is for gateway {claims.serial}; allowed: {serial}"
            raise AccessRefused(message, request=_TOKENS, status=status)
        return SecretStr(token)


def _read_session(answer: httpx.Response) -> SecretStr:
    status = answer.status_code
    if status in _REFUSED:
        message = (
            "e-mail address or password are not accepted; see ENPHASE_EMAIL and ENPHASE_PASSWORD"
        )
        raise LoginRefused(message, request=_LOGIN, status=status)
    if status != HTTPStatus.OK:
        raise ServiceUnavailable(f"status {status}", request=_LOGIN, status=status)
    body = _json_object(answer)
    if session := text(body, wire.SESSION_ID):
        return SecretStr(session)
    if body.get(wire.IS_BLOCKED) is True:
        raise LoginRefused("the account is blocked", request=_LOGIN, status=status)
    if body.get("success") is True:
        message = (
            "the account asks for a second factor, which no program can give: "
            f"switch it off, {_OTHER_WAY}"
        )
        raise LoginRefused(message, request=_LOGIN, status=status)
    message = f"{wire.SESSION_ID}: found nothing; allowed: a text"
    raise SchemaSurprise(message, request=_LOGIN, status=status)


def _json_object(answer: httpx.Response) -> Members:
    try:
        return members(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        message = "found a body that is no JSON; allowed: an object"
        raise SchemaSurprise(message, request=_LOGIN, status=answer.status_code) from None
