"""The three interval series of Enlighten: endpoint, grid, widest window, where the rows go.

How windows are chosen is in `planner.py`; members and widths as such are in `wire.py`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION, ENLIGHTEN_PRODUCTION
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.bodies import ConsumptionBody, MeterBody, MicroBody
from energy_pipeline.sources.enlighten.v2 import wire

EnlightenStream = Literal["production", "consumption"]


@dataclass(frozen=True)
class IntervalSeries:
    """One interval endpoint.

    Args:
        endpoint: last part of the path.
        energy_member: member of an interval that holds its energy in Wh.
        interval_s: length of every interval in seconds; ends lie on multiples of it.
        widest: longest window that one request answers.
        nights_absent: dark hours have no intervals.
        body: shape of the answer.
        dataset: where the rows are kept.
        may_be_cut_after: answers to a longer window may end after this length, without a word;
            None: the endpoint keeps to `widest`.
    """

    endpoint: str
    energy_member: str
    interval_s: int
    widest: timedelta
    nights_absent: bool
    body: type[MicroBody | MeterBody | ConsumptionBody]
    dataset: Dataset
    may_be_cut_after: timedelta | None = None


MICRO_PRODUCTION = IntervalSeries(
    endpoint=wire.STATS,
    energy_member="enwh",
    interval_s=shared.MICRO_INTERVAL_S,
    widest=wire.STATS_WIDEST,
    nights_absent=True,
    body=MicroBody,
    dataset=ENLIGHTEN_PRODUCTION,
)
METER_PRODUCTION = IntervalSeries(
    endpoint=wire.RGM_STATS,
    energy_member="wh_del",
    interval_s=shared.METER_INTERVAL_S,
    widest=wire.RGM_STATS_WIDEST,
    nights_absent=False,
    body=MeterBody,
    dataset=ENLIGHTEN_PRODUCTION,
)
CONSUMPTION = IntervalSeries(
    endpoint=wire.CONSUMPTION_STATS,
    energy_member="enwh",
    interval_s=shared.METER_INTERVAL_S,
    widest=wire.CONSUMPTION_STATS_WIDEST,
    nights_absent=False,
    body=ConsumptionBody,
    dataset=ENLIGHTEN_CONSUMPTION,
    may_be_cut_after=wire.SHORTEST_MONTH,
)


def series_of(access: EnlightenAccess, stream: EnlightenStream) -> IntervalSeries:
    """Return the series that measures a stream of a site."""
    if stream == "consumption":
        return CONSUMPTION
    return MICRO_PRODUCTION if access.production == "micro" else METER_PRODUCTION
