"""Provisioning runs: a snapshot is received, waits, is worked on and ends.

The clock is the simulator's: nothing works in the background, a run is brought to its end by the
next look at it (`Runs.settle`). What an import does is in `imports`.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

Kind = Literal["customers", "facilities"]
State = Literal["Queued", "Processing", "Completed", "CompletedWithErrors", "Failed"]
Fate = Literal["good", "partial", "failed"]


@dataclass
class Result:
    """What an import came to.

    Attributes:
        errors: members path, externalId and message.
    """

    created: int = 0
    updated: int = 0
    deleted: int = 0
    errors: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    is_failed: bool = False

    @property
    def state(self) -> State:
        """How the run ended."""
        if self.is_failed:
            return "Failed"
        return "CompletedWithErrors" if self.errors else "Completed"


@dataclass
class Run:
    """One snapshot on its way.

    Attributes:
        sameness: equal in two snapshots that are the same data set.
        items: the snapshot's objects.
        fate: what goes wrong on purpose.
        result: None until it is there.
    """

    id: str
    kind: Kind
    sameness: str
    items: Sequence[dict]
    received_at: datetime
    starts_at: datetime
    ends_at: datetime
    fate: Fate = "good"
    result: Result | None = None

    def state(self, now: datetime) -> State:
        """Return the state at `now`; the run must have been settled."""
        if self.result is not None:
            return self.result.state
        return "Queued" if now < self.starts_at else "Processing"


class Importer(Protocol):
    """What does the work of a run."""

    def do(self, run: Run) -> Result:
        """Bring the snapshot in."""
        ...


class Runs:
    """All runs of the tenant, oldest first.

    Attributes:
        lock: to be held by who reads and then changes.
        on_change: called after every change, with the lock held.
    """

    def __init__(self, importer: Importer) -> None:
        self.lock = threading.RLock()
        self.on_change: Callable[[], None] = _nothing
        self._importer = importer
        self._runs: list[Run] = []

    def settle(self, now: datetime) -> None:
        """Bring every run to its end that is due."""
        with self.lock:
            due = [run for run in self._runs if run.result is None and run.ends_at <= now]
            for run in sorted(due, key=lambda run: run.ends_at):
                run.result = self._importer.do(run)
            if due:
                self.on_change()

    def all(self) -> list[Run]:
        """Return all of them."""
        return list(self._runs)

    def replace(self, runs: Sequence[Run]) -> None:
        """Put other runs in the place of all that there are."""
        with self.lock:
            self._runs = list(runs)

    def find(self, id: str) -> Run | None:
        """Return a run by its id."""
        return next((run for run in self._runs if run.id == id), None)

    def last(self, kind: Kind) -> Run | None:
        """Return the newest run of a kind that has not failed."""
        for run in reversed(self._runs):
            if run.kind == kind and (run.result is None or not run.result.is_failed):
                return run
        return None

    def unfinished(self, kind: Kind) -> list[Run]:
        """Return the runs of a kind that have no end yet."""
        return [run for run in self._runs if run.kind == kind and run.result is None]

    def add(self, make: Callable[[int], Run]) -> Run:
        """Take a run in; `make` gets its number, from 1."""
        with self.lock:
            self._runs.append(make(len(self._runs) + 1))
            self.on_change()
            return self._runs[-1]


def _nothing() -> None:
    """Nobody listens."""


def schedule(
    now: datetime, queued_s: float, worked_s: float, before: Sequence[Run]
) -> tuple[datetime, datetime]:
    """Return when a run starts and ends that is received now, after the unfinished ones."""
    free_at = max((run.ends_at for run in before), default=now)
    starts_at = max(now, free_at) + timedelta(seconds=queued_s)
    return starts_at, starts_at + timedelta(seconds=worked_s)
