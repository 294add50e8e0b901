"""The vendor's own totals per site-local day, the independent check of every interval.

What is asked is in `client.py`; which days are believed is decided in `transform/local_days.py`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from energy_pipeline.sources.enlighten.bodies import (
    ConsumptionDays,
    Meta,
    ProductionDays,
    read_body,
)
from energy_pipeline.sources.enlighten.series import (
    CONSUMPTION,
    MICRO_PRODUCTION,
    IntervalSeries,
)


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Totals of consecutive local days.

    Args:
        first_day: the local day of the first total; None when there is none.
        energy_wh: total of each day; None where the vendor gives none.
        last_report_at: the system's last report; None when not given, or never.
        received_at: when the answer was received, aware.
        detail: why there are no totals, in the vendor's words; empty when there are.
    """

    first_day: date | None
    energy_wh: tuple[float | None, ...]
    last_report_at: datetime | None
    received_at: datetime
    detail: str = ""


def parse_day_totals(
    content: bytes, series: IntervalSeries, request: str, received_at: datetime
) -> DayTotals:
    """Read the totals of what `series` measures.

    Micros and meters differ by about a percent, and the merged totals change from the ones to the
    others when a meter is installed: so the totals by the same devices are taken where given.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    if series is CONSUMPTION:
        days = read_body(ConsumptionDays, content, request)
        totals = days.consumption
    else:
        days = read_body(ProductionDays, content, request)
        is_micro = series is MICRO_PRODUCTION
        parts = days.micro_production if is_micro else days.meter_production
        totals = days.production if parts is None else parts
    first_day = days.start_date if totals else None
    known = tuple(totals) if first_day else ()
    return DayTotals(first_day, known, _last_report_at(days.meta), received_at)


def _last_report_at(meta: Meta | None) -> datetime | None:
    if meta is None or meta.last_report_at is None:
        return None
    return datetime.fromtimestamp(meta.last_report_at, UTC)
