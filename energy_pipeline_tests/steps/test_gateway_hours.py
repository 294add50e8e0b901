"""Hours of gateways over a store: sources, gaps, any order of days, what a person asked for."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Upload
from energy_pipeline.errors import ConfigurationError, StoreError
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps import blocks, gateway_readings
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.inspection import lost_energy
from energy_pipeline.steps.source_comparison import (
    differing_days,
    source_differences,
    worst_first,
)
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import (
    START,
    after,
    clock_of,
    days_from,
    fetched,
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
from energy_pipeline_tests.transform.tables import row_of_intervals

LATER = instant(after(30))


def stored(bench: Workbench, days: Days, stream: str = "production") -> list[dict[str, Any]]:
    rows = bench.store.read(HOURLY_ENERGY, days).to_pylist()
    return [row for row in rows if row["stream"] == stream]


def test_a_site_with_only_a_gateway_has_hours_of_every_stream(tmp_path: Path) -> None:
    wanted = Upload(stream="battery_charge", meter_id=4, reading="consumption", unit="kWh")
    bench = open_bench(tmp_path, [a_gateway_site(uploads=[wanted])], LATER)
    hours = every(5, 0, 24)
    polled(bench, [*polls_of(hours, 900), *polls_of(hours, 300, "grid_import")])
    polled(bench, polls_of(hours, 500, "grid_export"))
    report = compute_hourly(bench, days_from(0))
    expected = {"consumption": 700, "grid_export": 500, "grid_import": 300, "production": 900}
    for stream, power_w in expected.items():
        rows = stored(bench, days_from(0), stream)
        assert [row["energy_wh"] for row in rows] == pytest.approx([power_w] * 24)
        assert {(row["source"], row["covered_s"], row["final"]) for row in rows} == {
            ("envoy", 3_600, True)
        }
    assert report.energy_wh == pytest.approx(
        {"battery_charge": 0} | {s: w * 24 for s, w in expected.items()}
    )
    assert report.incomplete == {"a": "battery_charge: 24 of 24 hours are not final"}
    assert report.unbooked == ()


def test_hours_are_final_only_when_they_are_over_for_long_enough(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], instant(START, 5.2))
    polled(bench, polls_of(every(5, 0, 5), 900))
    compute_hourly(bench, days_from(0))
    assert [row["final"] for row in stored(bench, days_from(0))] == [True] * 3 + [False] * 2


def test_a_stream_is_taken_from_the_source_that_is_named(tmp_path: Path) -> None:
    sites = [
        a_gateway_site("a", is_in_cloud=True, streams={"consumption": "envoy"}),
        a_gateway_site("b", is_in_cloud=True, streams={"consumption": "enlighten"}),
        a_gateway_site("c", is_in_cloud=True),
    ]
    bench = open_bench(tmp_path, sites, LATER)
    for site in "abc":
        streams = ("production", "grid_import", "grid_export")
        made = [p for s in streams for p in polls_of(every(5, 0, 12), 400, s, site=site)]
        polled(bench, made)
        fetched(
            bench,
            row_of_intervals(instant(START), [90.0] * 96, site=site),
            days_from(0),
            sites=site,
        )
    compute_hourly(bench, days_from(0))
    rows = stored(bench, days_from(0), "consumption")
    found = {site: [r["source"] for r in rows if r["site"] == site] for site in "abc"}
    assert found == {
        "a": ["envoy"] * 12,
        "b": ["enlighten"] * 24,
        "c": ["envoy"] * 12 + ["enlighten"] * 12,
    }


def test_a_short_gap_is_bridged_and_a_long_one_told_of(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site(bridge_hours=2)], LATER)
    hours = [*every(5, 0, 3.5), *every(5, 5.5, 9.25), *every(5, 14, 24)]
    polled(bench, polls_of(hours, 600))
    report = compute_hourly(bench, days_from(0))
    rows = {row["hour"].hour: row for row in stored(bench, days_from(0))}
    assert [at for at, row in rows.items() if row["source"] == "envoy+bridged"] == [3, 4, 5]
    assert all(rows[at]["final"] for at in (3, 4, 5))
    assert sorted(rows) == [*range(10), *range(14, 24)]
    assert rows[9]["covered_s"] == 900
    (gap,) = report.unbooked
    assert (gap.site, gap.stream) == ("a", "production")
    assert (gap.start, gap.end) == (instant(START, 9.25), instant(START, 14))
    assert gap.energy_wh == pytest.approx(600 * 4.75)


def test_a_long_gap_is_spread_when_somebody_asks_and_stays_so(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], LATER)
    polled(bench, polls_of([*every(5, 20, 22), *every(5, 24 * 6 + 1, 24 * 6 + 3)], 600))
    whole = days_from(0, 6)
    plain = compute_hourly(bench, whole)
    assert plain.unbooked[0].energy_wh == pytest.approx(600 * (24 * 6 + 1 - 22))
    spread = compute_hourly(bench, days_from(2, 3), bridge_long_gaps=["a"])
    assert spread.hours_final == 48
    for _ in range(2):
        rows = stored(bench, days_from(2, 3))
        assert [row["energy_wh"] for row in rows] == pytest.approx([600] * 48)
        assert {row["source"] for row in rows} == {"envoy+bridged"}
        assert stored(bench, days_from(1)) == []
        assert compute_hourly(bench, whole).unbooked == plain.unbooked
    assert compute_hourly(bench, whole, bridge_long_gaps=["a"]).unbooked == ()
    total_wh = sum(row["energy_wh"] for row in stored(bench, whole))
    assert total_wh == pytest.approx(600 * (24 * 6 + 3 - 20))


def test_a_gap_is_told_of_although_it_began_long_before(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], LATER)
    polled(bench, polls_of([*every(5, 20, 22), *every(5, 24 * 20 + 1, 24 * 20 + 3)], 10))
    (gap,) = compute_hourly(bench, days_from(20)).unbooked
    assert (gap.start, gap.end) == (instant(START, 22), instant(START, 24 * 20 + 1))
    assert compute_hourly(bench, days_from(21)).unbooked == ()


def test_only_known_sites_can_have_gaps_spread(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], LATER)
    with pytest.raises(ConfigurationError, match="nowhere"):
        compute_hourly(bench, days_from(0), bridge_long_gaps=["nowhere"])


def test_an_unknown_counter_is_named(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], LATER)
    polled(bench, [Poll(1, 1, counter="tea/leaves")])
    with pytest.raises(StoreError, match="tea/leaves"):
        compute_hourly(bench, days_from(0))


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), site_days=st.sampled_from([1, 7, 600]))
def test_the_order_of_days_does_not_show(
    tmp_path_factory: pytest.TempPathFactory, seed: int, site_days: int
) -> None:
    """Polls with outages, zeros and resets; computed at once, and day by day as they come."""
    random = Random(seed)
    sites = [a_gateway_site("a"), a_gateway_site("b", bridge_hours=random.choice([0, 10]))]
    made = [poll for site in "ab" for poll in spoiled(random, site)]
    whole = days_from(0, 4)
    at_once, by_day = (
        open_bench(tmp_path_factory.mktemp(name), sites, LATER) for name in ("once", "days")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway_readings, "_SITE_DAYS", site_days)
        patch.setattr(blocks, "SITE_DAYS_PER_BLOCK", random.choice([1, 4, 100]))
        polled(at_once, made)
        compute_hourly(at_once, whole)
        order = list(whole)
        random.shuffle(order)
        for day in order:
            begin = (day - START).days * 24
            polled(by_day, [p for p in made if begin < p.hour <= begin + 24])
            compute_hourly(by_day, Days(day, day))
    assert by_day.store.read(HOURLY_ENERGY) == at_once.store.read(HOURLY_ENERGY)
    assert at_once.store.read(HOURLY_ENERGY).num_rows > 50
    entries = [each.store.coverage(HOURLY_ENERGY, whole) for each in (at_once, by_day)]
    for day in whole:
        one, other = (each[day] for each in entries)
        assert one.keys() == other.keys()
        assert all(one[key].says_the_same_as(other[key]) for key in one)


def spoiled(random: Random, site: str) -> list[Poll]:
    hours = [hour + random.uniform(0, 0.05) for hour in every(10, 0.1, 119.8)]
    for _ in range(4):
        begin, length = random.uniform(0, 119), random.choice([0.5, 3, 5, 9, 30])
        hours = [hour for hour in hours if not begin < hour < begin + length]
    reset = random.uniform(30, 90)
    made: list[Poll] = []
    for stream, power_w in (("production", 700), ("grid_import", 300), ("grid_export", 100)):
        counter = INVERTERS if stream == "production" and site == "b" else ""
        for hour in hours:
            energy_wh = power_w * (hour - reset) if hour > reset else 80_000 + power_w * hour
            if random.random() < 0.02:
                energy_wh = random.choice([0.0, energy_wh / 2, 9e6])
            made.append(Poll(hour, energy_wh, stream, counter, site))
    return made


def test_sources_are_compared_by_day_and_energy_is_conserved(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site(is_in_cloud=True)], LATER)
    hours = every(5, 0, 36)
    for stream, power_w in (("production", 500), ("grid_import", 102), ("grid_export", 200)):
        polled(bench, polls_of(hours, power_w, stream))
    quarters = row_of_intervals(instant(START), [100.0] * 144 + [100.5] * 48)
    fetched(bench, quarters, days_from(0, 1))
    compute_hourly(bench, days_from(0, 1))
    compared = source_differences(bench, days_from(0, 1))
    found = compared.to_pylist()
    assert [(row["stream"], row["day"], row["hours"]) for row in found] == [
        ("consumption", after(0), 24),
        ("consumption", after(1), 12),
    ]
    assert found[0]["difference_percent"] == pytest.approx(0.5)
    assert differing_days(compared) == []
    assert len(differing_days(compared, percent=0.4)) == 2
    assert lost_energy(bench, days_from(0, 1)) == []
    fetched(bench, quarters[:-1], days_from(0, 1))
    assert [row["stream"] for row in lost_energy(bench, days_from(0, 1))] == ["consumption"]


def test_a_source_that_shows_nothing_differs_more_than_any_share(tmp_path: Path) -> None:
    """Enlighten has 0 Wh of a day, then too much, nothing instead of 3 Wh, and nearly as much."""
    bench = open_bench(tmp_path, [a_gateway_site(is_in_cloud=True)], LATER)
    load_wh = [375.0] * 24 + [375.0] * 24 + [0.125] * 24 + [375.0] * 24
    counted_wh = [sum(load_wh[:n]) for n in range(97)]
    polled(bench, [Poll(n, wh, "grid_import") for n, wh in enumerate(counted_wh)])
    for stream in ("production", "grid_export"):
        polled(bench, polls_of(range(97), 0, stream))
    shown_wh = [0.0] * 96 + [100.0] * 96 + [0.0] * 96 + [95.0] * 96
    fetched(bench, row_of_intervals(instant(START), shown_wh), days_from(0, 3))
    compared = source_differences(bench, days_from(0, 3))
    found = differing_days(compared)
    assert [(row["day"], row["enlighten_wh"], row["gateway_wh"]) for row in found] == [
        (after(0), 0, pytest.approx(9_000)),
        (after(1), 9_600, pytest.approx(9_000)),
    ]
    assert [row["difference_percent"] for row in found] == [None, pytest.approx(-6.25)]
    in_order = worst_first(compared)["day"].to_pylist()
    assert in_order == [after(0), after(2), after(1), after(3)]


def test_an_estimate_waits_for_enlighten(tmp_path: Path) -> None:
    site = a_gateway_site(is_in_cloud=True)
    bench = open_bench(tmp_path, [site], instant(START, 23))
    polled(bench, polls_of([*every(5, 0, 3.5), *every(5, 5.5, 20)], 600))
    finals: list[list[bool]] = []
    for _ in range(2):
        compute_hourly(bench, days_from(0))
        finals.append([row["final"] for row in stored(bench, days_from(0))][2:6])
        clock_of(bench).advance(timedelta(days=3).total_seconds())
    assert finals == [[True, False, False, False], [True, True, True, True]]


def test_nothing_is_written_again_when_nothing_has_changed(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_gateway_site()], LATER)
    polled(bench, polls_of(every(5, 0, 24), 900))
    compute_hourly(bench, days_from(0))
    (file,) = (tmp_path / "data" / "hourly_energy").rglob("*.parquet")
    before = file.stat().st_mtime_ns
    clock_of(bench).advance(60)
    assert compute_hourly(bench, days_from(0)).refreshed == ()
    assert file.stat().st_mtime_ns == before
