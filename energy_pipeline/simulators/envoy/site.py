"""A modelled site: hardware and true power in, truth out.

What the gateway makes of it under faults is in `view`; how it says so is in the answers.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.simulators.envoy.curve import (
    FIRST_CHARGE,
    STORED_SHARE,
    Energy,
    PowerCurve,
)
from energy_pipeline.simulators.envoy.hardware import Hardware, Stream
from energy_pipeline.simulators.envoy.inverters import InverterBank
from energy_pipeline.simulators.envoy.metering import MeterBank

BATTERY_WH = 5000
"""Capacity of one battery."""


class Site:
    """Hardware under a power curve.

    Args:
        hardware: the gateway and what hangs on it.
        curve: the true power.

    Attributes:
        hardware: as given.
        curve: as given.
        meters: the current transformers.
        inverters: the microinverters.
        battery: the batteries' own measurement, positive when they discharge.
        zone: the gateway's time zone.
    """

    def __init__(self, hardware: Hardware, curve: PowerCurve) -> None:
        self.hardware = hardware
        self.curve = curve
        self.meters = MeterBank(hardware, curve)
        self.inverters = InverterBank(hardware, curve)
        self.zone = ZoneInfo(hardware.timezone)
        self.battery = Energy(curve, curve.battery_w)
        kept_w = np.where(curve.battery_w < 0, STORED_SHARE * curve.battery_w, curve.battery_w)
        self._drained = Energy(curve, kept_w)

    def battery_stored_wh(self, at_s: float) -> float:
        """Return what is in the batteries at a true instant (epoch seconds)."""
        capacity_wh = self.hardware.batteries * BATTERY_WH
        left_wh = FIRST_CHARGE * capacity_wh - self._drained.at(at_s)
        return min(max(left_wh, 0.0), float(capacity_wh))

    def streams(self) -> tuple[Stream, ...]:
        """Return the streams that this hardware measures; production always is one."""
        metered = self.meters.streams()
        return metered if "production" in metered else ("production", *metered)

    def truth_wh(self, stream: Stream, start: datetime, end: datetime) -> float:
        """Return the energy that a perfect client books between two instants (aware).

        Production is what the production meter saw, or the inverters where there is none.

        Raises:
            ValueError: this hardware does not measure the stream.
        """
        if stream not in self.streams():
            allowed = ", ".join(self.streams())
            raise ValueError(f"found {stream!r}; allowed: {allowed}")
        start_s, end_s = start.timestamp(), end.timestamp()
        if stream == "production" and "production" not in self.hardware.cts:
            return self.inverters.energy_wh(start_s, end_s)
        return self.meters.energy_wh(stream, start_s, end_s)
