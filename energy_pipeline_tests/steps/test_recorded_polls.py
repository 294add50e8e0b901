"""A real gateway's recorded day, polled again: hours are the differences of its own counter.

Its consumption meters were never active and show numbers all the same, the net one the production.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import EnvoyAccess, Site
from energy_pipeline.schema import ENVOY_READINGS, HOURLY_ENERGY
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import EnvoySimulator, PollsBackend, hardware, serve_gateway
from energy_pipeline.simulators.envoy.backend import Asked
from energy_pipeline.simulators.envoy.faults import Faults
from energy_pipeline.simulators.envoy.switches import Switches
from energy_pipeline.sources.envoy.candidates import candidates
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.replies import read_reply
from energy_pipeline.sources.envoy.rows import reading_rows
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline.steps.gateway_sites import stored_counter_kind
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.poll import poll
from energy_pipeline.transform.counters.hours import hours_of_gateways
from energy_pipeline.transform.counters.rules import GatewayRules
from energy_pipeline_tests.steps.benches import clock_of, open_bench

HOUSE = hardware("full_ct", serial="122000000020", timezone="America/New_York")
DAYS = Days(date(2020, 12, 20), date(2020, 12, 21))
RULES = GatewayRules(timedelta(hours=6), 40_000.0, UTC)
EXACT_WH = 0.001


@pytest.fixture(scope="module")
def log(recordings: Path) -> pa.Table:
    return pq.read_table(recordings / "timeseries" / "envoy_polls_us_2020-12-20.parquet")


class Counter:
    """The production meter's counter as it was read, straight from the recording."""

    def __init__(self, log: pa.Table) -> None:
        rows = log.filter(pc.field("meter") == "production").sort_by("readingTime")
        self.at_s = rows["readingTime"].to_numpy()
        self.energy_wh = rows["whLifetime"].to_numpy()

    def at_wh(self, instant_s: float) -> float:
        return float(np.interp(instant_s, self.at_s, self.energy_wh))

    def hour_wh(self, hour: datetime) -> float:
        """Return what was counted of an hour, of the part of it that was recorded."""
        begin_s = hour.timestamp()
        return self.at_wh(begin_s + 3600) - self.at_wh(begin_s)

    @property
    def whole_wh(self) -> float:
        return float(self.energy_wh[-1] - self.energy_wh[0])


def answers(log: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of `envoy_readings` that each recorded answer makes."""
    backend = PollsBackend(log, HOUSE)
    for at_s in backend.reading_times_s:
        now = datetime.fromtimestamp(at_s, UTC)
        answer = backend.answer(Asked("/production.json", "", now, None, Switches(), Faults()))
        assert answer is not None
        reply = read_reply(answer.status, answer.body, now + timedelta(seconds=1))
        found = candidates(Measurements({Endpoint.PRODUCTION: reply}, has_meter=True))
        shown = ((stream, each) for stream, offered in found.items() for each in offered)
        yield reading_rows("roof", HOUSE.serial, shown)


def test_every_recorded_answer_counts(log: pa.Table):
    counter, rows = Counter(log), pa.concat_tables(answers(log))
    metered = rows.filter(pc.equal(rows["counter"], "production.json/eim/whLifetime"))
    assert metered.num_rows == counter.at_s.size
    assert set(metered["stream"].to_pylist()) == {"production"}
    found = hours_of_gateways(
        metered,
        kind_of=stored_counter_kind,
        rules={"roof": RULES},
        span=DAYS.span,
        now=datetime(2021, 1, 1, tzinfo=UTC),
        settle_hours=2.0,
    )
    hours = found.hourly.to_pylist()
    assert {row["stream"] for row in hours} == {"production"}
    assert found.unbooked.num_rows == 0
    assert [row["covered_s"] for row in hours[1:-1]] == [3600] * (len(hours) - 2)
    for row in hours:
        assert row["energy_wh"] == pytest.approx(counter.hour_wh(row["hour"]), abs=EXACT_WH)
    assert sum(row["energy_wh"] for row in hours) == pytest.approx(counter.whole_wh, abs=EXACT_WH)


def test_polled_over_https_nothing_but_production_has_hours(log: pa.Table, tmp_path: Path):
    counter, backend = Counter(log), PollsBackend(log, HOUSE)
    instants = [datetime.fromtimestamp(s, UTC) for s in _every(900, backend.reading_times_s)]
    clock = VirtualClock(instants[0], fixed=True)
    simulator = EnvoySimulator(backend, clock)
    with serve_gateway(simulator, tmp_path) as gateway:
        access = EnvoyAccess(host=gateway.host, serial=HOUSE.serial, token_env="TOKEN")
        start = DAYS.first
        site = Site(id="roof", name="Roof", timezone="UTC", start=start, envoy=access)
        bench = open_bench(tmp_path, [site], instants[0])
        environ = {"TOKEN": simulator.token()}
        for now in instants:
            clock.set(now)
            clock_of(bench).set(now)
            poll(bench, Days(now.date(), now.date()), [ENVOY_READINGS], environ)
    clock_of(bench).set(datetime(2021, 1, 1, tzinfo=UTC))
    compute_hourly(bench, DAYS)
    readings, hours = (
        bench.store.read(each).to_pylist() for each in (ENVOY_READINGS, HOURLY_ENERGY)
    )
    bench.state.close()

    assert {row["stream"] for row in readings} == {row["stream"] for row in hours} == {"production"}
    first_s, last_s = (each.timestamp() for each in (instants[0], instants[-1]))
    booked_wh = sum(row["energy_wh"] for row in hours)
    counted_wh = counter.at_wh(last_s) - counter.at_wh(first_s)
    assert booked_wh == pytest.approx(counted_wh, abs=EXACT_WH)
    for row in hours[1:-1]:
        begin_s = row["hour"].timestamp()
        edges_wh = sum(
            counter.at_wh(s + 900) - counter.at_wh(s - 900) for s in (begin_s, begin_s + 3600)
        )
        assert row["final"]
        assert row["energy_wh"] == pytest.approx(counter.hour_wh(row["hour"]), abs=edges_wh)


def _every(seconds: int, times_s: Sequence[int]) -> list[int]:
    """Return the first reading of each so many seconds."""
    found = {each // seconds: each for each in reversed(times_s)}
    return sorted(found.values())
