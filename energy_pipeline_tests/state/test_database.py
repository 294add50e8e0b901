"""The state database in one process; several processes: test_processes.py."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, func, select
from sqlalchemy.exc import IntegrityError

from energy_pipeline.errors import StoreError
from energy_pipeline.state.database import METADATA, StateDatabase
from energy_pipeline_tests.state.conftest import POSTGRES
from energy_pipeline_tests.state.workers import TALLY


def tally(state: StateDatabase) -> int:
    with state.read() as connection:
        return connection.execute(select(func.count()).select_from(TALLY)).scalar_one()


def add(state: StateDatabase, *names: str) -> None:
    with state.begin() as connection:
        for name in names:
            connection.execute(TALLY.insert(), {"name": name, "value": 1})


def test_a_transaction_is_kept_whole_or_not_at_all(state: StateDatabase) -> None:
    def fail() -> None:
        with state.begin() as connection:
            connection.execute(TALLY.insert(), {"name": "undone", "value": 1})
            raise KeyError

    add(state, "kept")
    with pytest.raises(KeyError):
        fail()
    assert tally(state) == 1


def test_a_broken_rule_of_a_table_is_the_owners_to_handle(state: StateDatabase) -> None:
    with pytest.raises(IntegrityError, match="parameters hidden"):
        add(state, "twice", "twice")
    assert tally(state) == 0


def test_a_reader_keeps_its_picture_while_others_write(state: StateDatabase) -> None:
    count = select(func.count()).select_from(TALLY)
    with state.read() as reading:
        assert reading.execute(count).scalar_one() == 0
        add(state, "new")
        assert reading.execute(count).scalar_one() == 0
    assert tally(state) == 1


def test_a_table_declared_after_opening_is_made(state: StateDatabase) -> None:
    table = Table("tests_late", METADATA, Column("n", Integer, primary_key=True))
    try:
        with state.begin() as connection:
            connection.execute(table.insert(), {"n": 1})
    finally:
        METADATA.remove(table)


def test_what_was_written_is_there_when_opened_again(state_url: str) -> None:
    for n in range(2):
        state = StateDatabase(state_url)
        with state.begin(durable=bool(n)) as connection:
            connection.execute(TALLY.insert(), {"name": str(n), "value": n})
        assert tally(state) == n + 1
        state.close()


class TestSqlite:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "deeper" / "state.db"

    @pytest.fixture
    def state(self, file: Path) -> Iterator[StateDatabase]:
        database = StateDatabase(f"sqlite:///{file}")
        yield database
        database.close()

    def test_only_the_owner_may_read_the_files(self, state: StateDatabase, file: Path) -> None:
        add(state, "x")
        files = sorted(path for path in file.parent.iterdir() if path.is_file())
        assert [path.name for path in files] == ["state.db", "state.db-shm", "state.db-wal"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}

    def test_a_durable_commit_waits_for_the_disk(self, state: StateDatabase) -> None:
        found: list[int] = []
        for durable in (True, False, True):
            with state.begin(durable=durable) as connection:
                found.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
        assert found == [2, 1, 2]  # FULL, NORMAL, FULL

    def test_a_damaged_file_is_a_clear_error(self, file: Path) -> None:
        file.parent.mkdir()
        file.write_bytes(os.urandom(4096))
        with pytest.raises(StoreError, match=f"state database.*{file}"):
            StateDatabase(f"sqlite:///{file}")

    def test_a_place_that_cannot_be_written_is_a_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "state.db").mkdir()
        with pytest.raises(StoreError, match=r"state database.*state\.db"):
            StateDatabase(f"sqlite:///{tmp_path}/state.db")

    def test_a_relative_path_is_fixed_at_opening(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        state = StateDatabase("sqlite:///state.db")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert tally(state) == 0
        assert not list((tmp_path / "elsewhere").iterdir())
        state.close()


@pytest.mark.parametrize(
    "url",
    [
        "hunter22",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "mysql://energy:hunter22@127.0.0.1/energy",
        "postgresql+pg8000://energy:hunter22@127.0.0.1/energy",
        "postgresql://energy:hunter22@127.0.0.1:1/energy",
        "",
    ],
)
def test_a_database_that_cannot_be_used_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        StateDatabase(url)
    assert "hunter22" not in str(caught.value)
    assert "hunter22" not in repr(caught.value.__cause__)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"needs .*pip install 'energy-pipeline\[postgresql\]'"):
        StateDatabase("postgresql://energy:hunter22@127.0.0.1/energy")


@pytest.mark.skipif(POSTGRES in os.environ, reason="every test of this folder runs on it")
def test_on_postgresql_too() -> None:
    pytest.skip(f"{POSTGRES} names no PostgreSQL server: the state was tested on SQLite only")
