"""A run killed at any moment and started again ends exactly as an undisturbed one.

Three sends in ten are lost before or after they were stored, under each model of what a second
push does. Both dialects of Enlighten have their turn: in v2 a run is killed at any time, in v4
while an answer is on its way to it, be it one with new tokens. The long run is `make soak`.
"""

import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enerkey import Faults, Switches, chaos
from energy_pipeline.simulators.enlighten.model import House as ModelledHouse
from energy_pipeline.simulators.enlighten.model import modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches as CloudSwitches
from energy_pipeline_tests.end_to_end.town import PROJECT, House, Town, town

DAYS = Days(date(2024, 3, 28), date(2024, 4, 3))
AFTER = datetime(2024, 4, 10, tzinfo=UTC)
MODELS = ["sum", "overwrite_hour", "timestamp_upsert", "reject", "keep_first"]
DIALECTS = ("v2", "v4")
SHORT_TOKENS = CloudSwitches(history_days=None, telemetry_history_days=None, access_token_s=1)
METERS = (670, 671, 672, 680, 681, 682)
KILLED_RUNS, WHOLE_RUNS = 4, 3
WAY_BACK = "`energy-pipeline enlighten authorize`"
KILLED_WHILE_RENEWING = "a killed process"
REQUESTS = 9  # of an undisturbed run in v4: the token, and four series of either house
RUN_S = 3.0  # about what an undisturbed run takes; kills fall before, inside and after its work
SOAK_SEEDS = range(int(os.environ.get("SOAK_SEEDS", "20")))

pytestmark = pytest.mark.timeout(240)


def houses(api: str) -> list[House]:
    def house(number: int, zone: str, measured: str) -> House:
        modelled = ModelledHouse(system_id=number, timezone=zone, latitude=51.5, seed=3)
        system = modelled_system(
            modelled, DAYS.first - timedelta(days=2), DAYS.last + timedelta(days=2)
        )
        uploads = (
            ("production", "consumption"),
            ("consumption", "consumption"),
            ("consumption", "cumulative"),
        )
        return House(f"house-{number}", system, DAYS.first, measured, uploads, api=api)

    return [house(67, "Europe/London", "meter"), house(68, "Atlantic/Reykjavik", "micro")]


@dataclass(frozen=True)
class Kill:
    """When a run is killed: at the earlier of two moments.

    Args:
        after_s: real seconds after its start.
        after_requests: of the run to Enlighten; the last of them is being answered then.
    """

    after_s: float
    after_requests: float = math.inf

    def strike(self, process: subprocess.Popen[str], place: Town) -> None:
        """Wait for the moment, and kill the process if it still runs."""
        asked_before = len(place.cloud.requests)
        until = time.monotonic() + self.after_s
        while process.poll() is None and time.monotonic() < until:
            if len(place.cloud.requests) - asked_before >= self.after_requests:
                break
            time.sleep(0.002)
        process.kill()


def run(place: Town, kill: Kill | None, *, after_a_kill: bool = False) -> bool:
    """Run the whole way in a process; True when it came to its end.

    A run that was killed between new tokens and their storage has lost them: the owner then lets
    the application in again, and the next run is started once more.
    """
    process = _start(place)
    if kill:
        kill.strike(process, place)
    _, errors = process.communicate()
    if process.returncode == -signal.SIGKILL:
        return False
    if after_a_kill and WAY_BACK in errors and KILLED_WHILE_RENEWING in errors:
        place.environment["ENLIGHTEN_REFRESH_TOKEN"] = str(
            place.cloud.new_tokens()["refresh_token"]
        )
        return run(place, kill)
    assert process.returncode == 0, errors
    return True


def _start(place: Town) -> subprocess.Popen[str]:
    words = ("-m", "energy_pipeline_tests.end_to_end.way", str(DAYS.first), str(DAYS.last))
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=PROJECT,
        env=place.full_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def uploads(place: Town) -> pd.DataFrame:
    columns = ["site", "stream", "meter_id", "at", "value", "status", "reason"]
    kinds = ("consumption", "cumulative")
    return pd.concat(place.read(f"enerkey_{kind}_upload")[columns] for kind in kinds)


def computed(place: Town) -> dict[str, object]:
    """What the user ends up with before EnerKey."""
    hours, readings = place.read("hourly_energy"), place.read("cumulative_readings")
    return {"hours": hours.to_dict("list"), "readings": readings.to_dict("list")}


@dataclass(frozen=True)
class End:
    """How an undisturbed run ends."""

    computed: dict[str, object]
    stored: dict[int, dict[datetime, float]]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> End:
    with town(tmp_path_factory.mktemp("calm"), houses("v2"), AFTER) as place:
        assert run(place, None)
        assert (uploads(place)["status"] == "verified").all()
        return End(computed(place), {meter: place.enerkey.stored_hours(meter) for meter in METERS})


def check_life(folder: Path, model: str, api: str, seed: int, undisturbed: End) -> bool:
    """Kill some runs, let some end, and hold the result; True when all of it is verified."""
    dice = random.Random(seed)
    with town(
        folder,
        houses(api),
        AFTER,
        switches=SHORT_TOKENS,
        enerkey_switches=Switches(repush_consumption=model),
        enerkey_faults=Faults(chaos(0.3), seed=seed),
        ENERKEY_QUIET_SECONDS="0",
    ) as place:
        killed = False
        for _ in range(KILLED_RUNS):
            kill = Kill(dice.uniform(0.3, RUN_S))
            if api == "v4":
                kill = Kill(math.inf, dice.randint(1, REQUESTS // 2))
            killed = not run(place, kill, after_a_kill=killed)
        assert run(place, None, after_a_kill=killed)
        for _ in range(WHOLE_RUNS - 1):
            assert run(place, None)
        assert computed(place) == undisturbed.computed
        rows = uploads(place)
        for meter in METERS:
            stored = place.enerkey.stored_hours(meter)
            assert stored.items() <= undisturbed.stored[meter].items(), "an hour is wrong"
            assert set(place.enerkey.pushes_per_hour(meter).values()) <= {1}, "pushed twice"
            verified = rows[(rows["meter_id"] == meter) & (rows["status"] == "verified")]
            assert len(verified) <= len(stored) + 1  # a register has an opening reading
        held = rows[rows["status"] != "verified"]
        assert held["reason"].str.len().gt(0).all()
        return held.empty


@pytest.mark.parametrize(("number", "model"), list(enumerate(MODELS)))
def test_killed_and_started_again(
    tmp_path: Path, undisturbed: End, number: int, model: str
) -> None:
    """These dice lose no message twice, so that all of it is verified in the end."""
    assert check_life(tmp_path, model, DIALECTS[number % 2], number, undisturbed)


@pytest.mark.soak
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_killed_and_started_again_for_long(
    tmp_path: Path, undisturbed: End, model: str, seed: int
) -> None:
    """A message that is lost twice is held for a person; nothing is ever wrong or doubled."""
    check_life(tmp_path, model, DIALECTS[seed % 2], 1000 + seed, undisturbed)
