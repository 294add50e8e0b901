"""Bodies as the cloud sends them, made up for the tests."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from energy_pipeline.calendar import Span
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2.series import MICRO_PRODUCTION

MIDNIGHT = datetime(2024, 6, 1, tzinfo=UTC)
REPORTED = MIDNIGHT + timedelta(days=1, minutes=7)
SYSTEM = 4127001


def epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def interval(number: int, series: IntervalSeries = MICRO_PRODUCTION, **members: Any) -> dict:
    """The interval that is `number` grid steps after midnight, with 10 Wh and all devices."""
    end_at = epoch(MIDNIGHT) + number * series.interval_s
    rest = {"powr": 120} if series.nights_absent else {}
    (energy,) = series.measures[0].energy
    return {"end_at": end_at, energy: 10, "devices_reporting": 8, **rest, **members}


def body(*intervals: Mapping[str, Any], **members: Any) -> bytes:
    whole = {
        "system_id": SYSTEM,
        "total_devices": 8,
        "intervals": list(intervals),
        "meta": {
            "status": "normal",
            "last_report_at": epoch(REPORTED),
            "last_energy_at": epoch(REPORTED) - 60,
            "operational_at": 1500000030,
        },
    }
    return orjson.dumps({**whole, **members})


def answer(
    content: bytes, window: Span | None = None, received_at: datetime = REPORTED
) -> IntervalAnswer:
    asked = window or Span(MIDNIGHT, MIDNIGHT + timedelta(days=31))
    return IntervalAnswer("GET /api/v2/systems/4127001/stats", SYSTEM, asked, content, received_at)
