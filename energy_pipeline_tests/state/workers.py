"""What the child processes of the tests do; importable, so that they can be spawned."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import Column, Integer, String, Table, select, update

from energy_pipeline.clock import SystemClock
from energy_pipeline.errors import QuotaSpent
from energy_pipeline.state.database import METADATA, StateDatabase
from energy_pipeline.state.limits import Limit
from energy_pipeline.state.locks import Locks
from energy_pipeline.state.quota import Quota

SPAWN = get_context("spawn")

TALLY = Table(
    "tests_tally",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)


def run_together(count: int, work: Callable[..., None], *args: object) -> list[int | None]:
    """Run `work(barrier, number, *args)` in processes; return how each ended."""
    barrier = SPAWN.Barrier(count)
    children = [SPAWN.Process(target=work, args=(barrier, n, *args)) for n in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return [child.exitcode for child in children]


def start(work: Callable[..., None], *args: object) -> BaseProcess:
    """Start one process that is meant to be killed."""
    child = SPAWN.Process(target=work, args=args, daemon=True)
    child.start()
    return child


def quota_of(state: StateDatabase, month: int) -> Quota:
    limits = (Limit(1_000_000, "minute"), Limit(month, "month"))
    return Quota(state, "Enlighten", "account", limits, SystemClock())


def add_to_tally(barrier: Barrier, number: int, url: str, times: int) -> None:
    """Open the database at the same moment as the others, then read and write in transactions."""
    barrier.wait()
    state = StateDatabase(url)
    for _ in range(times):
        with state.begin(durable=number == 0) as connection:
            value = connection.execute(select(TALLY.c.value)).scalar_one_or_none()
            if value is None:
                connection.execute(TALLY.insert(), {"name": "tally", "value": 1})
            else:
                connection.execute(update(TALLY).values(value=value + 1))
        with state.read() as connection:
            assert connection.execute(select(TALLY.c.value)).scalar_one() > 0
    state.close()


def spend_until_refused(
    barrier: Barrier, number: int, url: str, month: int, times: int, folder: Path
) -> None:
    """Spend hits until told to stop, and leave a file that says how many were had."""
    quota = quota_of(StateDatabase(url), month)
    barrier.wait()

    async def spend() -> None:
        with suppress(QuotaSpent):
            for _ in range(times):
                await quota.spend()

    asyncio.run(spend())
    (folder / f"{number}.hits").write_text(str(quota.spent_by_this_object))


def add_to_file(barrier: Barrier, _number: int, url: str, times: int, file: Path) -> None:
    """Read, add and write without any care but the lock."""
    locks = Locks.for_state(url)
    barrier.wait()
    for _ in range(times):
        with locks.hold(f"tests/{file}"):
            file.write_text(str(int(file.read_text()) + 1))


def hold_for_ever(url: str, name: str, file: Path) -> None:
    """Take a lock, say so, and never let go."""
    with Locks.for_state(url).hold(name):
        file.write_text("held")
        while True:
            os.read(os.open(os.devnull, os.O_RDONLY), 0)
            SPAWN.Event().wait()


def hit_for_ever(url: str, file: Path) -> None:
    """Count a hit, then make it: one byte more in the file."""
    quota = quota_of(StateDatabase(url), 1_000_000)

    async def hit() -> None:
        with file.open("ab", buffering=0) as made:
            while True:
                await quota.spend()
                made.write(b".")

    asyncio.run(hit())
