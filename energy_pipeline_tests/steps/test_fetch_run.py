"""Answers that hold two streams, one or both of which cannot be read."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.schema import ENLIGHTEN_BATTERY_CHARGE, ENLIGHTEN_BATTERY_DISCHARGE
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.steps.answer_rows import Ask
from energy_pipeline.steps.answered_days import AnsweredDays
from energy_pipeline.steps.asking import Asking
from energy_pipeline.steps.day_writer import DayWriter
from energy_pipeline.steps.fetch_plan import plan_fetch
from energy_pipeline.steps.fetch_run import FetchOutcome, FetchRun
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import a_site, open_bench

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
DAY = Days(date(2024, 6, 1), date(2024, 6, 1))
END = int(DAY.span.start.timestamp()) + 900
GOOD, BAD = {"enwh": 5, "devices_reporting": 1}, {"enwh": "five"}


class Vendor:
    """An account that gives the same body to every question."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._content = orjson.dumps(body)

    def of(self, _: object) -> "Vendor":
        return self

    async def intervals(self, _: object, access: Any, window: Any) -> IntervalAnswer:
        return IntervalAnswer("GET /battery", access.system_id, window, self._content, NOW)


def run(bench: Workbench, charge: Any, discharge: Any) -> tuple[FetchOutcome, Asking[str]]:
    interval = {"end_at": END, "charge": charge, "discharge": discharge}
    vendor = Vendor({"system_id": 7, "total_devices": 1, "intervals": [interval]})
    asks = [Ask(plan, 0) for plan in plan_fetch(bench, "battery_charge", DAY, force=False)]
    days = [
        AnsweredDays(DayWriter(bench, stream, NOW), asks)
        for stream in ("battery_charge", "battery_discharge")
    ]
    asking: Asking[str] = Asking()
    fetch = FetchRun(vendor, asking, days, bench.clock, lambda: None)  # type: ignore[arg-type]
    return asyncio.run(fetch.run(asks)), asking


@pytest.mark.parametrize(
    ("charge", "discharge", "held"), [(GOOD, BAD, [1, 0]), (BAD, GOOD, [0, 1]), (BAD, BAD, [0, 0])]
)
def test_an_answer_fails_once_and_what_can_be_read_of_it_is_kept(
    tmp_path: Path, charge: Any, discharge: Any, held: list[int]
) -> None:
    site = a_site(api="v4", streams={"battery_charge": "auto", "battery_discharge": "auto"})
    bench = open_bench(tmp_path, [site], NOW)

    outcome, asking = run(bench, charge, discharge)

    assert [ask.site_id for ask in outcome.unanswered] == ["a"]
    assert "'five'" in str(asking.failures["a"])
    assert asking.answers == 0
    datasets = (ENLIGHTEN_BATTERY_CHARGE, ENLIGHTEN_BATTERY_DISCHARGE)
    assert [bench.store.read(dataset, DAY, ["a"]).num_rows for dataset in datasets] == held
    bench.state.close()
