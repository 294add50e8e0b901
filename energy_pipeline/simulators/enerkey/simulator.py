"""The simulator as a whole: what a test or the demo builds, serves and looks into."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey.calls import World
from energy_pipeline.simulators.enerkey.control import Control
from energy_pipeline.simulators.enerkey.faults import Faults
from energy_pipeline.simulators.enerkey.gate import Gate
from energy_pipeline.simulators.enerkey.instants import to_seconds
from energy_pipeline.simulators.enerkey.journal import Journal, RequestRecord
from energy_pipeline.simulators.enerkey.profile import Meter, Profile
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline.simulators.enerkey.values import Values, by_datetime


class EnerKeySimulator:
    """A stand-in of the EnerKey API.

    Args:
        profile: the profile of the keys in use.
        clock: decides key dates, rate windows, future hours and visibility.
        switches: how it behaves where the vendor's text is silent.
        faults: what goes wrong on purpose; may be replaced while it runs.
        other_profiles: further profiles with keys and ids of their own.
        state_file: values are loaded from it when it exists, and saved to it with every change.

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
        state_file: Path | None = None,
    ) -> None:
        profiles = (profile, *other_profiles)
        self._meters = _meters(profiles)
        self.clock = clock
        self.switches = switches or Switches()
        self.faults = faults or Faults()
        self._journal = Journal()
        self._values = Values(self.switches, state_file)
        world = World(profiles, self._values, self.switches, clock)
        control = Control(world, self.faults, self._journal)
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

    def stored_hours(self, meter_id: int) -> dict[datetime, float]:
        """Return consumption by start of hour as it is stored, whether it can be read yet or not.

        Values are in the meter's unit; hours without data are absent; the hours of a cumulative
        meter come from its readings.
        """
        with self._values.lock:
            return by_datetime(self._values.stored_hours(self._meters[meter_id]))

    def stored_readings(self, meter_id: int) -> dict[datetime, float]:
        """Return the register positions of a cumulative meter by instant, readable yet or not."""
        meter = self._meters[meter_id]
        if meter.reading_type != "cumulative":
            raise ValueError(f"meter {meter_id} takes consumption: it has no readings")
        with self._values.lock:
            return by_datetime(self._values.stored(meter))

    def pushes_per_hour(self, meter_id: int) -> dict[datetime, int]:
        """Return how many messages with each hour (or instant of a reading) were taken.

        A message that `keep_first` takes without a change counts too, a refused one does not.
        """
        with self._values.lock:
            counts = self._values.taken(self._meters[meter_id])
            return {at: int(count) for at, count in by_datetime(counts).items()}

    def write_as_other(self, meter_id: int, at: datetime, value: float) -> None:
        """Store a value as another writer would.

        Args:
            meter_id: a meter of any profile.
            at: start of the hour, or instant of the reading of a cumulative meter.
            value: in the meter's unit; replaces what is stored.
        """
        with self._values.lock:
            meter = self._meters[meter_id]
            self._values.overwrite(meter, to_seconds(at), value, self.clock.now())


def _meters(profiles: Sequence[Profile]) -> dict[int, Meter]:
    meters = [meter for profile in profiles for meter in profile.meters]
    facilities = [facility for profile in profiles for facility in profile.facilities]
    for things in (meters, facilities):
        ids = [thing.id for thing in things]
        if len(ids) > len(set(ids)):
            raise ValueError(f"an id occurs in two profiles: {sorted(ids)}")
    return {meter.id: meter for meter in meters}
