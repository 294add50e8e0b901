"""Microinverters: each reports at its own time of the period, and is silent in the dark."""

from typing import NamedTuple

import numpy as np

from energy_pipeline.simulators.envoy.curve import Energy, PowerCurve
from energy_pipeline.simulators.envoy.hardware import Hardware

WRAP_J = 2**32
"""Joules at which counters of some firmwares begin again."""
_FIRST_SERIAL = 122_100_000_000


class Report(NamedTuple):
    """The last report of one inverter.

    Attributes:
        serial: of the inverter.
        end_s: true end of its period, epoch seconds.
        duration_s: length of the period.
        joules: energy of the period.
        lifetime_j: energy since it was made; never wraps here.
        power_w: mean of the period.
        seen_max_w: most it ever reported.
    """

    serial: str
    end_s: int
    duration_s: int
    joules: int
    lifetime_j: int
    power_w: int
    seen_max_w: int


class InverterBank:
    """All inverters of a gateway over the whole curve."""

    def __init__(self, hardware: Hardware, curve: PowerCurve) -> None:
        self._hardware = hardware
        self._start_s = curve.start_s
        each_w = curve.pv_w * hardware.inverters_over_ct / max(hardware.inverters, 1)
        self._each = Energy(curve, each_w)
        self._edges_s = curve.edges_s
        lit = np.where(curve.pv_w > 0, curve.edges_s[1:], 0.0)
        self._lit_until_s = np.maximum.accumulate(lit)

    def energy_wh(self, start_s: float, end_s: float) -> float:
        """Return the true energy of all inverters between two instants."""
        return self._hardware.inverters * (self._each.at(end_s) - self._each.at(start_s))

    def reports(self, at_s: float) -> list[Report]:
        """Return the last report of every inverter at `at_s`; one that never reported is absent."""
        reports = [self._report(number, at_s) for number in range(self._hardware.inverters)]
        return [report for report in reports if report is not None]

    def _report(self, number: int, at_s: float) -> Report | None:
        period_s = self._hardware.inverter_period_s
        offset_s = number * 37 % period_s
        newest_s = (at_s - offset_s) // period_s * period_s + offset_s
        lit_s = self._last_light_s(newest_s)
        end_s = -(-(lit_s - offset_s) // period_s) * period_s + offset_s
        if lit_s == 0 or end_s - period_s < self._start_s:
            return None
        lifetime_j = self._lifetime_j(number, end_s)
        joules = lifetime_j - self._lifetime_j(number, end_s - period_s)
        return Report(
            serial=str(_FIRST_SERIAL + 7919 * number),
            end_s=int(end_s),
            duration_s=period_s,
            joules=joules,
            lifetime_j=lifetime_j,
            power_w=round(joules / period_s),
            seen_max_w=max(round(joules / period_s), self._hardware.inverter_rated_w * 2 // 3),
        )

    def _lifetime_j(self, number: int, at_s: float) -> int:
        opening_j = (self._hardware.inverter_opening_wh + 1000 * number) * 3600
        return opening_j + int(self._each.at(at_s) * 3600 + 1e-6)

    def _last_light_s(self, at_s: float) -> float:
        """Return the last instant until `at_s` at which the sun shone; 0 when it never did."""
        step = int(np.searchsorted(self._edges_s, at_s, side="left")) - 1
        if step < 0:
            return 0.0
        step = min(step, len(self._lit_until_s) - 1)
        return min(at_s, float(self._lit_until_s[step]))
