"""The summary of every microinverter, which both dialects show in the same form."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.simulators.enlighten import hardware
from energy_pipeline.simulators.enlighten.cloud import Cloud, average_power_w
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.localdays import DAY, local_date
from energy_pipeline.simulators.enlighten.shaping import split_evenly
from energy_pipeline.simulators.enlighten.switches import ReportDate, Switches

_RECENT_S = 3600
_GRID_PROFILE = {"name": "EN 50549-1:2019", "id": "5f1c6a0e2d9b4c7a8e33"}
_PACIFIC, _EASTERN = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")


def micro_rows(
    cloud: Cloud, system: System, now: int, switches: Switches
) -> list[Mapping[str, Any]]:
    """Return one entry per microinverter of the system.

    Their energies sum to the production of all days before today.
    """
    serials = hardware.micro_serials(system)
    if not serials:
        return []
    newest = cloud.newest(system, "production_micro", now)
    energies = split_evenly(np.array([_energy_wh(cloud, system, now)]), len(serials)).tolist()
    powers = split_evenly(np.array([_power_w(cloud, system, newest, now)]), len(serials)).tolist()
    return [
        {
            "id": hardware.micro_id(system, number),
            "serial_number": serial,
            "model": hardware.MICRO_MODEL,
            "part_number": hardware.MICRO_PART,
            "sku": hardware.MICRO_SKU,
            "status": "normal",
            "power_produced": _power_produced(power, switches),
            "proc_load": "520-00082-r01-v04.28.07",
            "param_table": "540-00135-r01-v04.28.03",
            "envoy_serial_number": system.gateway_serial,
            "energy": {"value": energy, "units": "Wh", "precision": 0},
            "grid_profile": _GRID_PROFILE[switches.grid_profile],
            "last_report_date": _report_date(newest, switches.last_report_date),
        }
        for number, (serial, energy, power) in enumerate(
            zip(serials, energies, powers, strict=True)
        )
    ]


def by_gateway(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the answer's array: one element per gateway that has micros."""
    return [{"signal_strength": 5, "micro_inverters": rows}] if rows else []


def _energy_wh(cloud: Cloud, system: System, now: int) -> int:
    first = local_date(system.operational_at, system.zone)
    yesterday = local_date(now, system.zone) - DAY
    if yesterday < first:
        return 0
    return int(cloud.day_totals(system, "production_micro", first, yesterday, now).sum())


def _power_w(cloud: Cloud, system: System, newest: int | None, now: int) -> int:
    if newest is None or now - newest > _RECENT_S:
        return 0
    last = cloud.intervals(system, "production_micro", newest - 1, newest, now)
    return int(average_power_w(system, last)[0])


def _power_produced(power_w: int, switches: Switches) -> object:
    if switches.power_produced == "int":
        return power_w
    return {"value": power_w, "units": "W", "precision": 0}


def _report_date(at: int | None, form: ReportDate) -> int | str | None:
    """Return the instant in a form that the service was seen to use, whatever the site's zone."""
    if at is None or form == "epoch":
        return at
    if form == "iso":
        return datetime.fromtimestamp(at, _PACIFIC).isoformat()
    return datetime.fromtimestamp(at, _EASTERN).strftime("%Y-%m-%d %H:%M:%S %z")
