"""A run killed at any request and started again ends exactly as an undisturbed one.

Every life has kills among the requests to Enlighten, between the last of them and the first push,
and from the first push on, at a seeded request each: before it is done, before its answer, or some
milliseconds later. Three sends in ten are lost before or after they were stored, under each model
of what a second push does. Under some models EnerKey shows nothing of a push while runs are killed,
so that the ledger alone can tell what left. Both dialects of Enlighten have their turn; in v4 a
kill may strike while new tokens are on their way. One life goes through `dg launch`, all of whose
processes are killed at once between two pushes. The long run is `make soak`.
"""

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from energy_pipeline.simulators.enerkey import Faults, Switches, chaos
from energy_pipeline.simulators.enlighten.switches import Switches as CloudSwitches
from energy_pipeline_tests.end_to_end.doors import Aim, Doors, Moment, Stage
from energy_pipeline_tests.end_to_end.lives import (
    AFTER,
    DAYS,
    End,
    assert_ends_as,
    end_of,
    houses,
)
from energy_pipeline_tests.end_to_end.town import Town, town

DICE = {"sum": 64, "overwrite_hour": 16, "timestamp_upsert": 3, "reject": 12, "keep_first": 23}
"""Seeds of the lives in the suite: some messages are lost, none of them twice."""
DIALECTS = ("v2", "v4")
SHORT_TOKENS = CloudSwitches(history_days=None, telemetry_history_days=None, access_token_s=1)
KILLS: dict[Stage, int] = {"fetch": 2, "survey": 1, "push": 2}
WHOLE_RUNS = 2
LATER_S = 0.02
SHOWN_LATER = ("sum", "reject")
"""Models under which EnerKey shows a push only after the killed runs."""
SHOWN_AFTER_S = 3600
WAY = (
    *(sys.executable, "-m", "energy_pipeline_tests.end_to_end.way"),
    *(str(DAYS.first), str(DAYS.last)),
)
LAUNCH = (
    *(str(Path(sys.executable).parent / "dg"), "launch", "--job", "daily_energy"),
    *("--partition-range", f"{DAYS.first}...{DAYS.last}"),
)
WAY_BACK = "`energy-pipeline enlighten authorize`"
KILLED_WHILE_RENEWING = "a killed process"
SOAK_SEEDS = range(int(os.environ.get("SOAK_SEEDS", "20")))

Undisturbed = Callable[[str], End]

pytestmark = pytest.mark.timeout(400)


@dataclass
class Life:
    """Runs of one user, one after the other.

    Args:
        place: where.
        doors: of the services.
        command: starts a run.
        fell: after what each killed run died, seen over the whole life.
    """

    place: Town
    doors: Doors
    command: Sequence[str] = WAY
    fell: Counter[Stage] = field(default_factory=Counter[Stage])

    def run(self, aim: Aim | None = None, *, after_a_kill: bool = False) -> bool:
        """Run the whole way; return True when it came to its end.

        A run that was killed between new tokens and their storage has lost them: the owner then
        lets the application in again, and the next run is started once more.
        """
        log = self.place.folder / "run.log"
        process = self.doors.start(self.command, self.place.full_environment(), log, aim)
        if process.wait() == -signal.SIGKILL:
            self.fell[self._stage()] += 1
            return False
        told = log.read_text()
        if after_a_kill and WAY_BACK in told and KILLED_WHILE_RENEWING in told:
            tokens = self.place.cloud.new_tokens()
            self.place.environment["ENLIGHTEN_REFRESH_TOKEN"] = str(tokens["refresh_token"])
            return self.run(aim)
        assert process.returncode == 0, told
        return True

    def end(self, aims: Sequence[Aim]) -> None:
        """Be killed at each aim, and then live on."""
        is_killed = False
        for aim in aims:
            is_killed = not self.run(aim, after_a_kill=is_killed)
        self._calm()
        for _ in range(WHOLE_RUNS):
            assert self.run(after_a_kill=is_killed)
            is_killed = False
            self.place.enerkey.clock.advance(SHOWN_AFTER_S)

    def _calm(self) -> None:
        """Where EnerKey shows late, let the quiet time pass; from now on no answer is lost."""
        if self.place.environment["ENERKEY_QUIET_SECONDS"] != "0":
            self.place.environment["ENERKEY_QUIET_SECONDS"] = "0"
            self.place.enerkey.faults.replace([])
            self.place.enerkey.clock.advance(SHOWN_AFTER_S)

    def _stage(self) -> Stage:
        if self.place.pushes:
            return "push"
        return "survey" if self.doors.asked["survey"] else "fetch"


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    @cache
    def end(api: str) -> End:
        doors = Doors()
        folder = tmp_path_factory.mktemp("calm")
        with town(folder, houses(api), AFTER, door=doors.before) as place:
            assert Life(place, doors).run()
            return end_of(place, doors.asked)

    return end


