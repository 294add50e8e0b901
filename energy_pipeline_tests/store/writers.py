"""Processes that write a store, for tests of what others see of them.

They are forked from a server that has imported everything, so that a process costs milliseconds.
"""

import multiprocessing
import os
import random
import signal
from datetime import date, timedelta
from itertools import cycle
from multiprocessing.context import ForkServerContext
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.state.locks import FileLocks
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.conftest import store_at
from energy_pipeline_tests.store.tables import DAY, hours, known

SITES = [f"site-{n:02d}" for n in range(40)]
THREE_DAYS: list[date] = [DAY + timedelta(days=n) for n in range(3)]


def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["energy_pipeline_tests.store.writers"])
    return context


def version(number: int) -> tuple[pa.Table, list[Coverage]]:
    """A partition whose every part says which version it is of.

    Version n has `1 + n % 40` sites of 24 hours with n Wh each, so that a mixture of two versions
    shows in the values or in the number of rows.
    """
    present = SITES[: 1 + number % len(SITES)]
    table = pa.concat_tables(hours(site, [float(number)] * 24) for site in present)
    return table, [known(site, energy_wh=24.0 * number * (site in present)) for site in SITES]


def version_of(energy_wh: list[float]) -> int:
    """Number of the version that these values are, all of it and nothing else."""
    number = int(energy_wh[0])
    assert energy_wh == [number] * 24 * (1 + number % len(SITES))
    return number


def write_versions_for_ever(root: Path, written: "Synchronized[int]") -> None:
    store = store_at(root)
    for number in cycle(range(80)):
        table, entries = version(number)
        store.replace(HOURLY_ENERGY, DAY, table, entries)
        written.value += 1


def write_sites(root: Path, sites: list[str], seed: int, rounds: int, start: Barrier) -> None:
    """Write the sites one at a time, the days in a seeded order, `rounds` times."""
    store, order = store_at(root), random.Random(seed)
    start.wait()
    for number in range(1, rounds + 1):
        for day in order.sample(THREE_DAYS, len(THREE_DAYS)):
            for site in order.sample(sites, len(sites)):
                table = hours(site, [float(number)] * 24, day=day)
                store.replace(HOURLY_ENERGY, day, table, [known(site, energy_wh=24.0 * number)])


def append_hours(root: Path, first_hour: int, start: Barrier) -> None:
    """Append every other hour of the day, one at a time, each twice, as two pollers do."""
    store = store_at(root)
    start.wait()
    for hour in range(first_hour, 24, 2):
        for _ in range(2):
            table = hours("a", [float(hour)], first_hour=hour)
            store.append(HOURLY_ENERGY, DAY, table, [known("a")])


def write_version_and_die(root: Path, number: int, step: int) -> None:
    """Write one version; SIGKILL comes at the n-th step of it, if it has that many."""
    table, entries = version(number)
    store = ParquetStore(DyingFiles(root, step), FileLocks(root / "locks"))
    store.replace(HOURLY_ENERGY, DAY, table, entries)


class DyingFiles(fs.SubTreeFileSystem):
    """The local file system of a process that is killed at the n-th step of a write."""

    def __init__(self, root: Path, step: int) -> None:
        super().__init__(str(root), fs.LocalFileSystem())
        self._steps_left = step

    def step(self) -> None:
        if self._steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._steps_left -= 1

    def create_dir(self, path: str, *, recursive: bool = True) -> None:
        self.step()
        super().create_dir(path, recursive=recursive)

    def open_output_stream(self, path: str) -> "DyingStream":  # pyright: ignore
        self.step()
        return DyingStream(super().open_output_stream(path, buffer_size=0), self)

    def move(self, src: str, dest: str) -> None:
        self.step()
        super().move(src, dest)
        self.step()


class DyingStream:
    """A file that is written in two halves, with a step after each."""

    def __init__(self, stream: pa.NativeFile, files: DyingFiles) -> None:
        self._stream = stream
        self._files = files

    def __enter__(self) -> "DyingStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, content: pa.Buffer) -> None:
        half = content.size // 2
        for part in (content.slice(0, half), content.slice(half)):
            self._stream.write(part)
            self._files.step()
