"""Locks inside one process; several processes: test_processes.py."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from energy_pipeline.errors import StoreError
from energy_pipeline.state.locks import FileLocks, Locks, advisory_key


@pytest.fixture
def locks(state_url: str) -> Locks:
    return Locks.for_state(state_url)


@pytest.fixture
def name(tmp_path: Path) -> str:
    return f"tests/{tmp_path}"


def test_threads_exclude_each_other(locks: Locks, name: str) -> None:
    inside = 0
    most = 0

    def work(_: int) -> None:
        nonlocal inside, most
        with locks.hold(name):
            inside += 1
            most = max(most, inside)
            Event().wait(0.001)
            inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(24)))
    assert most == 1


def test_other_names_are_free_and_a_name_is_free_again(locks: Locks, name: str) -> None:
    with locks.hold(name), locks.hold(f"{name}/other", 0):
        pass
    with pytest.raises(KeyError), locks.hold(name, 0):
        raise KeyError
    with locks.hold(name, 0):
        pass


def test_a_held_name_is_said_so_after_the_time_given(locks: Locks, name: str) -> None:
    with ThreadPoolExecutor(1) as thread:
        done = Event()
        held = Event()

        def hold() -> None:
            with locks.hold(name):
                held.set()
                done.wait()

        holding = thread.submit(hold)
        held.wait()
        with pytest.raises(StoreError, match=f"`{name}`.*within 0.01 s"), locks.hold(name, 0.01):
            pytest.fail("a lock that is held was given away")
        done.set()
        holding.result()


@pytest.mark.parametrize("name", ["store/hourly_energy/2024-03-31", "..", "../x", "a b?*:<>|ä", ""])
def test_any_text_is_a_name_and_stays_inside_the_folder(tmp_path: Path, name: str) -> None:
    with FileLocks(tmp_path / "locks").hold(name):
        assert len(list((tmp_path / "locks").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="no locks in"), FileLocks(tmp_path / "file").hold("x"):
        pytest.fail("there is no such lock")


def test_advisory_keys_tell_names_apart() -> None:
    names = [f"store/hourly_energy/{n}" for n in range(1000)]
    keys = {advisory_key(name) for name in names}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)
