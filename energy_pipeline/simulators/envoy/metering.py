"""Current transformers: signed power by phase, and counters that only ever grow.

Directions follow the vendor: delivered counts positive power. Positive is produced, imported, used
or discharged; negative is standby, exported or charged. Phases are not netted against each other.
"""

from typing import NamedTuple

import numpy as np

from energy_pipeline.simulators.enlighten.noise import Floats
from energy_pipeline.simulators.envoy.curve import Energy, PowerCurve
from energy_pipeline.simulators.envoy.hardware import Ct, Hardware, Stream

_LOAD_SHARES: dict[int, tuple[float, ...]] = {1: (1.0,), 2: (0.56, 0.44), 3: (0.61, 0.27, 0.12)}
_OF_CT: dict[Stream, Ct] = {
    "production": "production",
    "grid_import": "net-consumption",
    "grid_export": "net-consumption",
    "battery_discharge": "storage",
    "battery_charge": "storage",
}
_DELIVERED: frozenset[Stream] = frozenset({"production", "grid_import", "battery_discharge"})


class Channel(NamedTuple):
    """One phase of a meter at an instant."""

    delivered_wh: float
    received_wh: float
    power_w: float


class Reading(NamedTuple):
    """A meter at an instant.

    Attributes:
        ct: what it measures.
        timestamp: the gateway's time of it, epoch seconds.
        channels: one per measured phase.
    """

    ct: Ct
    timestamp: int
    channels: tuple[Channel, ...]

    @property
    def delivered_wh(self) -> float:
        """Sum over the phases."""
        return round(sum(channel.delivered_wh for channel in self.channels), 3)

    @property
    def received_wh(self) -> float:
        """Sum over the phases."""
        return round(sum(channel.received_wh for channel in self.channels), 3)

    @property
    def power_w(self) -> float:
        """Sum over the phases."""
        return round(sum(channel.power_w for channel in self.channels), 3)


class MeterBank:
    """All enabled meters of a gateway over the whole curve."""

    def __init__(self, hardware: Hardware, curve: PowerCurve) -> None:
        self._hardware = hardware
        self._phases: dict[Ct, list[_Phase]] = {}
        production, load, battery = _by_phase(hardware, curve)
        powers: dict[Ct, Floats] = {
            "production": production,
            "net-consumption": load - production - battery,
            "total-consumption": load,
            "storage": battery,
        }
        openings = [energy / hardware.phases for energy in hardware.openings_wh]
        for ct in hardware.cts:
            self._phases[ct] = [_Phase(curve, power, *openings) for power in powers[ct]]
        standby = np.maximum(-production.sum(axis=0), 0.0)
        behind_net_ct = "net-consumption" in hardware.cts
        self._used = Energy(curve, curve.load_w + (standby if behind_net_ct else 0.0))

    def channels(self, ct: Ct, at_s: float) -> tuple[Channel, ...]:
        """Return every phase of a meter as it truly is at `at_s`."""
        return tuple(phase.at(at_s) for phase in self._phases[ct])

    def streams(self) -> tuple[Stream, ...]:
        """Return the streams that these meters measure, directly or as a balance."""
        cts = set(self._hardware.cts)
        measured: list[Stream] = [stream for stream, ct in _OF_CT.items() if ct in cts]
        if "total-consumption" in cts or {"production", "net-consumption"} <= cts:
            measured.append("consumption")
        return tuple(measured)

    def energy_wh(self, stream: Stream, start_s: float, end_s: float) -> float:
        """Return the true energy of a measured stream between two instants.

        What the inverters take at night passes the net meter, and so belongs to consumption there.
        """
        if stream == "consumption":
            return self._used.at(end_s) - self._used.at(start_s)
        total = 0.0
        for phase in self._phases[_OF_CT[stream]]:
            counter = phase.delivered if stream in _DELIVERED else phase.received
            total += counter.at(end_s) - counter.at(start_s)
        return total


class _Phase:
    """One phase of a meter: power and both counters."""

    def __init__(
        self, curve: PowerCurve, power_w: Floats, delivered_wh: float, received_wh: float
    ) -> None:
        self.delivered = Energy(curve, np.maximum(power_w, 0.0))
        self.received = Energy(curve, np.maximum(-power_w, 0.0))
        self._openings_wh = delivered_wh, received_wh

    def at(self, at_s: float) -> Channel:
        delivered_wh, received_wh = self._openings_wh
        return Channel(
            round(delivered_wh + self.delivered.at(at_s), 3),
            round(received_wh + self.received.at(at_s), 3),
            round(self.delivered.power_w(at_s) - self.received.power_w(at_s), 3),
        )


def _by_phase(hardware: Hardware, curve: PowerCurve) -> tuple[Floats, Floats, Floats]:
    """Return production, load and battery, each of shape (phases, steps)."""
    phases = hardware.phases
    production = np.where(curve.pv_w > 0, curve.pv_w, -hardware.standby_w) / phases
    load = np.outer(_LOAD_SHARES[phases], curve.load_w)
    evenly = np.ones((phases, 1))
    return evenly * production, load, evenly * (curve.battery_w / phases)
