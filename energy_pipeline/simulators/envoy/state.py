"""Everything that one simulated gateway remembers."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy.backend import Backend
from energy_pipeline.simulators.envoy.failing import Failing
from energy_pipeline.simulators.envoy.faults import Faults
from energy_pipeline.simulators.envoy.journal import Journal
from energy_pipeline.simulators.envoy.modelled import ModelBackend
from energy_pipeline.simulators.envoy.sessions import Sessions
from energy_pipeline.simulators.envoy.switches import Switches, usual_switches
from energy_pipeline.simulators.envoy.tokens import TokenAuthority


@dataclass
class GatewayState:
    """Backend, time, behaviour, and the memory of what was asked.

    Attributes:
        backend: answers the paths.
        authority: whose tokens are good.
        clock: the virtual time.
        switches: the firmware's ways; may be replaced at any time.
        faults: what is wrong; replaced by `put_faults`.
        failing: which request fails next.
        sessions: the open ones.
        journal: every request so far.
        streaming_until: end of the live stream; None when it never was on.
        worker: the only one, on firmware that has no more.
    """

    backend: Backend
    authority: TokenAuthority
    clock: VirtualClock
    switches: Switches
    faults: Faults
    failing: Failing = field(default_factory=Failing)
    sessions: Sessions = field(default_factory=Sessions)
    journal: Journal = field(default_factory=Journal)
    streaming_until: datetime | None = None
    worker: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.failing.expect(self.faults)

    @property
    def serial(self) -> str:
        """The serial of the box that is now behind the address."""
        return self.faults.other_serial or self.backend.hardware.serial

    @property
    def zone(self) -> ZoneInfo:
        """The gateway's time zone."""
        return ZoneInfo(self.backend.hardware.timezone)

    def put_faults(self, faults: Faults) -> None:
        """Let other things be wrong from now on; failures that were still to come are forgotten."""
        self.faults = faults
        self.failing.expect(faults)

    def update_firmware(self, software: str) -> None:
        """Run another firmware from now on, with its usual switches; every session is lost.

        Raises:
            ValueError: the site is not modelled.
        """
        if not isinstance(self.backend, ModelBackend):
            raise ValueError("only a modelled gateway can get another firmware")
        self.backend.update_firmware(software)
        self.switches = usual_switches(self.backend.hardware)
        self.sessions.end_all()

    def shown(self, now: datetime) -> datetime:
        """Return the gateway's own time at a true instant."""
        return now + timedelta(seconds=self.faults.clock_offset_s(now.timestamp()))
