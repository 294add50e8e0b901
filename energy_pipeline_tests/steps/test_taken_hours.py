"""Enlighten's totals say nothing of hours that are taken from a gateway."""

from collections.abc import Generator
from pathlib import Path

import pytest

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.simulators.enerkey import EnerKeySimulator
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.inspection import judge_totals
from energy_pipeline.steps.taken_hours import taken_from_enlighten
from energy_pipeline.steps.upload import upload
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import START, days_from, fetched, totals_fetched
from energy_pipeline_tests.steps.polls import a_gateway_site, every, polled, polls_of
from energy_pipeline_tests.steps.uploading import CONSUMPTION, MIDNIGHT, rows_of, to, town
from energy_pipeline_tests.transform.tables import row_of_intervals, totals_table

DAY_ONE = days_from(0)
SITE = a_gateway_site(is_in_cloud=True, uploads=[to(stream="consumption")])
Sides = tuple[Workbench, EnerKeySimulator]


@pytest.fixture
def sides(tmp_path: Path) -> Generator[Sides]:
    """A day of consumption from both sources, which Enlighten's own total contradicts."""
    with town(tmp_path, [SITE]) as (bench, enerkey):
        fetched(bench, row_of_intervals(MIDNIGHT, [250.0] * 96), days_from(-1, 1))
        totals_fetched(bench, totals_table({START: 30_000.0}, stream="consumption"))
        yield bench, enerkey


def poll(bench: Workbench, last_hour: float) -> None:
    for stream, power_w in (("production", 900), ("grid_import", 300), ("grid_export", 200)):
        polled(bench, polls_of(every(5, 0, last_hour), power_w, stream))
    compute_hourly(bench, DAY_ONE)


def test_the_days_total_holds_the_hours_that_enlighten_gave(sides: Sides) -> None:
    bench, enerkey = sides
    poll(bench, 18)
    report = upload(bench, "consumption", DAY_ONE)
    assert report.reasons == {"daily total disagrees": 6}
    assert sorted(enerkey.stored_hours(CONSUMPTION)) == [MIDNIGHT + n * HOUR for n in range(18)]
    assert {row["at"].hour for row in rows_of(bench, DAY_ONE) if row["status"] == "held"} == {
        *range(18, 24)
    }
    assert [row["day"] for row in judge_totals(bench, DAY_ONE).disagreeing] == [START]
    late = Span(MIDNIGHT + 18 * HOUR, MIDNIGHT + 24 * HOUR)
    assert taken_from_enlighten(bench.store, "consumption", [SITE], DAY_ONE) == {"a": [late]}


def test_a_day_that_the_gateway_knows_is_in_nobodys_doubt(sides: Sides) -> None:
    bench, _ = sides
    poll(bench, 24)
    assert upload(bench, "consumption", DAY_ONE).hours_verified == 24
    verdict = judge_totals(bench, DAY_ONE)
    assert verdict.disagreeing == []
    assert verdict.days["disagrees"] == 0
