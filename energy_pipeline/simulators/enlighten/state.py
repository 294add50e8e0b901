"""What all faces of one simulated cloud share while it runs."""

from dataclasses import dataclass, field

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.dataset import Fleet
from energy_pipeline.simulators.enlighten.failing import Failing
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.oauth.tokens import TokenOffice
from energy_pipeline.simulators.enlighten.quota import Quota
from energy_pipeline.simulators.enlighten.record import RecordedRequest
from energy_pipeline.simulators.enlighten.switches import Switches


@dataclass
class CloudState:
    """Data set, time, behaviour, and the memory of what was asked.

    Attributes:
        fleet: every system of the cloud.
        clock: the virtual time.
        switches: how the cloud behaves; may be replaced at any time.
        faults: what goes wrong; replaced by `put_faults`.
        quota: the counts of the plan's limits.
        tokens: codes and tokens of OAuth.
        failing: which request fails next.
        requests: every request so far, oldest first.
    """

    fleet: Fleet
    clock: VirtualClock
    switches: Switches
    faults: Faults
    quota: Quota = field(default_factory=Quota)
    tokens: TokenOffice = field(default_factory=TokenOffice)
    failing: Failing = field(default_factory=Failing)
    requests: list[RecordedRequest] = field(default_factory=list[RecordedRequest])

    def __post_init__(self) -> None:
        self.failing.expect(self.faults)

    def put_faults(self, faults: Faults) -> None:
        """Let other things go wrong from now on; failures that were still to come are forgotten."""
        self.faults = faults
        self.failing.expect(faults)
