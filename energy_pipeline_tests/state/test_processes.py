"""Real processes side by side, and processes killed at any moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from energy_pipeline.errors import StoreError
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks
from energy_pipeline_tests.state import workers

PROCESSES = 8


@contextmanager
def killed_afterwards(child: BaseProcess) -> Iterator[BaseProcess]:
    try:
        yield child
    finally:
        child.kill()
        child.join()


def wait_for_bytes(file: Path, size: int, child: BaseProcess) -> None:
    for _ in count():
        if file.exists() and file.stat().st_size >= size:
            return
        child.join(0.005)
        assert child.is_alive(), f"the child ended with {child.exitcode}"


def test_processes_that_open_at_once_find_all_tables_and_lose_no_update(state_url: str) -> None:
    assert workers.run_together(PROCESSES, workers.add_to_tally, state_url, 30) == [0] * PROCESSES
    state = StateDatabase(state_url)
    with state.read() as connection:
        assert connection.execute(select(workers.TALLY.c.value)).scalar_one() == 30 * PROCESSES
    state.close()


def test_processes_together_spend_exactly_the_month(state_url: str, tmp_path: Path) -> None:
    ends = workers.run_together(
        PROCESSES, workers.spend_until_refused, state_url, 300, 60, tmp_path
    )
    assert ends == [0] * PROCESSES
    assert sum(int(file.read_text()) for file in tmp_path.glob("*.hits")) == 300
    state = StateDatabase(state_url)
    assert workers.quota_of(state, 300).left() == {"minute": 1_000_000 - 300, "month": 0}
    state.close()


def test_a_lock_is_held_by_one_process_at_a_time(state_url: str, tmp_path: Path) -> None:
    file = tmp_path / "counter"
    file.write_text("0")
    ends = workers.run_together(4, workers.add_to_file, state_url, 40, file)
    assert ends == [0] * 4
    assert file.read_text() == "160"


def test_a_lock_dies_with_its_holder(state_url: str, tmp_path: Path) -> None:
    locks = Locks.for_state(state_url)
    name, file = f"tests/{tmp_path}", tmp_path / "held"
    with killed_afterwards(workers.start(workers.hold_for_ever, state_url, name, file)) as child:
        wait_for_bytes(file, 4, child)
        with pytest.raises(StoreError, match="another process holds"), locks.hold(name, 0):
            pytest.fail("a lock that is held was given away")
    with locks.hold(name, 30):
        pass


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_process_has_counted_every_hit_it_made(
    state_url: str, tmp_path: Path, seed: int
) -> None:
    state = StateDatabase(state_url)
    made = tmp_path / "made"
    wanted = Random(seed).randint(1, 150)
    with killed_afterwards(workers.start(workers.hit_for_ever, state_url, made)) as child:
        wait_for_bytes(made, wanted, child)
    hits = made.stat().st_size
    counted = 1_000_000 - workers.quota_of(state, 1_000_000).left()["month"]
    assert hits <= counted <= hits + 1
    state.close()
