"""The request log: what was asked and what came of it; of a token, only that there was one."""

import threading
from dataclasses import asdict, dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """One request.

    Attributes:
        at: true instant of its arrival.
        method: HTTP method.
        path: without the query.
        query: as it was written.
        had_token: a bearer token was presented, good or not.
        had_cookie: a session cookie was presented, good or not.
        status: of the answer; None when the connection was cut without one.
        fault: what struck the request.
    """

    at: datetime
    method: str
    path: str
    query: str = ""
    had_token: bool = False
    had_cookie: bool = False
    status: int | None = None
    fault: str | None = None

    def document(self) -> dict[str, object]:
        """Return the record for JSON."""
        return {**asdict(self), "at": self.at.isoformat()}


class Journal:
    """All requests since the start, oldest first, and how many were under way together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[RequestRecord] = []
        self._under_way = 0
        self._most_at_once = 0

    @property
    def most_at_once(self) -> int:
        """The most requests that were under way at one moment."""
        return self._most_at_once

    def begin(self) -> int:
        """Note that a request arrived; return how many are under way now."""
        with self._lock:
            self._under_way += 1
            self._most_at_once = max(self._most_at_once, self._under_way)
            return self._under_way

    def end(self) -> None:
        """Note that a request is over."""
        with self._lock:
            self._under_way -= 1

    def add(self, record: RequestRecord) -> None:
        """Note a request; done before its answer goes out."""
        with self._lock:
            self._records.append(record)

    def records(self) -> list[RequestRecord]:
        """Return all records."""
        with self._lock:
            return list(self._records)
