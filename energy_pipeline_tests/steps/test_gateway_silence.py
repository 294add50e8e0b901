"""Which gateways are told to be silent, on days that are over and while a day runs."""

from pathlib import Path

import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.steps.gateway_silence import silent_gateways
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    a_site,
    after,
    clock_of,
    days_from,
    instant,
    open_bench,
)
from energy_pipeline_tests.steps.polls import a_gateway_site, every, polled, polls_of


def bench_at(folder: Path, hour: float, **variables: str) -> Workbench:
    """Sites `a` and `b` with gateways, of which `b` has never shown anything, and one without."""
    sites = [a_gateway_site("a"), a_gateway_site("b"), a_site("cloud")]
    settings = load_settings(variables, None)
    bench = open_bench(folder, sites, instant(START, 30), settings=settings)
    polled(bench, polls_of(every(5, 0, 2), 500))
    clock_of(bench).set(instant(START, hour))
    return bench


def silent(bench: Workbench, days: Days) -> dict[str, int]:
    return {
        str(each["site"]): int(str(each["days_without"])) for each in silent_gateways(bench, days)
    }


def test_a_gateway_is_silent_after_twenty_minutes(tmp_path: Path):
    bench = bench_at(tmp_path, 2 + 20 / 60)
    assert silent(bench, days_from(0)) == {"b": 0}
    clock_of(bench).advance(60)
    assert silent(bench, days_from(0)) == {"a": 0, "b": 0}
    (told, _) = silent_gateways(bench, days_from(0))
    assert str(told["last_poll"]).startswith("2024-06-01 02:00:01")


@pytest.mark.parametrize(("minutes", "late"), [("5", 20), ("15", 45)])
def test_polls_that_are_rarer_are_waited_for_longer(tmp_path: Path, minutes: str, late: int):
    bench = bench_at(tmp_path, 2 + late / 60, ENVOY_POLL_MINUTES=minutes)
    assert "a" not in silent(bench, days_from(0))
    clock_of(bench).advance(60)
    assert "a" in silent(bench, days_from(0))


def test_days_that_are_over_need_a_counter(tmp_path: Path):
    bench = bench_at(tmp_path, 72)
    assert silent(bench, days_from(0, 2)) == {"a": 2, "b": 3}
    assert silent(bench, days_from(0)) == {"b": 1}


def test_days_before_the_start_and_days_to_come_are_nobodys(tmp_path: Path):
    bench = bench_at(tmp_path, 2)
    late = a_gateway_site("c").model_copy(update={"start": after(2)})
    sites = (*bench.registry.sites, late)
    bench = open_bench(tmp_path, sites, instant(START, 2))
    assert silent(bench, days_from(0, 1)) == {"b": 0}
    bench.state.close()
