"""What can go wrong in a gateway and on the way to it: one frozen value, changed as a whole.

Instants are those of the virtual clock. What a firmware does even on good days is in `switches`;
what the server in front does (another certificate, another address: the simulator is served once
more) is in `gateway`.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

from energy_pipeline.simulators.envoy.hardware import Ct

Failure = Literal[
    "drop",
    "stall",
    "truncated",
    "empty",
    "html",
    "error_json",
    "no_content_type",
    "401",
    "404",
    "502",
    "503",
    "504",
]
"""How one request fails: cut off, never answered, half a body, no body, a web page with 200,
`{"error": ...}` with 200, no Content-Type, or a status with its page."""

_STRICT = ConfigDict(extra="forbid")
_NIGHTLY_HOUR = 23


@dataclass(frozen=True, config=_STRICT)
class Outage:
    """A time without answers: connections are cut, or the gateway is still booting."""

    start: AwareDatetime
    end: AwareDatetime
    kind: Literal["drop", "boot"] = "drop"

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Outage":
        if self.end <= self.start:
            raise ValueError(f"an outage ends after it starts: {self.start} ... {self.end}")
        return self


@dataclass(frozen=True, config=_STRICT)
class Glitch:
    """A time with answers that are wrong.

    `inactive`: `/production.json` shows no active meter and other numbers; `zeros`: all counters
    are 0, as after a restart; `storage_zero_phase`: one phase of the battery's meter is all zero;
    `islanded`: the house is cut off from the grid, and every meter shows 0 W.
    """

    start: AwareDatetime
    end: AwareDatetime
    kind: Literal["inactive", "zeros", "storage_zero_phase", "islanded"] = "inactive"


@dataclass(frozen=True, config=_STRICT)
class Reset:
    """The counters of a meter, or of all inverters, begin again at 0."""

    at: AwareDatetime
    of: Ct | Literal["inverters"]


@dataclass(frozen=True, config=_STRICT)
class Jump:
    """The delivered counter of a meter, or the inverters' sum, moves by an energy of nobody."""

    at: AwareDatetime
    of: Ct | Literal["inverters"]
    energy_wh: float


@dataclass(frozen=True, config=_STRICT)
class ClockJump:
    """The gateway's clock moves; before the first jump it is right."""

    at: AwareDatetime
    seconds: int


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Faults:
    """Everything that is wrong at present.

    Attributes:
        next_failures: how the next requests fail, one after the other.
        failing_paths: paths that always fail, and how.
        failing_share: share of requests that fail as `shared_failure`, drawn by seed and number.
        shared_failure: see there.
        only_path: `next_failures` and `failing_share` hit only paths that contain this.
        seed: another seed, other requests are hit.
        latency_s: real seconds before every answer.
        jitter_s: up to so many more, drawn by seed and number of the request.
        outages: see `Outage`.
        nightly_outage_s: seconds without answers from 23:00 gateway-local time, every night.
        inactive_after_outage_s: seconds of `inactive` after each nightly outage.
        other_serial: the box behind the address is another one, with this serial.
        rejects_tokens: no token is good any more.
        clock_jumps: see `ClockJump`.
        glitches: see `Glitch`.
        resets: see `Reset`.
        jumps: see `Jump`.
        stale_from: meters and inverters stand still from then on, with status 200.
        store_stale_from: the stored intervals stand still from then on.
        zero_timestamps: meter readings carry the time 0.
        removed_inverters: the first inverters are gone and listed as empty.
    """

    next_failures: tuple[Failure, ...] = ()
    failing_paths: Mapping[str, Failure] = field(default_factory=dict[str, Failure])
    failing_share: float = 0.0
    shared_failure: Failure = "drop"
    only_path: str = ""
    seed: int = 0
    latency_s: float = 0.0
    jitter_s: float = 0.0
    outages: tuple[Outage, ...] = ()
    nightly_outage_s: float = 0.0
    inactive_after_outage_s: float = 0.0
    other_serial: str | None = None
    rejects_tokens: bool = False
    clock_jumps: tuple[ClockJump, ...] = ()
    glitches: tuple[Glitch, ...] = ()
    resets: tuple[Reset, ...] = ()
    jumps: tuple[Jump, ...] = ()
    stale_from: AwareDatetime | None = None
    store_stale_from: AwareDatetime | None = None
    zero_timestamps: bool = False
    removed_inverters: int = 0

    def changed_by(self, members: dict[str, object]) -> "Faults":
        """Return these faults with members replaced by values as JSON gives them.

        Raises:
            ValueError: a member does not exist or has a value that it cannot have.
        """
        return _FAULTS.validate_python({**_FAULTS.dump_python(self), **members})

    def outage(self, now: datetime, zone: ZoneInfo) -> Literal["drop", "boot"] | None:
        """Return how the gateway is out of reach at `now`, None when it is not."""
        for outage in self.outages:
            if outage.start <= now < outage.end:
                return outage.kind
        night_s = _seconds_after_nightly_hour(now, zone)
        return "drop" if night_s < self.nightly_outage_s else None

    def glitch(self, kind: str, now: datetime, zone: ZoneInfo) -> bool:
        """Return whether a glitch of that kind is on at `now`."""
        if kind == "inactive" and self.inactive_after_outage_s:
            after_s = _seconds_after_nightly_hour(now, zone) - self.nightly_outage_s
            if 0 <= after_s < self.inactive_after_outage_s:
                return True
        return any(g.kind == kind and g.start <= now < g.end for g in self.glitches)

    def clock_offset_s(self, at_s: float) -> int:
        """Return by how much the gateway's clock is ahead at a true instant (epoch seconds)."""
        return sum(jump.seconds for jump in self.clock_jumps if jump.at.timestamp() <= at_s)


_FAULTS = TypeAdapter(Faults)


def _seconds_after_nightly_hour(now: datetime, zone: ZoneInfo) -> float:
    """Return the seconds since the last 23:00 gateway-local time."""
    local = now.astimezone(zone)
    hours = (local.hour - _NIGHTLY_HOUR) % 24
    return hours * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6
