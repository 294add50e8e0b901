"""The request log: who asked what, what came of it. Keys appear by their name alone."""

import threading
from dataclasses import asdict, dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request to the contract's paths.

    Attributes:
        at: when it came, by the simulator's clock.
        method: HTTP method.
        path: without the query.
        operation: id of the operation; None for a path or method that does not exist.
        key: name of the key; None when it was not accepted.
        meter_ids: meters that a value or meter operation touched.
        rows: rows stored by a push, or returned by a read.
        status: of the answer; None when the connection was closed without one.
        is_committed: whether it changed what is stored.
        fault: kind of the fault that struck it.
    """

    at: datetime
    method: str
    path: str
    operation: str | None = None
    key: str | None = None
    meter_ids: tuple[int, ...] = ()
    rows: int = 0
    status: int | None = None
    is_committed: bool = False
    fault: str | None = None

    def document(self) -> dict[str, object]:
        """Return the record for JSON."""
        return {**asdict(self), "at": self.at.isoformat()}


class Journal:
    """All requests since the start, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[RequestRecord] = []

    def add(self, record: RequestRecord) -> None:
        """Note a request; done before its answer goes out."""
        with self._lock:
            self._records.append(record)

    def records(self) -> list[RequestRecord]:
        """Return all records."""
        with self._lock:
            return list(self._records)
