"""Uploads that are killed at any moment and started again end as if nothing had happened."""

import multiprocessing
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energy_pipeline.calendar import DAY, HOUR, Days, utc_midnight
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    EnerKeySimulator,
    Faults,
    Switches,
    chaos,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.steps.benches import a_site
from energy_pipeline_tests.steps.pushing_process import open_bench_in, run_upload
from energy_pipeline_tests.steps.uploading import (
    CONSUMPTION,
    CUMULATIVE,
    METERS,
    hours_computed,
    in_kwh,
    readings_computed,
    register,
    rows_of,
    to,
)

MODELS = ("overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first")
LENGTH = 6
LAST = datetime.now(UTC).date() - 3 * DAY
FIRST = LAST - (LENGTH - 1) * DAY
SPAN = Days(FIRST, LAST)
HOURS_WH = {utc_midnight(FIRST) + n * HOUR: 100.0 + n for n in range(24 * LENGTH)}
READINGS_WH = {
    utc_midnight(FIRST) + n * HOUR: 1e6 + 100.0 * n + n * n for n in range(24 * LENGTH + 1)
}

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["energy_pipeline_tests.steps.pushing_process"])


class Assassin:
    """Kills a process around a request of its own: before it is handled, before its answer, later.

    Some milliseconds later, that is, so that the process dies between any two of its steps.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._count = 0
        self._kill_at = -1
        self._phase = ""
        self._delay_s = 0.0
        self._victim: multiprocessing.Process | None = None

    def aim(self, victim: multiprocessing.Process, rng: random.Random) -> None:
        self._count = 0
        self._kill_at = rng.randrange(0, 14)
        self._phase = rng.choice(["before", "unanswered", "later", "later"])
        self._delay_s = rng.uniform(0, 0.02)
        self._victim = victim

    def spare(self) -> None:
        self._kill_at = -1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        is_doomed = self._count == self._kill_at and self._victim is not None
        self._count += 1
        if not is_doomed:
            await self._app(scope, receive, send)
            return
        if self._phase == "before":
            arrived = [await receive()]  # the whole message
            self._victim.kill()

            async def again() -> Message:
                return arrived.pop() if arrived else await receive()

            await self._app(scope, again, _nobody)
        elif self._phase == "unanswered":
            await self._app(scope, receive, _nobody)
            self._victim.kill()
        else:
            threading.Timer(self._delay_s, self._victim.kill).start()
            await self._app(scope, receive, send)


async def _nobody(_: Message) -> None:
    """Take an answer that nobody waits for."""


class Scene:
    """A simulator, a folder of work, and processes that upload from it."""

    def __init__(
        self, simulator: EnerKeySimulator, assassin: Assassin, base_url: str, folder: Path
    ) -> None:
        self.simulator = simulator
        self._assassin = assassin
        self._environ = {
            "ENERKEY_BASE_URL": base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
            "ENERKEY_MAX_PUSH_DAYS": "1",
            "ENERKEY_QUIET_SECONDS": "0.3",
        }
        self._folder = folder
        site = a_site(start=FIRST, uploads=[to(), register()])
        self._registry = Registry(sites=(site,))
        bench = open_bench_in(folder, self._environ, self._registry)
        self.bench = replace(bench, clock=ManualClock(datetime.now(UTC)))
        hours_computed(self.bench, HOURS_WH)
        readings_computed(self.bench, READINGS_WH, final_until=datetime.now(UTC), start=FIRST)

    def run(self, kind: str, rng: random.Random | None = None, release: tuple = ()) -> int:
        """Upload in a process of its own, killed with `rng`; return its exit code."""
        process = self.process(kind, release)
        self._assassin.spare()
        if rng is not None:
            self._assassin.aim(process, rng)
        process.start()
        process.join(60)
        assert process.exitcode is not None
        return process.exitcode

    def process(self, kind: str, release: tuple = ()) -> multiprocessing.Process:
        return processes.Process(
            target=run_upload,
            args=(self._folder, self._environ, self._registry, kind, FIRST, LAST, release),
        )

    def outcome(self, kind: str) -> list[tuple]:
        names = ("at", "value", "status", "reason")
        return [tuple(row[name] for name in names) for row in rows_of(self.bench, SPAN, kind)]


@contextmanager
def scene(folder: Path, **switches) -> Iterator[Scene]:
    simulator = EnerKeySimulator(profile(METERS), VirtualClock(), Switches(**switches), Faults())
    assassin = Assassin(simulator.app)
    folder.mkdir()
    with serve(assassin) as server:
        made = Scene(simulator, assassin, server.base_url, folder)
        try:
            yield made
        finally:
            made.bench.state.close()


def killed_and_finished(made: Scene, rng: random.Random, kills: int) -> int:
    """Upload both kinds, killed again and again, then to the end; return how many died."""
    died = 0
    for kind, meter in (("consumption", CONSUMPTION), ("cumulative", CUMULATIVE)):
        for _ in range(kills):
            died += made.run(kind, rng) == -9
        made.simulator.faults.replace([])
        for _ in range(5):
            made.run(kind, release=(meter,))
            if {status for _, _, status, _ in made.outcome(kind)} == {"verified"}:
                break
    return died


def assert_undisturbed(made: Scene) -> None:
    assert made.simulator.stored_hours(CONSUMPTION) == pytest.approx(in_kwh(HOURS_WH))
    assert made.simulator.stored_readings(CUMULATIVE) == pytest.approx(in_kwh(READINGS_WH))
    for meter in (CONSUMPTION, CUMULATIVE):
        assert set(made.simulator.pushes_per_hour(meter).values()) == {1}
    values = {"consumption": in_kwh(HOURS_WH), "cumulative": in_kwh(READINGS_WH)}
    for kind, expected in values.items():
        assert made.outcome(kind) == [
            (at, pytest.approx(value), "verified", None) for at, value in expected.items()
        ]


def lives(folder: Path, model: str, seeds: range, fault_rate: float) -> None:
    died = 0
    cumulative = model if model in ("timestamp_upsert", "reject", "keep_first") else None
    switches = {"repush_consumption": model} | (
        {"repush_cumulative": cumulative} if cumulative else {}
    )
    for seed in seeds:
        rng = random.Random(f"{model} {seed}")
        with scene(folder / f"{model}-{seed}", **switches) as made:
            made.simulator.faults.replace(chaos(fault_rate), seed=seed)
            died += killed_and_finished(made, rng, kills=3)
            assert_undisturbed(made)
    assert died > len(seeds)


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_upload_started_again_ends_as_an_undisturbed_one(tmp_path, model):
    lives(tmp_path, model, range(1), fault_rate=0.3)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", MODELS)
def test_many_killed_uploads_end_as_undisturbed_ones(tmp_path, model):
    lives(tmp_path, model, range(1, 61), fault_rate=0.3)


def test_uploads_at_once_send_every_hour_once(tmp_path):
    with scene(tmp_path / "three") as made:
        uploads = [made.process("consumption") for _ in range(3)]
        for process in uploads:
            process.start()
        for process in uploads:
            process.join(60)
        assert [process.exitcode for process in uploads] == [0, 0, 0]
        assert set(made.simulator.pushes_per_hour(CONSUMPTION).values()) == {1}
        assert made.simulator.stored_hours(CONSUMPTION) == pytest.approx(in_kwh(HOURS_WH))
