"""The counters of a site's meters, in service or retired; alike in both dialects.

Dialect v2 has those of production meters alone.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import SERIAL, Instant, Label, OneList

PRODUCTION: Final = "production_meter_readings"
CONSUMPTION: Final = "consumption_meter_readings"
STORAGE: Final = "storage_meter_readings"
END_AT: Final = "end_at"


class MeterReading(Body):
    """Positions in Wh since the meter was installed; None where one is not known or not counted."""

    serial: Label = SERIAL
    reading_wh: float | None = Field(default=None, validation_alias="value")
    charged_wh: float | None = Field(default=None, validation_alias="value_charged")
    discharged_wh: float | None = Field(default=None, validation_alias="value_discharged")
    read_at: Instant = None


class _Readings(Body):
    meter_readings: Annotated[list[MeterReading], OneList]


async def meter_readings(
    ask: Ask, systems: str, system_id: int, *, kind: str = PRODUCTION, at: datetime | None = None
) -> list[MeterReading]:
    """Return the last reading of each meter of a kind at or before an instant; none without one.

    Args:
        ask: asks the dialect.
        systems: path of the dialect's systems.
        system_id: the system.
        kind: PRODUCTION, CONSUMPTION or STORAGE.
        at: aware; None: now. A retired meter keeps its last reading for ever.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    params = {} if at is None else {END_AT: str(int(at.timestamp()))}
    found = await ask_for(_Readings, ask, f"{systems}/{system_id}/{kind}", params)
    return found.meter_readings if found else []
