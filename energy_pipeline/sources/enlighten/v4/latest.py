"""Dialect v4: the last known power of a system's meters and batteries, by channel."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body
from energy_pipeline.sources.enlighten.lenient import SERIAL, Instant, Label
from energy_pipeline.sources.enlighten.v4 import wire


class LatestPower(Body):
    """One channel: power in W, None when it is not connected or silent for a week.

    Of a meter at the grid it is what is imported, negative for export; a battery that is charged
    has a negative one (assumed).
    """

    serial: Label = SERIAL
    name: Label = None
    channel: int | None = None
    power_w: float | None = Field(default=None, validation_alias="power")
    operational_mode: str | None = None
    last_report_at: Instant = None


def _kinds(value: object) -> object:
    """Return the kinds that are lists or lone objects."""
    if not isinstance(value, dict):
        return value
    kinds: dict[str, Any] = value
    lists = {name: [v] if isinstance(v, dict) else v for name, v in kinds.items()}
    return {name: v for name, v in lists.items() if isinstance(v, list)}


class _Latest(Body):
    devices: Annotated[dict[str, list[LatestPower]], BeforeValidator(_kinds)]


async def latest_telemetry(ask: Ask, system_id: int) -> dict[str, list[LatestPower]]:
    """Return the channels by the vendor's word for the kind of device: meters, encharges, ...

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    found = await ask_for(_Latest, ask, f"{wire.SYSTEMS}/{system_id}/{wire.LATEST_TELEMETRY}")
    return found.devices if found else {}
