"""One meter's part of a push: what is wanted of it, what the ledger has, why it may stand still."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from energy_pipeline.sinks.enerkey.hours import LedgerHour


@dataclass
class MeterWork:
    """One meter's part of a push.

    Args:
        meter_id: EnerKey's meter.
        unit: of its values.
        wanted: final values by hour, or positions by instant.
        entries: what the ledger has of them, of what is unresolved and of the readings beside them.
        is_released: a person has looked at what was held of it.
        problem: why nothing more is done for it in this run; empty while all is well.
    """

    meter_id: int
    unit: str
    wanted: Mapping[datetime, float]
    entries: dict[datetime, LedgerHour]
    is_released: bool = False
    problem: str = ""
    is_plausible: bool = field(default=False, repr=False)
    """Whether the size of its values was compared with what is stored."""
