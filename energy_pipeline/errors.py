"""The error tree: what can go wrong, and whether a later try can help.

EnergyPipelineError
├── ConfigurationError      the user's files or environment are wrong; every mistake at once
├── AccessRefused           a service does not accept the credentials or the permission is missing
├── NotTrusted              what answers is not provably the service that was meant; no secret sent
├── NotFound                a service does not know the system, meter or facility
├── RequestRefused          a service understood and said no; the same request will be refused again
├── SchemaSurprise          an answer does not have the shape that its description promises
├── QuotaSpent              the plan's requests are used up until a known instant
├── ServiceUnavailable      no answer, or a broken one, after every retry that made sense
├── OutcomeUnknown          a push may or may not have been taken: read back before anything else
├── SnapshotRefused         a provisioning snapshot would lose what nobody allowed; nothing was sent
├── ImportFailed            EnerKey took a snapshot and could not bring in all of it
├── StoreError              the Parquet store or the state database cannot do what was asked
└── NothingDone             every site of a run failed

Every error says where, what was found and what to do next. None carries a secret: services are
named by method and path, never by a full URL. Retrying happens where the knowledge is: in `http/`
(seconds), in Dagster's step policy (minutes) by `is_transient`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


class EnergyPipelineError(Exception):
    """Base of every error that this package raises on purpose."""

    is_transient: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a user's file or environment."""

    where: str
    """`sites.yaml:12` or `environment`."""
    member: str
    """Path of the member, `sites[0].uploads[1].unit`, or the variable's name."""
    found: str
    allowed: str

    def __str__(self) -> str:
        """One line: where, what was found, what is allowed."""
        return f"{self.where}: {self.member}: found {self.found}; allowed: {self.allowed}"


class ConfigurationError(EnergyPipelineError):
    """The configuration as a whole is not usable; all mistakes are listed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class ServiceError(EnergyPipelineError):
    """A vendor's service did not do what was asked."""

    def __init__(self, message: str, *, request: str, status: int | None = None) -> None:
        self.request = request
        """Method and path without query, e.g. `GET /api/v2/systems/67/stats`."""
        self.status = status
        super().__init__(f"{request}: {message}")


class AccessRefused(ServiceError):
    """Credentials unknown or expired, or the permission is missing."""


class NotTrusted(ServiceError):
    """What answers at the address does not prove to be the service; no secret was sent to it."""


class NotFound(ServiceError):
    """The service does not know the thing that the path names."""


class RequestRefused(ServiceError):
    """The service refuses this request for good."""


class SchemaSurprise(ServiceError):
    """The answer's shape is not the promised one; the message names the path and the value."""


class ServiceUnavailable(ServiceError):
    """No usable answer after every sensible retry."""

    is_transient = True


class OutcomeUnknown(ServiceError):
    """Nobody can say whether the service took what was sent."""


class QuotaSpent(EnergyPipelineError):
    """The plan's requests are used up.

    Args:
        service: name of the service for the user.
        period: `minute`, `day` or `month`.
        limit: requests allowed in the period.
        goes_on_at: first instant (UTC) at which a request is allowed again.
        kept_back: of the limit, what is left and kept for the scheduled runs; 0: nothing is left.
    """

    def __init__(
        self, service: str, period: str, limit: int, goes_on_at: datetime, kept_back: int = 0
    ) -> None:
        self.service = service
        self.period = period
        self.limit = limit
        self.goes_on_at = goes_on_at
        self.kept_back = kept_back
        kept = f" but for the {kept_back} that the scheduled runs need until its end"
        super().__init__(
            f"{service}: the {limit} requests of this {period} are used up"
            f"{kept if kept_back else ''}; it can go on at {goes_on_at:%Y-%m-%d %H:%M:%S} UTC"
        )


class SnapshotRefused(EnergyPipelineError):
    """A provisioning snapshot must not be sent; the message lists why and who would be lost."""


class ImportFailed(EnergyPipelineError):
    """EnerKey took a snapshot and says in its own words what it could not do with it."""


class StoreError(EnergyPipelineError):
    """The Parquet store or the state database refuses or is damaged."""


class NothingDone(EnergyPipelineError):
    """Every site of a run failed; the message lists them."""
