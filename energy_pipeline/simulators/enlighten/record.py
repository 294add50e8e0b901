"""What was asked of the simulated cloud: one entry per request, without keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

_SECRET = frozenset(
    {"key", "user_id", "access_token", "refresh_token", "client_secret", "code", "password"}
)


@dataclass(frozen=True)
class RecordedRequest:
    """One request and how it ended.

    Attributes:
        method: HTTP method.
        path: path below the host.
        params: query parameters in order of appearance, without secrets.
        status: HTTP status; None when the connection was cut.
        at: virtual instant of its arrival.
        counted: whether it counted against the quota.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    status: int | None
    at: datetime
    counted: bool

    def as_json(self) -> Mapping[str, object]:
        """Return the entry as it is shown to people."""
        return {
            "method": self.method,
            "path": self.path,
            "params": dict(self.params),
            "status": self.status,
            "at": self.at.isoformat(),
            "counted": self.counted,
        }


def without_secrets(params: QueryParams) -> tuple[tuple[str, str], ...]:
    """Return the parameters that may be written down."""
    return tuple((name, value) for name, value in params.multi_items() if name not in _SECRET)
