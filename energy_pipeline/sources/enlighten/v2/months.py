"""Dialect v2: the vendor's own total of a month, a check of its totals of days."""

from datetime import date
from typing import Annotated

from pydantic import Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body, Day
from energy_pipeline.sources.enlighten.lenient import SERIAL, Label, OneList
from energy_pipeline.sources.enlighten.v2 import wire


class MeterMonth(Body):
    """The counter of a production meter at both ends of a month, Wh; None: not known."""

    serial: Label = SERIAL
    start_wh: float | None = Field(default=None, validation_alias="start")
    end_wh: float | None = Field(default=None, validation_alias="end")


class MonthTotal(Body):
    """Production of whole site-local days, first and last included; counters where metered."""

    first_day: Day = Field(validation_alias="start_date")
    last_day: Day = Field(validation_alias="end_date")
    energy_wh: float | None = Field(validation_alias="production_wh")
    meter_readings: Annotated[list[MeterMonth], OneList] = Field(default_factory=list[MeterMonth])


async def monthly_production(ask: Ask, system_id: int, first_day: date) -> MonthTotal | None:
    """Return the total of the month that begins with a site-local day; None when there is none.

    It ends before the same day of the next month, which must have come.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{system_id}/{wire.MONTHLY_PRODUCTION}"
    return await ask_for(MonthTotal, ask, path, {wire.START_DATE: first_day.isoformat()})
