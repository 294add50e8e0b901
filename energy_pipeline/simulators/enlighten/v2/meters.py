"""Dialect v2: counters of the production meter, and the production of a month."""

from energy_pipeline.simulators.enlighten.localdays import DAY, midnight
from energy_pipeline.simulators.enlighten.odometer import readings
from energy_pipeline.simulators.enlighten.totals import production_totals
from energy_pipeline.simulators.enlighten.v2.bodies import Json, View
from energy_pipeline.simulators.enlighten.v2.windows import DayRange


def production_meter_readings(view: View, at: int) -> Json:
    """Return the last reading of every production meter at or before `at`."""
    found = readings(view.cloud, view.system, "production", at, view.now)
    return {
        "system_id": view.system.system_id,
        "meter_readings": [
            {
                "serial_number": reading.meter.serial_number,
                "value": reading.values_wh[0],
                "read_at": view.stamp(reading.read_at),
            }
            for reading in found
        ],
        "meta": view.meta(),
    }


def monthly_production(view: View, days: DayRange) -> Json:
    """Return the energy of a month and the production meters' counters at its two ends."""
    totals = production_totals(view.cloud, view.system, days.first, days.last, view.now)
    return {
        "system_id": view.system.system_id,
        "start_date": str(days.first),
        "end_date": str(days.last),
        "production_wh": int(totals.sum()),
        "meter_readings": _counters(view, days),
        "meta": view.meta(),
    }


def _counters(view: View, days: DayRange) -> list[Json]:
    system, zone = view.system, view.system.zone
    begin, end = midnight(days.first, zone), midnight(days.last + DAY, zone)
    before = {
        reading.meter.serial_number: reading.values_wh[0]
        for reading in readings(view.cloud, system, "production", begin, view.now)
    }
    return [
        {
            "serial_number": reading.meter.serial_number,
            "start": before.get(reading.meter.serial_number, 0),
            "end": reading.values_wh[0],
        }
        for reading in readings(view.cloud, system, "production", end, view.now)
    ]
