"""Who may ask what: bearer tokens, session cookies, roles."""

from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from energy_pipeline.simulators.envoy.state import GatewayState
from energy_pipeline.simulators.envoy.tokens import Claims

_COOKIE = "sessionId"
_OPEN_PATHS = frozenset({"/info", "/info.xml"})
_FIRST_TOKEN_VERSION = (7,)


class Admission(NamedTuple):
    """Whether a request is let in.

    Attributes:
        is_granted: it is.
        cookie: a session that the answer opens; None opens none.
    """

    is_granted: bool
    cookie: str | None = None


def admit(request: Request, path: str, state: GatewayState, now: datetime) -> Admission:
    """Return whether a request to a path is let in at a true instant."""
    needs_none = state.backend.hardware.version < _FIRST_TOKEN_VERSION
    if path in _OPEN_PATHS or needs_none:
        return Admission(is_granted=True)
    by_token = None if state.faults.rejects_tokens else _by_token(request, state, now)
    by_cookie = None if state.faults.rejects_tokens else _by_cookie(request, state, now)
    claims = by_token or by_cookie
    if claims is None or _is_too_low(claims, path, state):
        return Admission(is_granted=False)
    if state.switches.cookie_needed_on_ivp and path.startswith("/ivp/") and by_cookie is None:
        return Admission(is_granted=False)
    opens = state.switches.cookie_on_every_reply
    return Admission(True, state.sessions.open(claims, now) if opens else None)


def check_token(request: Request, state: GatewayState, now: datetime) -> Admission:
    """Return whether the presented token is good, and the session that it opens."""
    claims = None if state.faults.rejects_tokens else _by_token(request, state, now)
    if claims is None:
        return Admission(is_granted=False)
    return Admission(True, state.sessions.open(claims, now))


def has_token(request: Request) -> bool:
    """Return whether a bearer token was presented."""
    return _bearer(request) is not None


def has_cookie(request: Request) -> bool:
    """Return whether a session cookie was presented."""
    return _COOKIE in request.cookies


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_token(request: Request, state: GatewayState, now: datetime) -> Claims | None:
    token = _bearer(request)
    return state.authority.check(token, state.serial, state.shown(now)) if token else None


def _by_cookie(request: Request, state: GatewayState, now: datetime) -> Claims | None:
    cookie = request.cookies.get(_COOKIE)
    return state.sessions.use(cookie, now, state.switches.session_idle_s) if cookie else None


def _is_too_low(claims: Claims, path: str, state: GatewayState) -> bool:
    return path in state.switches.installer_paths and claims.role != "installer"
