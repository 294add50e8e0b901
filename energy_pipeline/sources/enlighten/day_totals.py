"""The vendor's own totals per site-local day, the independent check of every interval.

What is asked is in the dialects' `client.py`; which days are believed is decided in
`transform/local_days.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.bodies import DaysBody, read_body
from energy_pipeline.sources.enlighten.series import IntervalSeries, Measured

_Totals = tuple[float | None, ...]
_NONE: Mapping[Stream, _Totals] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Totals of consecutive local days, of every stream that the answer measures.

    Args:
        first_day: the local day of the first totals; None when there are none.
        energy_wh: by stream, total of each day; None where the vendor gives none.
        last_report_at: the system's last report; None when not given, or never.
        received_at: when the answer was received, aware.
        detail: why there are no totals, in the vendor's words; empty when there are.
    """

    first_day: date | None
    energy_wh: Mapping[Stream, _Totals]
    last_report_at: datetime | None
    received_at: datetime
    detail: str = ""


def parse_day_totals(
    content: bytes, series: IntervalSeries, request: str, received_at: datetime
) -> DayTotals:
    """Read the totals of what `series` measures.

    Raises:
        SchemaSurprise: the answer has another shape.
    """
    body = read_body(DaysBody, content, request)
    totals: Mapping[Stream, _Totals] = {
        each.stream: _totals(body, each, request) for each in series.measures
    }
    first_day = body.start_date if any(totals.values()) else None
    reported = body.meta.last_report_at if body.meta else None
    last_report_at = None if reported is None else datetime.fromtimestamp(reported, UTC)
    return DayTotals(first_day, totals if first_day else _NONE, last_report_at, received_at)


def no_totals(reason: str, received_at: datetime) -> DayTotals:
    """Return what a refusal says of totals: there are none."""
    return DayTotals(None, _NONE, None, received_at, reason)


def _totals(body: DaysBody, measured: Measured, request: str) -> _Totals:
    """Return the best list of a stream's totals that the answer has."""
    for name in measured.totals:
        found = body.days(name)
        if found is not None:
            return tuple(found)
    message = f"{measured.totals[-1]}: found nothing; allowed: a list of numbers"
    raise SchemaSurprise(message, request=request, status=200)
