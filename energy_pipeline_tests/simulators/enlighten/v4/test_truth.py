"""Both dialects tell the same: whoever fetches everything ends up with the truth."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pyarrow.compute as pc
import pytest

from energy_pipeline.simulators.enlighten.accounts import DEMO_API_KEY
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.replay import replayed_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import ask as ask_v2
from energy_pipeline_tests.simulators.enlighten.asking import simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    DAY_S,
    TELEMETRY,
    ask,
    battery_house,
    rows,
)

V2 = {
    "stats": "production_micro",
    "rgm_stats": "production_meter",
    "consumption_stats": "consumption",
}
BATTERY = ("battery_charge", "charge"), ("battery_discharge", "discharge")


def truth(sim: EnlightenSimulator) -> dict[str, dict[int, int]]:
    rows = sim.truth().intervals
    found: dict[str, dict[int, int]] = {}
    for stream in pc.unique(rows["stream"]).to_pylist():
        own = rows.filter(pc.field("stream") == stream)
        ends = (own["end_at"].to_numpy().astype("datetime64[s]").astype(int)).tolist()
        found[stream] = dict(zip(ends, own["energy_wh"].to_pylist(), strict=True))
    return found


def windows(sim: EnlightenSimulator, days: int) -> Iterator[int]:
    series = sim.fleet.systems[67].series["consumption"]
    return iter(range(series.start_at, int(series.end_at()[-1]), days * DAY_S))


def fetched_v4(sim: EnlightenSimulator) -> dict[str, dict[int, int]]:
    """Everything through v4: one request per series and week."""
    found: dict[str, dict[int, int]] = {}
    for path, (stream, member) in TELEMETRY.items():
        for start in windows(sim, 7):
            url = f"/systems/67/{path}"
            for row in rows(ask(sim, url, start_at=start, granularity="week")):
                if path.endswith("battery"):
                    for each, name in BATTERY:
                        found.setdefault(each, {})[row["end_at"]] = row[name]["enwh"]
                else:
                    found.setdefault(stream, {})[row["end_at"]] = row[member]
    return found


def fetched_v2(sim: EnlightenSimulator) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for endpoint, stream in V2.items():
        for start in windows(sim, 1):
            answer = ask_v2(sim, f"/systems/67/{endpoint}", start_at=start, end_at=start + DAY_S)
            for row in rows(answer):
                found.setdefault(stream, {})[row["end_at"]] = row.get("enwh", row.get("wh_del"))
    return found


def test_both_dialects_end_with_the_truth():
    outages = (
        Outage(datetime(2024, 6, 4, 6, tzinfo=UTC), datetime(2024, 6, 5, 3, tzinfo=UTC)),
        Outage(
            datetime(2024, 6, 7, 8, tzinfo=UTC),
            datetime(2024, 6, 7, 11, tzinfo=UTC),
            filled=False,
        ),
    )
    faults = Faults(late_share=0.2, revised_share=0.05, outages=outages)
    system = battery_house(last=date(2024, 6, 15))
    sim = simulator(system, faults=faults, now=datetime(2024, 6, 19, tzinfo=UTC))
    expected = truth(sim)
    assert set(expected) == {stream for stream, _ in TELEMETRY.values()} | {"battery_discharge"}
    assert fetched_v4(sim) == expected
    assert fetched_v2(sim) == {stream: expected[stream] for stream in V2.values()}


def test_zero_nights_add_nothing_but_zeros():
    sim = simulator(battery_house(), switches=Switches(nights="zero"))
    sim.clock.set(datetime(2024, 6, 16, tzinfo=UTC))
    expected, found = truth(sim)["production_micro"], fetched_v4(sim)["production_micro"]
    assert {end: wh for end, wh in found.items() if wh} == {e: w for e, w in expected.items() if w}
    assert len(found) == 12 * 288


@pytest.mark.parametrize("name", ["enphase_uk_15min_2019.csv"])
def test_a_recorded_year_costs_53_hits_per_series_and_ends_with_the_truth(recordings, name):
    system = replayed_system([recordings / "timeseries" / name], "Europe/London")
    sim = simulator(system, now=datetime(2020, 1, 3, tzinfo=UTC))
    expected = truth(sim)
    before = sim.hits
    found = fetched_v4(sim)
    assert sim.hits - before == 53 * len(TELEMETRY)
    assert found == expected
    totals = ask(sim, "/systems/67/battery_lifetime").json()
    assert sum(totals["charge"]) == sum(expected["battery_charge"].values()) == 431_273
    assert DEMO_API_KEY not in repr(sim.requests)
