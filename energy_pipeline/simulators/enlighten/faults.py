"""What can go wrong on the way to the cloud and from it: one frozen value, changed as a whole.

Everything is decided by the seed, the instant and the number of the request, so that two runs of
the same requests get the same answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal, get_args

from energy_pipeline.simulators.enlighten.dataset import Stream

Failure = Literal["500", "503", "503_html", "bug", "drop", "cut"]
"""Data store busy; too many at once (JSON, or a web page); a mistake in the vendor's program; no
answer; half an answer."""


@dataclass(frozen=True)
class Outage:
    """A time in which a gateway uploaded nothing.

    Attributes:
        system_id: the system; None means all of them.
        start: begin (aware).
        end: end, when the uploads go on (aware).
        filled: the gateway kept what was measured and sends it after the end; otherwise nothing was
            measured and the hole stays.
    """

    start: datetime
    end: datetime
    system_id: int | None = None
    filled: bool = True

    def __post_init__(self) -> None:
        _require_offset(self.start, self.end)
        if self.end <= self.start:
            raise ValueError(f"an outage ends after it starts: {self.start} ... {self.end}")


@dataclass(frozen=True)
class Revision:
    """An interval that the cloud showed otherwise before an instant.

    Attributes:
        system_id: the system.
        stream: which of its streams.
        end_at: end of the interval (aware).
        until: from this instant on the cloud shows what was measured (aware).
        before_wh: what it showed before; None means that it did not have the interval. An interval
            that was never measured (a micro's night) is withdrawn at `until`.
    """

    system_id: int
    stream: Stream
    end_at: datetime
    until: datetime
    before_wh: int | None

    def __post_init__(self) -> None:
        _require_offset(self.end_at, self.until)


@dataclass(frozen=True)
class Faults:
    """Everything that goes wrong at present.

    Attributes:
        seed: another seed, other intervals and requests are hit.
        late_share: share of micro intervals for which some devices report late.
        late_up_to_s: how much later they report at most; the interval grows then.
        revised_share: share of intervals that are served 1 Wh too high at first.
        revised_after_s: age at which these get their final value.
        outages: see `Outage`.
        revisions: see `Revision`.
        yesterday_appears_at_h: local hour at which the day series get yesterday's total.
        null_newest_channels: the newest mark of a meter has no channel values yet.
        float_residue: channel energies are a trace below their whole Wh.
        energy_after_report: the last energy is later than the last report.
        status: a status that systems show instead of `normal` or `comm`, by id.
        next_failures: how the next requests fail, one after the other.
        error_share: share of requests answered 500 with errorCode 7.
        unavailable_share: share answered 503.
        drop_share: share whose connection is cut without an answer.
        latency_s: real seconds before every answer.
        only_path: failures and latency hit only requests whose path contains this.
    """

    seed: int = 0
    late_share: float = 0.03
    late_up_to_s: int = 7200
    revised_share: float = 0.0
    revised_after_s: int = 36 * 3600
    outages: tuple[Outage, ...] = ()
    revisions: tuple[Revision, ...] = ()
    yesterday_appears_at_h: int = 0
    null_newest_channels: bool = False
    float_residue: bool = False
    energy_after_report: bool = False
    status: Mapping[int, str] = field(default_factory=dict[int, str])
    next_failures: tuple[Failure, ...] = ()
    error_share: float = 0.0
    unavailable_share: float = 0.0
    drop_share: float = 0.0
    latency_s: float = 0.0
    only_path: str = ""

    def __post_init__(self) -> None:
        unknown = set(self.next_failures) - set(get_args(Failure))
        if unknown:
            raise ValueError(
                f"next_failures: found {sorted(unknown)}; allowed: {get_args(Failure)}"
            )

    def changed_by(self, members: Mapping[str, Any]) -> "Faults":
        """Return these faults with members replaced by values as JSON gives them.

        Raises:
            ValueError: a member does not exist or has a value that it cannot have.
        """
        names = [each.name for each in fields(self)]
        for name in members:
            if name not in names:
                raise ValueError(f"found {name!r}; allowed: {', '.join(names)}")
        return replace(self, **{name: _from_json(name, value) for name, value in members.items()})


def _from_json(name: str, value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    try:
        match name:
            case "outages":
                return tuple(Outage(**_instants(each, "start", "end")) for each in value)
            case "revisions":
                return tuple(Revision(**_instants(each, "end_at", "until")) for each in value)
            case "status":
                return {int(system_id): str(status) for system_id, status in value.items()}
            case "next_failures":
                return tuple(value)
            case _:
                return _same_kind(value, getattr(Faults(), name))
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{name}: found {value!r}; {error}") from error


def _same_kind(value: Any, example: bool | float | str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a plain value if it is of the kind that its member has; a whole number is a share."""
    kind = (int, float) if isinstance(example, float) else type(example)
    if not isinstance(value, kind) or isinstance(value, bool) != isinstance(example, bool):
        raise TypeError(f"allowed: a value like {example!r}")
    return value


def _instants(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    read = {name: datetime.fromisoformat(members[name]) for name in names if name in members}
    return {**members, **read}


def _require_offset(*instants: datetime) -> None:
    for instant in instants:
        if instant.tzinfo is None:
            raise ValueError(f"found {instant}: an instant needs an offset, e.g. +00:00")
