"""What stands behind the gateway's web server: a model, a capture or a recording of polls."""

from datetime import datetime
from typing import NamedTuple, Protocol

from energy_pipeline.simulators.envoy.answer import Answer
from energy_pipeline.simulators.envoy.faults import Faults
from energy_pipeline.simulators.envoy.hardware import Hardware
from energy_pipeline.simulators.envoy.switches import Switches


class Asked(NamedTuple):
    """A request that was admitted.

    Attributes:
        path: without the query.
        query: as it was written.
        now: true instant (aware, UTC).
        streamed_until: last instant of the live stream, at most `now`; None when it never was on.
        switches: the firmware's ways.
        faults: what is wrong.
    """

    path: str
    query: str
    now: datetime
    streamed_until: datetime | None
    switches: Switches
    faults: Faults


class Backend(Protocol):
    """Answers the paths of one gateway."""

    @property
    def hardware(self) -> Hardware:
        """The identity of the gateway."""
        ...

    def answer(self, asked: Asked) -> Answer | None:
        """Return what the path says, None when there is no such path."""
        ...
