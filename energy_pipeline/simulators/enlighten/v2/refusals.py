"""Dialect v2: how it says no. One class, one function per kind of refusal.

Every error body of the dialect is here; which request deserves it is decided elsewhere.
"""

from collections.abc import Mapping

from energy_pipeline.simulators.enlighten.quota import Exceeded

OUTSIDE = "Requested date range is invalid for this system"


class Refusal(Exception):
    """A request that gets an error.

    Attributes:
        status: HTTP status.
        body: members of the answer.
        instants: further members, epoch seconds, shown in the format that the request asks for.
    """

    def __init__(
        self,
        status: int,
        body: Mapping[str, object],
        instants: Mapping[str, int | None] | None = None,
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.instants = instants or {}


def unauthorized() -> Refusal:
    """Key, user, system or permission is not good."""
    return _plain(401, "Not authorized to access requested resource.")


def no_such_route() -> Refusal:
    """The path is none of the dialect's."""
    return _plain(404, "Resource not found.")


def no_such_system(system_id: str) -> Refusal:
    """The path names a system that does not exist."""
    return _plain(404, f"Couldn't find Site with 'id'={system_id}")


def no_such_gateway() -> Refusal:
    """No gateway has the serial number; the member's name is that of no other refusal."""
    return Refusal(
        404, {"reason": "404", "errorMessages": ["Envoy not found with this serial number"]}
    )


def no_such_site(site_id: str) -> Refusal:
    """The query names a system that does not exist; the message is plain text."""
    return Refusal(422, {"reason": "422", "message": f"Couldn't find Site with 'id'={site_id}"})


def over_quota(exceeded: Exceeded, plan: str) -> Refusal:
    """The plan allows nothing more in this period."""
    return Refusal(
        409,
        {
            "reason": "409",
            "message": [f"Usage limit exceeded for plan {plan}"],
            "period": exceeded.period,
            "period_start": exceeded.period_start,
            "period_end": exceeded.period_end,
            "limit": exceeded.limit,
        },
    )


def too_many_at_once() -> Refusal:
    """More parallel requests than the service takes."""
    return Refusal(503, {"errorCode": 7, "errorMessages": ["Data temporarily unavailable."]})


def unreadable_date(text: str) -> Refusal:
    """A date or instant that cannot be read."""
    return Refusal(422, {"reason": f"Failed to parse date {text}"})


def unreadable_parameter(name: str, text: str) -> Refusal:
    """A cursor or page size that cannot be read; the wording is assumed."""
    return Refusal(422, {"reason": f"Invalid value for {name}: {text}"})


def in_future() -> Refusal:
    """A day or a start that has not come yet."""
    return Refusal(422, {"reason": "Requested date is in the future"})


def outside_system(
    start_at: int, end_at: int, first_interval: int | None, last_interval: int | None
) -> Refusal:
    """The instants lie before or after everything that the system reported."""
    instants = {
        "start_at": start_at,
        "end_at": end_at,
        "first_interval": first_interval,
        "last_interval": last_interval,
    }
    return Refusal(422, {"reason": OUTSIDE}, instants)


def days_outside_system(start: str, end: str) -> Refusal:
    """The days lie outside what the system can have totals for."""
    return Refusal(422, {"reason": OUTSIDE, "start": start, "end": end})


def longer_than_a_week(start_at: int, end_at: int) -> Refusal:
    """More than seven days of revenue-grade meter intervals."""
    found = f"{{:start_at=>{start_at}, :end_at=>{end_at}}}"
    limit = "Requested date range in one API hit cannot be more than 7 days."
    return Refusal(422, {"reason": f"{limit} {found}"})


def no_consumption_meter() -> Refusal:
    """The message seen instead of an empty list; its status was not recorded, 422 is assumed."""
    text = "The given system does not contain any active and enabled consumption meter"
    return Refusal(422, {"message": text})


def _plain(status: int, text: str) -> Refusal:
    return Refusal(status, {"reason": str(status), "message": [text]})
