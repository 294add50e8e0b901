"""The vendor's two login services: e-mail and password for a session, a session for a token.

In nature two hosts of the cloud; here one application, since their paths do not clash.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Literal
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy.journal import Journal, RequestRecord
from energy_pipeline.simulators.envoy.tokens import LIFE, Role, TokenAuthority

Refusal = Literal["401", "empty", "html"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of the vendor's cloud.

    Attributes:
        email: its name.
        password: its secret.
        serials: gateways for which it gets tokens.
        role: of those tokens.
        has_mfa: a second factor is asked for, which no program can give.
    """

    email: str
    password: str = field(repr=False)
    serials: frozenset[str] = frozenset()
    role: Role = "owner"
    has_mfa: bool = False


@dataclass(frozen=True, kw_only=True)
class LoginSwitches:
    """How the login services behave.

    Attributes:
        refusal: what a token is refused with: a status, an empty body or a web page with 200.
        is_down: everything is answered 503.
        life: of the tokens; None is the role's, a negative one gives expired tokens.
        issues_for: tokens are for this serial, whatever was asked for.
    """

    refusal: Refusal = "401"
    is_down: bool = False
    life: timedelta | None = None
    issues_for: str | None = None


class LoginSimulator:
    """The login services.

    Args:
        authority: signs the tokens; share it with the gateways.
        clock: the virtual time.
        accounts: who may log in.

    Attributes:
        app: the ASGI application.
        switches: how it behaves; assign others at any time.
    """

    def __init__(
        self, authority: TokenAuthority, clock: VirtualClock, accounts: Iterable[Account]
    ) -> None:
        self._authority = authority
        self._clock = clock
        self._accounts = {account.email: account for account in accounts}
        self._sessions: dict[str, Account] = {}
        self._journal = Journal()
        self.switches = LoginSwitches()
        self.app: ASGIApp = Starlette(
            routes=[
                Route("/login/login.json", self._login, methods=["POST"]),
                Route("/tokens", self._tokens, methods=["POST"]),
                Route("/entrez-auth-token", self._browser_token),
            ]
        )

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests so far, oldest first; of what they held nothing is kept."""
        return self._journal.records()

    async def _login(self, request: Request) -> Response:
        """Take `user[email]` and `user[password]` as a form of either kind."""
        form = _form(request.headers.get("content-type", ""), await request.body())
        account = self._accounts.get(form.get("user[email]", ""))
        if self.switches.is_down:
            return self._noted(request, _unavailable())
        if account is None or not secrets.compare_digest(
            account.password.encode(), form.get("user[password]", "").encode()
        ):
            return self._noted(request, JSONResponse({"message": "Invalid"}, 401))
        if account.has_mfa:
            response = JSONResponse({"success": True, "isBlocked": False})
            response.set_cookie("login_otp_nonce", secrets.token_hex(8), secure=True)
            return self._noted(request, response)
        return self._noted(request, self._session(account))

    def _session(self, account: Account) -> Response:
        session_id = secrets.token_hex(16)
        self._sessions[session_id] = account
        response = JSONResponse(
            {
                "message": "success",
                "session_id": session_id,
                "manager_token": secrets.token_hex(16),
                "is_consumer": account.role == "owner",
                "system_id": "1",
                "redirect_url": "",
            }
        )
        response.set_cookie("_enlighten_4_session", session_id)
        return response

    async def _tokens(self, request: Request) -> Response:
        """Take session, serial and e-mail as JSON; answer the bare token as text."""
        if self.switches.is_down:
            return self._noted(request, _unavailable())
        try:
            asked = orjson.loads(await request.body())
            account = self._sessions.get(str(asked["session_id"]))
            serial, email = str(asked["serial_num"]), str(asked["username"])
        except (ValueError, KeyError, TypeError):
            return self._noted(request, PlainTextResponse("bad request", 400))
        if account is None or email != account.email or serial not in account.serials:
            return self._noted(request, self._refused())
        return self._noted(request, PlainTextResponse(self._issued(account, serial)))

    async def _browser_token(self, request: Request) -> Response:
        """Answer JSON to whoever shows the cookie of a session."""
        account = self._sessions.get(request.cookies.get("_enlighten_4_session", ""))
        serial = request.query_params.get("serial_num", "")
        if account is None or serial not in account.serials:
            return self._noted(request, self._refused())
        now = self._clock.now()
        expires = now + (self.switches.life or LIFE[account.role])
        document = {
            "generation_time": int(now.timestamp()),
            "token": self._issued(account, serial),
            "expires_at": int(expires.timestamp()),
        }
        return self._noted(request, JSONResponse(document))

    def _issued(self, account: Account, serial: str) -> str:
        return self._authority.issue(
            self.switches.issues_for or serial,
            self._clock.now(),
            role=account.role,
            username=account.email,
            life=self.switches.life,
        )

    def _refused(self) -> Response:
        match self.switches.refusal:
            case "empty":
                return PlainTextResponse("")
            case "html":
                return Response("<html><body>Sign in</body></html>", media_type="text/html")
            case "401":
                return PlainTextResponse("Unauthorized", 401)

    def _noted(self, request: Request, response: Response) -> Response:
        record = RequestRecord(
            at=self._clock.now(),
            method=request.method,
            path=request.url.path,
            status=response.status_code,
        )
        self._journal.add(record)
        return response


def _unavailable() -> Response:
    return Response("<html><body>503</body></html>", 503, media_type="text/html")


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a form, multipart or urlencoded."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode()))
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, str] = {}
    for part in whole.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            fields[name] = _text(part)
    return fields


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""
