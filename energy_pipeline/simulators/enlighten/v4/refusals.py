"""Dialect v4: how it says no. One class, one function per kind of refusal.

Every error body of the dialect is here; which request deserves it is decided elsewhere. Texts that
no source records are assumed in the manner of those that one does.
"""

from collections.abc import Mapping
from datetime import date

from energy_pipeline.simulators.enlighten.quota import Exceeded

_OUTSIDE = "Requested date range is invalid for this system"
_FUTURE = "Requested date is in the future"


class Refusal(Exception):
    """A request that gets an error.

    Attributes:
        status: HTTP status.
        body: members of the answer.
    """

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def no_such_method() -> Refusal:
    """A method that HTTP services do not know."""
    return Refusal(501, {"reason": "501", "message": ["Not Implemented"]})


def not_here() -> Refusal:
    """No endpoint has this path and method."""
    return Refusal(405, {"reason": "405", "message": ["Method not allowed"]})


def too_many_at_once() -> Refusal:
    """More parallel requests than the service takes."""
    return _plain(503, "Service Unavailable", "Too many requests at once")


def no_key() -> Refusal:
    """The application's key is neither in the query nor in a header."""
    details = "Keys are missing at Header location"
    return _plain(401, "Not authorized to access requested resource.", details)


def no_token() -> Refusal:
    """The access token is missing, wrong or expired."""
    return _plain(401, "Not Authorized", "User is not authorized")


def foreign_key() -> Refusal:
    """The key is not that of the application to which the token was given."""
    details = "API Key and Client ID of the access token do not match"
    return _plain(401, "API Key -Client mismatch", details)


def not_in_plan() -> Refusal:
    """Plan or application do not have the endpoint's group."""
    return _plain(401, "Not Authorized", "Not authorized to access this resource")


def not_shared() -> Refusal:
    """The system belongs to somebody else."""
    return _plain(403, "Forbidden", "Not authorized to access this resource")


def not_found(what: str, number: str, message: str = "Not Found") -> Refusal:
    """There is no such thing; `what` is System, Micro, Encharge or Event type."""
    return _plain(404, message, f'{what} not found for {{:id=>"{number}"}}')


def no_such_gateway() -> Refusal:
    """No gateway has the serial number."""
    return _plain(404, "Not Found", "Envoy not found with this serial number")


def over_quota(exceeded: Exceeded, plan: str, *, with_window: bool) -> Refusal:
    """The plan allows nothing more in this period."""
    refusal = _plain(429, "Too Many Requests", f"Usage limit exceeded for plan {plan}")
    window = {
        "period": exceeded.period,
        "period_start": exceeded.period_start,
        "period_end": exceeded.period_end,
        "limit": exceeded.limit,
    }
    return Refusal(429, {**refusal.body, **window}) if with_window else refusal


def unprocessable(details: str) -> Refusal:
    """A parameter is missing or has a value that it cannot have."""
    return _plain(422, "Unprocessable Entity", details)


def unparsable_time(name: str, text: str) -> Refusal:
    """A time that cannot be read; the service takes that for its own mistake."""
    found = f'{{:{name}=>"{text}"}}'
    details = "Problem parsing time. Is time passed correctly in the following fields"
    return _plain(500, "Internal Server Error", f"{details} {found}")


def unreadable_date(text: str) -> Refusal:
    """An instant of a meter reading that cannot be read."""
    return unprocessable(f"Failed to parse date {text}")


def in_future() -> Refusal:
    """A day that has not come yet."""
    return unprocessable(_FUTURE)


def window_in_future() -> Refusal:
    """A telemetry window that starts or ends in the future."""
    return unprocessable(f"Invalid request because of '{_FUTURE}'")


def outside() -> Refusal:
    """Instants of meter intervals that lie outside what is given."""
    return unprocessable(_OUTSIDE)


def days_outside(start: date, end: date) -> Refusal:
    """Days that have no totals (yet)."""
    return unprocessable(f"{_OUTSIDE}. {{:start_at=>{start}, :end_at=>{end}}}")


def window_outside(start: int, end: int, first: int | None, last: int | None) -> Refusal:
    """A telemetry window outside what the system reported or what is given."""
    members = {"start_at": start, "end_at": end, "first_interval": first, "last_interval": last}
    shown = ", ".join(f":{name}=>{_ruby(value)}" for name, value in members.items())
    return unprocessable(f"Invalid request because of '{_OUTSIDE}. {{{shown}}}'")


def longer_than_a_week(start: int, end: int) -> Refusal:
    """More than seven days of revenue-grade meter intervals."""
    limit = "Requested date range in one API hit cannot be more than 7 days."
    return unprocessable(f"{limit} {{:start_at=>{start}, :end_at=>{end}}}")


def _ruby(value: int | None) -> str:
    return "nil" if value is None else str(value)


def _plain(status: int, message: str, details: str) -> Refusal:
    return Refusal(status, {"message": message, "details": details, "code": status})
