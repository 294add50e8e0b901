"""Named locks over processes and threads, freed by the operating system when a holder dies.

They stand where a database transaction cannot: around a partition's files, around a push that must
not be made twice. Beside an SQLite state file they are `flock`s on files in the folder `locks/`;
in PostgreSQL they are advisory locks of a session, so that several machines exclude each other.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from energy_pipeline.errors import StoreError
from energy_pipeline.state.location import open_engine, parse_state_url, sqlite_file

# A short step: locks of partitions are held for milliseconds.
_POLL_S = 0.02
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code for a lock_timeout that ran out


class Locks(ABC):
    """Exclusive names, each held by at most one thread of one process at a time."""

    @staticmethod
    def for_state(url: str) -> Locks:
        """Return the locks that everybody shares who works with the state database `url`.

        Raises:
            StoreError: the URL names no database that can be shared.
        """
        parsed = parse_state_url(url)
        file = sqlite_file(parsed)
        return FileLocks(file.parent / "locks") if file else PostgresLocks(parsed)

    @abstractmethod
    def hold(self, name: str, timeout_s: float | None = None) -> AbstractContextManager[None]:
        """Hold `name` inside the `with` block; nobody else holds it meanwhile.

        Not reentrant: who holds a name and asks for it again has made a mistake.

        Args:
            name: any text, e.g. `store/hourly_energy/2024-03-31`.
            timeout_s: how long to wait for the holder before; None waits as long as it takes.

        Raises:
            StoreError: the name was still held after `timeout_s`, or locks cannot be had here.
        """


class FileLocks(Locks):
    """Locks of one machine (or of a file system that shares `flock`).

    Args:
        folder: where the empty lock files are; they stay, removing one would split its waiters.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str, timeout_s: float | None = None) -> Generator[None, None, None]:  # noqa: D102
        lock = FileLock(
            self._folder / f"{quote(name, safe='')}.lock",
            timeout=-1 if timeout_s is None else timeout_s,
            poll_interval=_POLL_S,
            fallback_to_soft=False,  # a mere marker file would outlive a killed holder
        )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise _still_held(name, timeout_s) from None
        except OSError as error:
            raise StoreError(f"no locks in {self._folder}: {error}") from error
        try:
            yield
        finally:
            lock.release()


class PostgresLocks(Locks):
    """Locks in a PostgreSQL server: each is a session of its own, which ends with its process.

    Args:
        url: the state database.
    """

    def __init__(self, url: URL) -> None:
        self._engine = open_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    @contextmanager
    def hold(self, name: str, timeout_s: float | None = None) -> Generator[None, None, None]:  # noqa: D102
        with self._session() as session:
            self._acquire(session, name, timeout_s)
            yield  # the session ends with the block, and with it the lock

    @contextmanager
    def _session(self) -> Generator[Connection, None, None]:
        try:
            session = self._engine.connect()
        except OperationalError as error:
            raise StoreError(f"no locks in {self._engine.url!r}: {error.orig}") from error
        with session:
            yield session

    def _acquire(self, session: Connection, name: str, timeout_s: float | None) -> None:
        wait_ms = 0 if timeout_s is None else max(1, round(timeout_s * 1000))  # 0 is no limit
        session.execute(text(f"SET lock_timeout = {wait_ms}"))
        try:
            session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": advisory_key(name)})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise _still_held(name, timeout_s) from None
            raise StoreError(f"no locks in {self._engine.url!r}: {error.orig}") from error


def advisory_key(name: str) -> int:
    """Return the signed 64-bit number under which PostgreSQL knows the lock `name`."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _still_held(name: str, timeout_s: float | None) -> StoreError:
    return StoreError(
        f"another process holds `{name}` and did not let go within {timeout_s:g} s; "
        "wait for the other run to end, or stop it"
    )
