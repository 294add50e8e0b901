"""Recorded polls, replayed: at every instant the last reading before it."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import EnvoySimulator, PollsBackend, hardware
from energy_pipeline_tests.simulators.envoy.conftest import plain_client

HOUSE = hardware("full_ct", software="D7.6.175", timezone="America/New_York")


@pytest.fixture(scope="module")
def polls(recordings) -> pa.Table:
    return pq.read_table(recordings / "timeseries" / "envoy_polls_us_2020-12-20.parquet")


@pytest.fixture
def house(polls, serve):
    backend = PollsBackend(polls, HOUSE)
    clock = VirtualClock(datetime.fromtimestamp(backend.reading_times_s[0], UTC), fixed=True)
    simulator = EnvoySimulator(backend, clock)
    with plain_client(serve(simulator), simulator.token()) as ask:
        yield backend, clock, ask


def test_every_reading_is_told_from_its_time_on(house, polls):
    backend, clock, ask = house
    times = backend.reading_times_s
    assert len(times) == len(set(polls["readingTime"].to_pylist()))
    for number in range(0, len(times) - 1, len(times) // 20):
        rows = polls.filter(pc.field("readingTime") == times[number]).to_pylist()
        (row,) = [each for each in rows if each["meter"] == "production"]
        for second in (times[number], times[number + 1] - 1):
            clock.set(datetime.fromtimestamp(second, UTC))
            told = ask.get("/production.json").json()
            (produced,) = [each for each in told["production"] if each["type"] == "eim"]
            assert {name: produced[name] for name in row if name != "meter"} == {
                name: value for name, value in row.items() if name != "meter"
            }


def test_consumption_was_never_active(house):
    _, _, ask = house
    told = ask.get("/production.json").json()
    kinds = [(each["measurementType"], each["activeCount"]) for each in told["consumption"]]
    assert kinds == [("total-consumption", 0), ("net-consumption", 0)]
    states = {each["measurementType"]: each["state"] for each in ask.get("/ivp/meters").json()}
    assert states == {"production": "enabled", "net-consumption": "disabled"}


def test_readings_show_the_same_counter(house):
    backend, clock, ask = house
    clock.set(datetime.fromtimestamp(backend.reading_times_s[100], UTC))
    production = ask.get("/production.json").json()["production"][1]
    (reading, _) = ask.get("/ivp/meters/readings").json()
    assert reading["actEnergyDlvd"] == production["whLifetime"]
    assert reading["activePower"] == production["wNow"]
    assert reading["timestamp"] == production["readingTime"]


def test_identity_and_unknown_paths(house):
    _, clock, ask = house
    assert f"<time>{int(clock.now().timestamp())}</time>" in ask.get("/info").text
    assert ask.get("/home.json").json()["timezone"] == "America/New_York"
    assert ask.get("/api/v1/production").status_code == 404


def test_empty_recording():
    columns = {"meter": ["production"], "activeCount": [1], "readingTime": [0]}
    with pytest.raises(ValueError, match="found no reading"):
        PollsBackend(pa.table(columns).slice(0, 0), HOUSE)
