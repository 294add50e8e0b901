"""The counters of a site's production meters, in service or retired; alike in both dialects."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import SERIAL, Instant, Label, OneList

PRODUCTION_METER_READINGS: Final = "production_meter_readings"
END_AT: Final = "end_at"


class MeterReading(Body):
    """A counter's position in Wh since the meter was installed; None where it is not known."""

    serial: Label = SERIAL
    reading_wh: float | None = Field(default=None, validation_alias="value")
    read_at: Instant = None


class _Readings(Body):
    meter_readings: Annotated[list[MeterReading], OneList]


async def production_meter_readings(
    ask: Ask, systems: str, system_id: int, at: datetime | None = None
) -> list[MeterReading]:
    """Return the last reading of each production meter at or before an instant; none without.

    Args:
        ask: asks the dialect.
        systems: path of the dialect's systems.
        system_id: the system.
        at: aware; None: now. A retired meter keeps its last reading for ever.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    params = {} if at is None else {END_AT: str(int(at.timestamp()))}
    path = f"{systems}/{system_id}/{PRODUCTION_METER_READINGS}"
    found = await ask_for(_Readings, ask, path, params)
    return found.meter_readings if found else []
