"""The interval endpoints of dialect v2: production by micros or meters, and consumption."""

from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.bodies import ConsumptionBody, MeterBody, MicroBody
from energy_pipeline.sources.enlighten.series import IntervalSeries, Measured, production_by
from energy_pipeline.sources.enlighten.v2 import wire

MICRO_PRODUCTION = IntervalSeries(
    endpoint=wire.STATS,
    lifetime=wire.ENERGY_LIFETIME,
    measures=production_by("enwh", "micro_production"),
    interval_s=shared.MICRO_INTERVAL_S,
    widest=wire.STATS_WIDEST,
    body=MicroBody,
    nights_absent=True,
)
METER_PRODUCTION = IntervalSeries(
    endpoint=wire.RGM_STATS,
    lifetime=wire.ENERGY_LIFETIME,
    measures=production_by("wh_del", "meter_production"),
    interval_s=shared.METER_INTERVAL_S,
    widest=wire.RGM_STATS_WIDEST,
    body=MeterBody,
)
CONSUMPTION = IntervalSeries(
    endpoint=wire.CONSUMPTION_STATS,
    lifetime=wire.CONSUMPTION_LIFETIME,
    measures=(Measured("consumption", ("enwh",), ("consumption",)),),
    interval_s=shared.METER_INTERVAL_S,
    widest=wire.CONSUMPTION_STATS_WIDEST,
    body=ConsumptionBody,
    may_be_cut_after=wire.SHORTEST_MONTH,
)
