"""The simulator as a whole: what a test or the demo builds, serves and looks into."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey.action_store import Actions
from energy_pipeline.simulators.enerkey.calls import World
from energy_pipeline.simulators.enerkey.control import Control
from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.faults import Faults
from energy_pipeline.simulators.enerkey.gate import Gate
from energy_pipeline.simulators.enerkey.imports import Imports
from energy_pipeline.simulators.enerkey.instants import to_seconds
from energy_pipeline.simulators.enerkey.journal import Journal, RequestRecord
from energy_pipeline.simulators.enerkey.profile import Profile
from energy_pipeline.simulators.enerkey.runs import Runs
from energy_pipeline.simulators.enerkey.state_file import State
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline.simulators.enerkey.tenant import Tenant
from energy_pipeline.simulators.enerkey.values import Values, by_datetime


class EnerKeySimulator:
    """A stand-in of the EnerKey API.

    Args:
        profile: the profile of the keys in use.
        clock: decides key dates, rate windows, future hours and visibility.
        switches: how it behaves where the vendor's text is silent.
        faults: what goes wrong on purpose; may be replaced while it runs.
        other_profiles: further profiles with keys and ids of their own.
        tenant: the space that holds the profiles, with its own keys and customers.
        state_file: values and what provisioning made are loaded from it when it exists, and saved
            to it with every change.

    Attributes:
        app: the ASGI application.
        clock: as given.
        switches: as given.
        faults: as given, or none.

    Raises:
        ValueError: ids or keys occur in two profiles, or the state file is not one.
    """

    def __init__(
        self,
        profile: Profile,
        clock: VirtualClock,
        switches: Switches | None = None,
        faults: Faults | None = None,
        *,
        other_profiles: Sequence[Profile] = (),
        tenant: Tenant | None = None,
        state_file: Path | None = None,
    ) -> None:
        self._directory = Directory((profile, *other_profiles), tenant or Tenant())
        self.clock = clock
        self.switches = switches or Switches()
        self.faults = faults or Faults()
        self._journal = Journal()
        self._values = Values(self.switches)
        self._runs = Runs(Imports(self._directory, self._values, self.switches))
        self._actions = Actions(self._directory.profiles)
        world = World(
            self._directory, self._values, self.switches, clock, self._runs, self._actions
        )
        state = State(self._values, self._directory, self._runs, state_file)
        control = Control(world, self.faults, self._journal, state)
        self.app: ASGIApp = Starlette(
            routes=[
                Mount("/_sim", routes=control.routes()),
                Mount("/", app=Gate(world, self.faults, self._journal)),
            ]
        )

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests so far, oldest first."""
        return self._journal.records()

    @property
    def customers(self) -> dict[str, Mapping[str, object]]:
        """The tenant's customers now, as snapshots gave them, by externalCustomerId."""
        self._runs.settle(self.clock.now())
        return dict(self._directory.customers)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The profiles that there are now."""
        self._runs.settle(self.clock.now())
        return self._directory.profiles

    def action(self, action_id: int) -> Mapping[str, object]:
        """Return an action as it is stored now, version left out."""
        return self._actions.stored(action_id).document

    def change_action_as_other(self, action_id: int, changes: Mapping[str, object]) -> None:
        """Change members of an action as another user would."""
        self._actions.replace(action_id, {**self._actions.stored(action_id).document, **changes})

    def stored_hours(self, meter_id: int) -> dict[datetime, float]:
        """Return consumption by start of hour as it is stored, whether it can be read yet or not.

        Values are in the meter's unit; hours without data are absent; the hours of a cumulative
        meter come from its readings.
        """
        with self._values.lock:
            return by_datetime(self._values.stored_hours(self._directory.meter(meter_id)))

    def stored_readings(self, meter_id: int) -> dict[datetime, float]:
        """Return the register positions of a cumulative meter by instant, readable yet or not."""
        meter = self._directory.meter(meter_id)
        if meter.reading_type != "cumulative":
            raise ValueError(f"meter {meter_id} takes consumption: it has no readings")
        with self._values.lock:
            return by_datetime(self._values.stored(meter))

    def pushes_per_hour(self, meter_id: int) -> dict[datetime, int]:
        """Return how many messages with each hour (or instant of a reading) were taken.

        A message that `keep_first` takes without a change counts too, a refused one does not.
        """
        with self._values.lock:
            counts = self._values.taken(self._directory.meter(meter_id))
            return {at: int(count) for at, count in by_datetime(counts).items()}

    def arrivals_per_hour(self, meter_id: int) -> dict[datetime, int]:
        """Return how many messages with each hour (or instant of a reading) came to be stored.

        One that the model of second pushes refuses counts too. One that was lost on its way, or
        whose rows were not understood, had no effect and does not count.
        """
        with self._values.lock:
            counts = self._values.arrived(self._directory.meter(meter_id))
            return {at: int(count) for at, count in by_datetime(counts).items()}

    def write_as_other(self, meter_id: int, at: datetime, value: float) -> None:
        """Store a value as another writer would.

        Args:
            meter_id: a meter of any profile.
            at: start of the hour, or instant of the reading of a cumulative meter.
            value: in the meter's unit; replaces what is stored.
        """
        with self._values.lock:
            meter = self._directory.meter(meter_id)
            self._values.overwrite(meter, to_seconds(at), value, self.clock.now())
