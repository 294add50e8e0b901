"""The memory of snapshots: what EnerKey took, or may have taken, and the ids of its runs.

A snapshot is on disk before it is sent, its run's id before the first question about it. What is
older than the last snapshot that EnerKey surely took is forgotten: bodies hold personal data.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from sqlalchemy import (
    Column,
    Float,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)

from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind, Snapshot
from energy_pipeline.state.database import METADATA, StateDatabase

RunState = Literal[
    "sending",  # may be there or not: no answer yet
    "running",  # EnerKey has it and works on it
    "completed",
    "with_errors",  # part of it is there
    "failed",  # nobody can say what of it is there
]

RUNS = Table(
    "enerkey_provisioning_runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("connection", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("run_id", String),
    Column("state", String, nullable=False),
    Column("sent_at_s", Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One snapshot that was sent.

    Args:
        number: ours, rising.
        snapshot: what was sent.
        run_id: EnerKey's id; None before its answer.
        state: as far as it is known.
        sent_at: when it was sent (UTC).
    """

    number: int
    snapshot: Snapshot
    run_id: str | None
    state: RunState
    sent_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether its end is not known."""
        return self.state in ("sending", "running")


class KeptRuns:
    """The snapshots of one kind that were sent over one connection.

    Args:
        state: the state database.
        connection: EnerKey's base URL.
        kind: customers or facilities.
    """

    def __init__(self, state: StateDatabase, connection: str, kind: Kind) -> None:
        self._state = state
        self._connection = connection
        self._kind: Kind = kind

    def all(self) -> list[KeptRun]:
        """Return the last snapshot that EnerKey surely took and all later ones, oldest first."""
        query = select(RUNS).where(self._ours()).order_by(RUNS.c.number)
        with self._state.read() as connection:
            return [self._run(row) for row in connection.execute(query)]

    def accepted(self) -> KeptRun | None:
        """Return the last snapshot that EnerKey surely took."""
        done = [run for run in self.all() if run.state == "completed"]
        return done[-1] if done else None

    def bases(self, snapshot: Snapshot) -> list[Snapshot]:
        """Return what a new snapshot has to be compared with, oldest first.

        An earlier try of the same bytes does not count: it hides no loss, and a plan that a person
        has confirmed stays the same one.
        """
        return [
            run.snapshot
            for run in self.all()
            if run.state == "completed" or run.snapshot != snapshot
        ]

    def waiting(self, snapshot: Snapshot) -> int | None:
        """Return the number of the same bytes, when they were sent last and had no answer."""
        newest = self.all()[-1:]
        is_waiting = newest and newest[0].state == "sending" and newest[0].snapshot == snapshot
        return newest[0].number if is_waiting else None

    def begin(self, snapshot: Snapshot, now: datetime) -> int:
        """Put down that a snapshot is about to be sent; return its number."""
        row = {
            "connection": self._connection,
            "kind": self._kind,
            "body": snapshot.body,
            "state": "sending",
            "sent_at_s": now.timestamp(),
        }
        with self._state.begin() as connection:
            result = connection.execute(insert(RUNS).values(row).returning(RUNS.c.number))
            return result.scalar_one()

    def take_back(self, number: int) -> None:
        """Forget a snapshot that EnerKey surely did not take."""
        with self._state.begin() as connection:
            connection.execute(delete(RUNS).where(RUNS.c.number == number))

    def got_id(self, number: int, run_id: str) -> None:
        """Put down EnerKey's id of a run."""
        self._set(number, {"run_id": run_id, "state": "running"})

    def end(self, number: int, state: RunState) -> None:
        """Put down how a run ended; a complete one makes the earlier ones forgotten."""
        self._set(number, {"state": state})
        if state == "completed":
            with self._state.begin() as connection:
                connection.execute(delete(RUNS).where(self._ours(), RUNS.c.number < number))

    def _set(self, number: int, values: dict[str, Any]) -> None:
        with self._state.begin() as connection:
            connection.execute(update(RUNS).where(RUNS.c.number == number).values(values))

    def _ours(self) -> Any:  # noqa: ANN401 - a clause
        return and_(RUNS.c.connection == self._connection, RUNS.c.kind == self._kind)

    def _run(self, row: Row[Any]) -> KeptRun:
        return KeptRun(
            number=row.number,
            snapshot=Snapshot(self._kind, bytes(row.body)),
            run_id=row.run_id,
            state=cast(RunState, row.state),
            sent_at=datetime.fromtimestamp(row.sent_at_s, UTC),
        )
