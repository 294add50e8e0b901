"""The state database: what has to survive a killed process and be agreed between several.

SQLAlchemy Core over SQLite (one machine) or PostgreSQL (several), with one rule for both: a write
transaction is alone. So an owner of tables reads and writes inside `begin()` without thinking of
others; transactions are short and never wait for a network.

Tables are declared where they are used, in the shared `METADATA`.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from energy_pipeline.errors import StoreError
from energy_pipeline.state.location import open_engine, parse_state_url, sqlite_file
from energy_pipeline.state.locks import Locks, advisory_key

METADATA = MetaData()
"""Every table of the state database; owners declare theirs in it."""

BUSY_TIMEOUT_S = 30
_OWNER_ONLY = 0o600
_WRITER = advisory_key("state/writer")


class StateDatabase:
    """An open state database; threads may share it.

    Opening creates the file (readable by its owner only) and every table that is missing; processes
    that open at the same moment do it one after the other.

    Args:
        url: SQLAlchemy URL, `sqlite:////path/of/state.db` or `postgresql://…`.

    Raises:
        StoreError: the URL is not usable, or the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._url = parse_state_url(url)
        self._locks = Locks.for_state(url)
        self._file = sqlite_file(self._url)
        self._engine = self._open_engine()
        self._tables_made = 0
        self._make_tables()

    def __repr__(self) -> str:
        return f"StateDatabase({self._url!r})"  # hides the password

    @contextmanager
    def begin(self, *, durable: bool = True) -> Generator[Connection, None, None]:
        """Open a write transaction: committed at the end of the block, undone by an exception.

        No other write transaction runs meanwhile, in any process.

        Args:
            durable: the commit survives a power cut (one wait for the disk). Without it, it
                survives the death of the process, and a power cut may lose the last seconds.

        Raises:
            StoreError: the database is locked for 30 s, full, damaged or not reachable.
        """
        with self._transaction(write=True, durable=durable) as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """Open a read transaction: one consistent picture, never waiting for writers.

        Raises:
            StoreError: the database is damaged or not reachable.
        """
        with self._transaction(write=False, durable=False) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, write: bool, durable: bool) -> Generator[Connection, None, None]:
        if len(METADATA.tables) != self._tables_made:
            self._make_tables()
        engine = self._engine.execution_options(state_write=write, state_durable=durable)
        with self._clear_errors(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _clear_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except IntegrityError:  # a rule of a table: its owner knows what that means
            raise
        except DatabaseError as error:
            raise StoreError(f"state database {self._url!r}: {error.orig}") from error

    def _open_engine(self) -> Engine:
        engine = open_engine(self._url, pool_pre_ping=self._file is None)
        if self._file:
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            event.listen(engine, "begin", _begin_postgresql)
        return engine

    def _make_tables(self) -> None:
        wanted = len(METADATA.tables)
        engine = self._engine.execution_options(state_write=True)
        with self._locks.hold("state/tables"):
            if self._file:
                _create_file(self._file)
            with self._clear_errors(), engine.begin() as connection:
                METADATA.create_all(connection)
        self._tables_made = wanted


def _create_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
    except OSError as error:
        raise StoreError(f"state database {file}: {error.strerror}") from error


def _prepare_sqlite(raw: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    raw.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue] - we say BEGIN
    cursor = raw.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("state_write"):
        connection.exec_driver_sql("BEGIN")
        return
    synchronous = "FULL" if options.get("state_durable", True) else "NORMAL"
    if connection.info.get("synchronous") != synchronous:  # cannot be changed inside a transaction
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("state_write"):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    if not options.get("state_durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")
