"""Sessions of a gateway: a cookie stands for a token until it was not used for a while."""

import secrets
import threading
from datetime import datetime
from typing import NamedTuple

from energy_pipeline.simulators.envoy.tokens import Claims


class _Session(NamedTuple):
    """What a cookie stands for."""

    claims: Claims
    used_at: datetime


class Sessions:
    """The open sessions of one gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def open(self, claims: Claims, now: datetime) -> str:
        """Return the cookie of the session of a token; the same token has one session."""
        with self._lock:
            for cookie, session in self._sessions.items():
                if session.claims == claims:
                    self._sessions[cookie] = session._replace(used_at=now)
                    return cookie
            cookie = secrets.token_hex(16)
            self._sessions[cookie] = _Session(claims, now)
            return cookie

    def use(self, cookie: str, now: datetime, idle_s: float) -> Claims | None:
        """Return what a cookie stands for and keep its session alive, None when it is over."""
        with self._lock:
            session = self._sessions.get(cookie)
            if session is None or (now - session.used_at).total_seconds() > idle_s:
                self._sessions.pop(cookie, None)
                return None
            self._sessions[cookie] = session._replace(used_at=now)
            return session.claims

    def end_all(self) -> None:
        """Forget every session, as a restart does."""
        with self._lock:
            self._sessions.clear()
