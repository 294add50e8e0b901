"""Progress of long work: lines in the run's log at sensible steps, a bar on a terminal.

Each log line is a row in Dagster's database, so there are about twenty for a piece of work.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from logging import Logger

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from energy_pipeline.workbench import Progress

LINES_PER_WORK = 20


@contextmanager
def log_progress(log: Logger) -> Generator[Progress]:
    """Yield a progress callback that writes to `log`, and draws bars when a person watches."""
    with terminal_bars() as draw:
        told: dict[str, int] = {}

        def report(what: str, done: int, total: int) -> None:
            draw(what, done, total)
            step = done * LINES_PER_WORK // total if total else LINES_PER_WORK
            if step > told.get(what, -1):
                told[what] = step
                log.info("%s: %s of %s", what, f"{done:,}", f"{total:,}")

        yield report


@contextmanager
def terminal_bars() -> Generator[Progress]:
    """Yield a callback that draws one bar for each piece of work; silent without a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bars = Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    tasks: dict[str, TaskID] = {}

    def draw(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)

    with bars:
        yield draw
