"""The memory of snapshots, in every kind of state database."""

import pytest

from energy_pipeline.sinks.enerkey.provisioning.runs import KeptRun, KeptRuns
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Snapshot
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sinks.enerkey.provisioning.files import (
    customer,
    customers,
    facilities,
    facility,
)

HERE = "https://enerkey.example"
ONE, TWO = customers(customer("C-1", "Yksi Öy")), customers(customer("C-1"), customer("C-2"))


@pytest.fixture
def kept(state: StateDatabase) -> KeptRuns:
    return KeptRuns(state, HERE, "customers")


def only(kept: KeptRuns) -> KeptRun:
    (run,) = kept.all()
    return run


def took(kept: KeptRuns, snapshot: Snapshot, clock: ManualClock) -> int:
    number = kept.begin(snapshot, clock.now())
    kept.got_id(number, f"run-{number}")
    kept.end(number, "completed")
    return number


def test_a_snapshot_is_there_byte_by_byte_before_its_id_is(
    kept: KeptRuns, clock: ManualClock
) -> None:
    number = kept.begin(ONE, clock.now())
    run = only(kept)

    assert (run.number, run.snapshot.body, run.run_id) == (number, ONE.body, None)
    assert (run.state, run.is_open, run.sent_at) == ("sending", True, clock.now())
    assert kept.accepted() is None

    kept.got_id(number, "6f1f0a5e")
    assert (only(kept).run_id, only(kept).state) == ("6f1f0a5e", "running")
    assert only(kept).is_open
    kept.end(number, "completed")
    assert kept.accepted() == only(kept)
    assert not only(kept).is_open


def test_the_same_bytes_without_an_answer_are_known_again(
    kept: KeptRuns, clock: ManualClock
) -> None:
    assert kept.waiting(ONE) is None
    first = kept.begin(ONE, clock.now())
    assert kept.waiting(ONE) == first
    assert kept.waiting(TWO) is None

    second = kept.begin(TWO, clock.now())
    assert second > first
    assert kept.waiting(ONE) is None
    kept.got_id(second, "6f1f0a5e")
    assert kept.waiting(TWO) is None


def test_what_is_older_than_the_last_accepted_one_is_forgotten(
    kept: KeptRuns, clock: ManualClock
) -> None:
    took(kept, ONE, clock)
    failed = kept.begin(TWO, clock.now())
    kept.end(failed, "failed")
    assert [run.state for run in kept.all()] == ["completed", "failed"]
    assert kept.bases(ONE) == [ONE, TWO]
    assert kept.bases(TWO) == [ONE]

    last = took(kept, TWO, clock)
    assert only(kept).number == last


def test_what_enerkey_surely_did_not_take_is_taken_back(kept: KeptRuns, clock: ManualClock) -> None:
    took(kept, ONE, clock)
    kept.take_back(kept.begin(TWO, clock.now()))

    assert only(kept).snapshot == ONE


def test_kinds_and_connections_are_apart(
    state: StateDatabase, kept: KeptRuns, clock: ManualClock
) -> None:
    elsewhere = KeptRuns(state, "https://other.example", "customers")
    of_facilities = KeptRuns(state, HERE, "facilities")
    buildings = facilities(facility("F-1"))
    took(elsewhere, TWO, clock)
    took(of_facilities, buildings, clock)
    took(kept, ONE, clock)

    assert only(kept).snapshot == ONE
    assert only(elsewhere).snapshot == TWO
    assert only(of_facilities).snapshot == buildings
