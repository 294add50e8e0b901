"""Hours of gateways hold what the counters counted, and what was tampered with is found."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.gateway_conservation import lost_gateway_energy
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    after,
    clock_of,
    days_from,
    instant,
    open_bench,
)
from energy_pipeline_tests.steps.polls import (
    INVERTERS,
    Poll,
    a_gateway_site,
    every,
    polled,
    polls_of,
)
from energy_pipeline_tests.steps.test_gateway_hours import spoiled

LATER = instant(after(30))
WHOLE = days_from(0)
NET = (("production", 900), ("grid_import", 300), ("grid_export", 500))


def computed(folder: Path, polls: Iterable[Poll]) -> Workbench:
    bench = open_bench(folder, [a_gateway_site()], LATER)
    polled(bench, polls)
    clock_of(bench).advance(1)
    compute_hourly(bench, WHOLE)
    assert lost_gateway_energy(bench, WHOLE) == []
    return bench


def a_day(minutes: float = 5) -> list[Poll]:
    """A net meter's day, from an hour before to an hour after it."""
    hours = every(minutes, -1, 25)
    return [poll for stream, power_w in NET for poll in polls_of(hours, power_w, stream)]


def tampered(bench: Workbench, stream: str, hour: int, more_wh: float | None) -> None:
    """Change an hour of the store, or take it away."""
    rows = bench.store.read(HOURLY_ENERGY, WHOLE).to_pylist()
    at = instant(START, hour)
    kept = [r for r in rows if more_wh is not None or (r["stream"], r["hour"]) != (stream, at)]
    for row in kept:
        if (row["stream"], row["hour"]) == (stream, at):
            row["energy_wh"] += more_wh
    entries = list(bench.store.coverage(HOURLY_ENERGY, WHOLE)[START].values())
    table = pa.Table.from_pylist(kept, schema=HOURLY_ENERGY.schema)
    bench.store.replace(HOURLY_ENERGY, START, table, entries)


@pytest.mark.parametrize("stream", ["production", "grid_import", "grid_export"])
@pytest.mark.parametrize("more_wh", [-200.0, 200.0, None])
def test_energy_that_is_lost_or_made_after_the_counter_is_found(
    tmp_path: Path, stream: str, more_wh: float | None
) -> None:
    bench = computed(tmp_path, a_day())
    tampered(bench, stream, 7, more_wh)
    found = {row["stream"]: row for row in lost_gateway_energy(bench, WHOLE)}
    assert found.keys() == ({stream} if more_wh is None else {stream, "consumption"})
    row = found[stream]
    power_w = dict(NET)[stream]
    assert (row["start"], row["end"]) == (instant(START), instant(after(1)))
    assert row["least_wh"] == pytest.approx(row["most_wh"]) == pytest.approx(24 * power_w)
    missing_wh = -power_w if more_wh is None else more_wh
    assert row["hourly_wh"] == pytest.approx(24 * power_w + missing_wh)


def test_consumption_is_what_its_parts_make(tmp_path: Path) -> None:
    bench = computed(tmp_path, a_day())
    tampered(bench, "consumption", 7, 0.5)
    (row,) = lost_gateway_energy(bench, WHOLE)
    assert (row["stream"], row["start"]) == ("consumption", instant(START, 7))
    assert (row["hourly_wh"], row["most_wh"]) == pytest.approx((700.5, 700))


def test_an_inverters_wrap_is_counted_through(tmp_path: Path) -> None:
    """2^32 J is 1,193,046.47 Wh: the sum of inverters begins again at noon."""
    hours = every(5, -1, 25)
    counted = [(hour, 1_193_046.47 + 600 * (hour - 12)) for hour in hours]
    polls = [Poll(hour, wh % 1_193_046.47, counter=INVERTERS) for hour, wh in counted]
    bench = computed(tmp_path, polls)
    tampered(bench, "production", 12, 100.0)
    assert [row["stream"] for row in lost_gateway_energy(bench, WHOLE)] == ["production"]


def test_what_is_not_booked_is_not_lost(tmp_path: Path) -> None:
    """A long gap, a reset, and no hours yet: nothing was made out of nothing."""
    hours = [*every(5, -1, 3.5), *every(5, 11.25, 25)]
    polls = [Poll(h, 600 * h if h < 20 else 600 * (h - 20)) for h in (1 + h for h in hours)]
    bench = computed(tmp_path, [poll for poll in polls if poll.hour > 0])
    compute_hourly(bench, WHOLE, bridge_long_gaps=["a"])
    assert lost_gateway_energy(bench, WHOLE) == []
    tampered(bench, "production", 8, 100.0)
    assert len(lost_gateway_energy(bench, WHOLE)) == 1
    polled(bench, polls_of(every(5, 27, 50), 900))
    assert lost_gateway_energy(bench, days_from(1)) == []


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_no_fault_of_a_counter_is_taken_for_lost_energy(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Outages, zeros, jumps and resets; some long gaps are spread."""
    random = Random(seed)
    sites = [a_gateway_site("a"), a_gateway_site("b", bridge_hours=random.choice([0, 10]))]
    bench = open_bench(tmp_path_factory.mktemp("store"), sites, LATER)
    polled(bench, [poll for site in "ab" for poll in spoiled(random, site)])
    clock_of(bench).advance(1)
    whole = days_from(0, 4)
    compute_hourly(bench, whole, random.choice([[], ["a"], ["a", "b"]]))
    assert lost_gateway_energy(bench, whole) == []