def aims(dice: random.Random, asked: Counter[Stage]) -> list[Aim]:
    """Return where the runs of a life are killed, uniformly among what an undisturbed run asks.

    A run takes up what the one before it left undone: its count begins where that one died.
    """
    found: list[Aim] = []
    for stage, kills in KILLS.items():
        # between fetch and push a run is killed at once, so that it surely dies there
        moments: list[Moment] = ["arrived", "handled"]
        if stage != "survey":
            moments.append("answered")
        positions = [0, *sorted(dice.sample(range(1, asked[stage] + 1), kills))]
        found += [
            Aim(stage, after - before, dice.choice(moments), dice.uniform(0, LATER_S))
            for before, after in pairwise(positions)
        ]
    return found


class Fate(NamedTuple):
    """What became of a life."""

    is_all_verified: bool
    lost_sends: int


def check_life(folder: Path, model: str, api: str, seed: int, undisturbed: End) -> Fate:
    """Kill some runs, let some end, and hold the result."""
    doors = Doors()
    delay_s = SHOWN_AFTER_S if model in SHOWN_LATER else 0
    with town(
        folder,
        houses(api),
        AFTER,
        switches=SHORT_TOKENS,
        enerkey_switches=Switches(repush_consumption=model, read_back_delay_seconds=delay_s),
        enerkey_faults=Faults(chaos(0.3), seed=seed),
        door=doors.before,
        ENERKEY_QUIET_SECONDS=str(delay_s),
    ) as place:
        life = Life(place, doors)
        life.end(aims(random.Random(seed), undisturbed.asked))
        assert life.fell["survey"], "no kill between fetch and push"
        assert life.fell["push"], "no kill after the first push"
        lost = sum(record.fault is not None for record in place.enerkey.requests)
        return Fate(assert_ends_as(undisturbed, place), lost)


@pytest.mark.parametrize(("number", "model"), list(enumerate(DICE)))
def test_killed_and_started_again(
    tmp_path: Path, undisturbed: Undisturbed, number: int, model: str
) -> None:
    api = DIALECTS[number % 2]
    fate = check_life(tmp_path, model, api, DICE[model], undisturbed(api))
    assert fate.is_all_verified
    assert fate.lost_sends


def test_a_launch_is_killed_and_launched_again(tmp_path: Path, undisturbed: Undisturbed) -> None:
    doors = Doors()
    with town(tmp_path, houses("v2"), AFTER, door=doors.before, ENERKEY_QUIET_SECONDS="0") as place:
        life = Life(place, doors, LAUNCH)
        assert not life.run(Aim("push", 2, "handled"))
        assert life.fell["push"]
        assert life.run()
        assert assert_ends_as(undisturbed("v2"), place)


@pytest.mark.soak
@pytest.mark.parametrize("model", DICE)
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_killed_and_started_again_for_long(
    tmp_path: Path, undisturbed: Undisturbed, model: str, seed: int
) -> None:
    """A message that is lost twice is held for a person; nothing is ever wrong or doubled."""
    api = DIALECTS[seed % 2]
    check_life(tmp_path, model, api, 1000 + seed, undisturbed(api))
