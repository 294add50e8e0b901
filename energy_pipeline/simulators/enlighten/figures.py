"""The figures of a summary: power now, energy of a day, energy of all days before it."""

from dataclasses import dataclass
from datetime import date

from energy_pipeline.simulators.enlighten.cloud import Cloud, average_power_w
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.localdays import local_date
from energy_pipeline.simulators.enlighten.totals import production_totals

_RECENT_S = 3600


@dataclass(frozen=True)
class Figures:
    """One local day of a system; figures of the moment are 0 for a day that is over.

    Attributes:
        modules: active micros.
        size_w: rated power.
        current_power_w: mean power of the newest interval.
        energy_today_wh: energy of the day.
        energy_lifetime_wh: energy of all days before it.
    """

    modules: int
    size_w: int
    current_power_w: int
    energy_today_wh: int
    energy_lifetime_wh: int


def day_figures(cloud: Cloud, system: System, day: date, now: int) -> Figures:
    """Return the figures of a local day as they are known `now`."""
    is_today = day == local_date(now, system.zone)
    first = min(day, local_date(system.operational_at, system.zone))
    totals = production_totals(cloud, system, first, day, now)
    return Figures(
        system.micros if is_today else 0,
        system.size_w if is_today else 0,
        current_power_w(cloud, system, now) if is_today else 0,
        int(totals[-1]),
        int(totals[:-1].sum()),
    )


def current_power_w(cloud: Cloud, system: System, now: int) -> int:
    """Return the mean power of the newest interval, 0 when production has ended."""
    stream = system.production
    newest = cloud.newest(system, stream, now)
    if newest is None or now - newest > _RECENT_S:
        return 0
    last = cloud.intervals(system, stream, newest - 1, newest, now)
    if stream == "production_micro":
        return int(average_power_w(system, last)[0])
    return int(last.energy_wh[0]) * 4
