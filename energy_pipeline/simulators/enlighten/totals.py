"""Day totals as the cloud publishes them: which day is the last, and what production is made of."""

from datetime import date

import numpy as np

from energy_pipeline.simulators.enlighten.cloud import Cloud
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.localdays import DAY, local_date, midnight
from energy_pipeline.simulators.enlighten.noise import Int64s


def meter_start(system: System) -> date | None:
    """Return the first full local day of the revenue-grade meter."""
    meter = system.series.get("production_meter")
    return None if meter is None else local_date(meter.start_at - 1, system.zone) + DAY


def production_totals(cloud: Cloud, system: System, first: date, last: date, now: int) -> Int64s:
    """Return day totals of the merged series: micros until the meter's first full day."""
    starts = meter_start(system)
    if "production_micro" not in system.series or starts is None:
        return cloud.day_totals(system, system.production, first, last, now)
    micro = cloud.day_totals(system, "production_micro", first, last, now)
    meter = cloud.day_totals(system, "production_meter", first, last, now)
    day = first.toordinal() + np.arange(len(micro))
    return np.where(day >= starts.toordinal(), meter, micro)


def last_total_day(cloud: Cloud, system: System, appears_at_h: int, now: int) -> date:
    """Return the last day of the day series: yesterday, or the last reported day if earlier.

    Args:
        cloud: what is known; a system that never reported has no day with a total.
        system: whose days.
        appears_at_h: local hour before which yesterday's total is not there yet.
        now: the present instant.
    """
    reported_at = cloud.last_report_at(system, now)
    if reported_at is None:
        return local_date(system.operational_at, system.zone) - DAY
    today = local_date(now, system.zone)
    early = now < midnight(today, system.zone) + appears_at_h * 3600
    yesterday = today - DAY * (2 if early else 1)
    return min(yesterday, local_date(reported_at, system.zone))
