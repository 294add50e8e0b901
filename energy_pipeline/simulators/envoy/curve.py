"""The true power of a site, from which everything that a gateway tells is computed.

Power is constant within each step, so energy between any two instants is exact. Where a step spans
the full hour (a start seven and a half minutes past, and steps of a quarter), even a straight line
between two polls around the hour gives the true value at the hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.simulators.enlighten.noise import Floats, Int64s, noise

_DAY_S = 86_400
_DULLNESS, _CLOUD, _HABIT, _KETTLE = range(400, 404)
STORED_SHARE = 0.9
"""Of what a battery takes, this much comes back."""
FIRST_CHARGE = 0.3
"""How full a battery is at the start of a modelled curve."""
_CHARGES_AT_MOST_W = 3000.0


@dataclass(frozen=True, eq=False)
class PowerCurve:
    """Mean power by step; nothing flows before the first and after the last.

    Attributes:
        start_s: begin of the first step, epoch seconds.
        step_s: length of a step.
        pv_w: sun, never negative.
        load_w: household, never negative.
        battery_w: battery; positive when it discharges.
    """

    start_s: int
    step_s: int
    pv_w: Floats
    load_w: Floats
    battery_w: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.pv_w), len(self.load_w), len(self.battery_w)}
        if len(lengths) != 1:
            raise ValueError(f"found series of {sorted(lengths)} steps; allowed: one length")
        if min(self.pv_w.min(), self.load_w.min()) < 0:
            raise ValueError("pv_w and load_w: found a negative power")

    @cached_property
    def edges_s(self) -> Floats:
        """Begins of all steps and the end of the last."""
        return self.start_s + self.step_s * np.arange(len(self.pv_w) + 1, dtype=np.float64)


class Energy:
    """The energy of one power series since the start of its curve.

    Args:
        curve: gives the steps.
        power_w: power in each of them.
    """

    def __init__(self, curve: PowerCurve, power_w: Floats) -> None:
        self._edges_s = curve.edges_s
        self._power_w = power_w
        self._sums_wh = np.concatenate(([0.0], np.cumsum(power_w) * (curve.step_s / 3600)))

    def at(self, instant_s: float) -> float:
        """Return Wh from the start of the curve to `instant_s`."""
        return float(np.interp(instant_s, self._edges_s, self._sums_wh))

    def power_w(self, instant_s: float) -> float:
        """Return the power at `instant_s`."""
        step = int(np.searchsorted(self._edges_s, instant_s, side="right")) - 1
        return float(self._power_w[step]) if 0 <= step < len(self._power_w) else 0.0


def constant_curve(
    start: datetime,
    hours: float,
    *,
    pv_w: float = 0.0,
    load_w: float = 0.0,
    battery_w: float = 0.0,
) -> PowerCurve:
    """Return a curve that stays at the given powers."""
    one = np.ones(int(hours * 60))
    return PowerCurve(int(start.timestamp()), 60, one * pv_w, one * load_w, one * battery_w)


def modelled_curve(
    start: datetime,
    days: float,
    *,
    timezone: str = "Europe/Amsterdam",
    peak_w: float = 4200.0,
    battery_wh: float = 0.0,
    step_s: int = 300,
    seed: int = 0,
) -> PowerCurve:
    """Return a house under seeded weather; the same instants always have the same power.

    Args:
        start: begin of the first step (aware).
        days: length.
        timezone: IANA zone; its standard time is the sun's.
        peak_w: under a clear sky in June.
        battery_wh: usable capacity; 0 is no battery.
        step_s: length of a step.
        seed: another seed, another weather and other habits.
    """
    start_s = int(start.timestamp())
    at = start_s + step_s * np.arange(int(days * _DAY_S / step_s), dtype=np.int64)
    hour = _sun_hour(at + step_s // 2, timezone)
    pv_w = np.round(peak_w * _sunshine(at, hour) * _sky(at, seed), 3)
    load_w = np.round(_household(at, hour, seed), 3)
    battery_w = np.zeros_like(pv_w)
    if battery_wh:
        battery_w = _battery(pv_w - load_w, battery_wh, step_s)
    return PowerCurve(start_s, step_s, pv_w, load_w, battery_w)


def _sun_hour(at: Int64s, timezone: str) -> Floats:
    first = datetime.fromtimestamp(int(at[0]), ZoneInfo(timezone))
    standard = (first.utcoffset() or timedelta()) - (first.dst() or timedelta())
    return ((at + int(standard.total_seconds())) % _DAY_S) / 3600


def _sunshine(at: Int64s, hour: Floats) -> Floats:
    """Return the share of the clear June noon: long days in summer, 0 at night."""
    summer = np.cos(2 * np.pi * ((at / _DAY_S) % 365.25 - 172) / 365.25)
    return np.maximum(0.0, 0.31 * summer - 0.57 * np.cos(2 * np.pi * hour / 24))


def _sky(at: Int64s, seed: int) -> Floats:
    day = 0.25 + 0.75 * noise(at // _DAY_S, seed, _DULLNESS)
    return day * (1 - 0.6 * (1 - day) * noise(at // 900, seed, _CLOUD))


def _household(at: Int64s, hour: Floats, seed: int) -> Floats:
    evening = 900 * np.exp(-((hour - 19) ** 2) / 6) + 450 * np.exp(-((hour - 7.5) ** 2) / 2)
    kettle = np.where(noise(at // 300, seed, _KETTLE) < 0.03, 1900.0, 0.0)
    return 170 + evening * (0.4 + noise(at // 900, seed, _HABIT)) + kettle


def _battery(surplus_w: Floats, capacity_wh: float, step_s: int) -> Floats:
    """Return what a battery does that takes every surplus and gives it back in the evening."""
    stored_wh, hours = FIRST_CHARGE * capacity_wh, step_s / 3600
    powers: list[float] = []
    for surplus in surplus_w.tolist():
        if surplus > 0:
            room_w = (capacity_wh - stored_wh) / (STORED_SHARE * hours)
            power_w = -min(surplus, _CHARGES_AT_MOST_W, room_w)
            stored_wh -= power_w * STORED_SHARE * hours
        else:
            power_w = min(-surplus, _CHARGES_AT_MOST_W, stored_wh / hours)
            stored_wh -= power_w * hours
        powers.append(round(power_w, 3))
    return np.array(powers)
