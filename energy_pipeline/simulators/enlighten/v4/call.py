"""Dialect v4: one admitted request, and a system as it sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from energy_pipeline.simulators.enlighten.cloud import Cloud
from energy_pipeline.simulators.enlighten.dataset import Fleet, Grant, System
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.localdays import local_date
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.v4 import refusals

Json = Mapping[str, Any]
Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One request that has passed the gate of `face.py`.

    Attributes:
        fleet: every system of the cloud.
        grant: what the user has allowed.
        params: the query.
        content: the body.
        now: the virtual instant, epoch seconds.
        faults: what goes wrong at present.
        switches: how the cloud behaves.
    """

    fleet: Fleet
    grant: Grant
    params: Parameters
    content: bytes
    now: int
    faults: Faults
    switches: Switches

    def views(self) -> list["View"]:
        """Return every system that the user shares, by ascending id."""
        systems = sorted(self.fleet.systems.values(), key=lambda each: each.system_id)
        return [self.view(system) for system in systems if self.grant.covers(system.system_id)]

    def view(self, system: System) -> "View":
        """Return a system as this request sees it.

        Raises:
            Refusal: the user does not share it.
        """
        if not self.grant.covers(system.system_id):
            raise refusals.not_shared()
        return View(system, Cloud(self.faults), self)


@dataclass(frozen=True, eq=False)
class View:
    """One system at one instant."""

    system: System
    cloud: Cloud
    call: Call

    @property
    def now(self) -> int:
        """The virtual instant, epoch seconds."""
        return self.call.now

    @property
    def params(self) -> Parameters:
        """The query."""
        return self.call.params

    @property
    def switches(self) -> Switches:
        """How the cloud behaves."""
        return self.call.switches

    @property
    def today(self) -> date:
        """The system's present day."""
        return local_date(self.now, self.system.zone)

    @cached_property
    def meta(self) -> Json:
        """The state of the system now."""
        system, cloud = self.system, self.cloud
        reported = cloud.last_report_at(system, self.now)
        return {
            "status": cloud.status(system, self.now),
            "last_report_at": reported,
            "last_energy_at": cloud.last_energy_at(system, self.now),
            "operational_at": None if reported is None else system.operational_at,
        }
