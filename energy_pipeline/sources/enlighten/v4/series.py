"""The interval endpoints of dialect v4: production, consumption, battery and grid."""

from dataclasses import replace
from typing import Final

from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.bodies import ConsumptionBody, MeterBody, MicroBody
from energy_pipeline.sources.enlighten.series import IntervalSeries, Measured, production_by
from energy_pipeline.sources.enlighten.v4 import wire
from energy_pipeline.sources.enlighten.v4.bodies import BatteryBody, ExportBody, ImportBody

_DEVICES: Final = "devices_reporting"

METER_PRODUCTION = IntervalSeries(
    endpoint=wire.PRODUCTION_METER,
    lifetime=wire.ENERGY_LIFETIME,
    measures=production_by("wh_del", "meter_production"),
    interval_s=shared.METER_INTERVAL_S,
    widest=wire.TELEMETRY_WIDEST,
    body=MeterBody,
    history=wire.TELEMETRY_KEPT,
    tells_window=True,
)
MICRO_PRODUCTION = replace(
    METER_PRODUCTION,
    endpoint=wire.PRODUCTION_MICRO,
    measures=production_by("enwh", "micro_production"),
    interval_s=shared.MICRO_INTERVAL_S,
    body=MicroBody,
    nights_absent=True,
)
CONSUMPTION = replace(
    METER_PRODUCTION,
    endpoint=wire.CONSUMPTION_METER,
    lifetime=wire.CONSUMPTION_LIFETIME,
    measures=(Measured("consumption", ("enwh",), ("consumption",)),),
    body=ConsumptionBody,
)
BATTERY = replace(
    METER_PRODUCTION,
    endpoint=wire.BATTERY,
    lifetime=wire.BATTERY_LIFETIME,
    measures=(
        Measured("battery_charge", ("charge", "enwh"), ("charge",), ("charge", _DEVICES)),
        Measured(
            "battery_discharge", ("discharge", "enwh"), ("discharge",), ("discharge", _DEVICES)
        ),
    ),
    body=BatteryBody,
)
GRID_IMPORT = replace(
    METER_PRODUCTION,
    endpoint=wire.ENERGY_IMPORT,
    lifetime=wire.ENERGY_IMPORT_LIFETIME,
    measures=(Measured("grid_import", ("wh_imported",), ("import",), ()),),
    body=ImportBody,
    counts_devices=False,
    is_nested=True,
)
GRID_EXPORT = replace(
    GRID_IMPORT,
    endpoint=wire.ENERGY_EXPORT,
    lifetime=wire.ENERGY_EXPORT_LIFETIME,
    measures=(Measured("grid_export", ("wh_exported",), ("export",), ()),),
    body=ExportBody,
)
