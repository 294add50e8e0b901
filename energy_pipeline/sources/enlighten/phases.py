"""A production meter phase by phase, which both dialects give beside the sum of all phases.

What is kept is the sum; the phases are for a person who looks at a meter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from energy_pipeline.calendar import Span
from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import Instant, Label, OneList

RGM_STATS: Final = "rgm_stats"


class _Quarter(Body):
    channel: int
    end_at: Instant
    wh_del: float | None = None
    curr_w: float | None = None


class _Meter(Body):
    meter_serial_number: Label = None
    intervals: Annotated[list[_Quarter], OneList]


class _Stats(Body):
    meter_intervals: Annotated[list[_Meter], OneList] = Field(default_factory=list[_Meter])


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a meter in a window.

    Args:
        meter: the meter's serial number.
        phase: 1, 2 or 3.
        energy_wh: sum of the quarters that are known.
        power_w: at the end of the last one that is known; a little below 0 at night.
        last_at: end of that one, aware.
    """

    meter: str
    phase: int
    energy_wh: float
    power_w: float | None
    last_at: datetime | None


async def phases(ask: Ask, systems: str, system_id: int, window: Span) -> list[Phase]:
    """Return the phases that are connected, of each meter, in a window of at most seven days.

    Args:
        ask: asks the dialect.
        systems: path of the dialect's systems.
        system_id: the system.
        window: rounded down to quarters of an hour by the vendor.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    bounds = {"start_at": window.start, "end_at": window.end}
    params = {name: str(int(at.timestamp())) for name, at in bounds.items()}
    found = await ask_for(_Stats, ask, f"{systems}/{system_id}/{RGM_STATS}", params)
    return [phase for meter in (found.meter_intervals if found else []) for phase in _of(meter)]


def _of(meter: _Meter) -> Iterable[Phase]:
    for channel in sorted({quarter.channel for quarter in meter.intervals}):
        quarters = [q for q in meter.intervals if q.channel == channel and q.wh_del is not None]
        if not quarters:
            continue  # nothing is connected
        last = quarters[-1]
        energy_wh = sum(quarter.wh_del or 0.0 for quarter in quarters)
        yield Phase(meter.meter_serial_number or "", channel, energy_wh, last.curr_w, last.end_at)
