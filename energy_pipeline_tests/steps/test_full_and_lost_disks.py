"""Uploads when no file can grow any more, and when the state database is lost."""

import resource
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from energy_pipeline.calendar import HOUR
from energy_pipeline.errors import StoreError
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.steps.upload import upload
from energy_pipeline_tests.steps.benches import a_site, days_from
from energy_pipeline_tests.steps.uploading import (
    CONSUMPTION,
    CUMULATIVE,
    MIDNIGHT,
    hours_computed,
    in_kwh,
    production,
    readings_computed,
    register,
    to,
    town,
)

THREE = days_from(0, 2)
KINDS: tuple[Kind, ...] = ("consumption", "cumulative")


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_at_any_moment_sends_nothing_twice(tmp_path: Path) -> None:
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(3))
        refresh_meters(bench)
        log = tmp_path / "state.db-wal"
        sent: list[int] = []
        for more in range(0, 2**20, 4_096):
            try:
                with files_of_at_most(log.stat().st_size + more):
                    upload(bench, "consumption", THREE)
            except StoreError:
                sent.append(len(enerkey.pushes_per_hour(CONSUMPTION)))
            else:
                break
        assert sent[0] == 0
        assert sent[-1] == 72, "the answer came when nothing could be written any more"
        assert upload(bench, "consumption", THREE).hours_verified == 72
        assert enerkey.stored_hours(CONSUMPTION) == pytest.approx(in_kwh(production(3)))
        assert set(enerkey.pushes_per_hour(CONSUMPTION).values()) == {1}


def test_what_a_lost_state_database_knew_is_read_back(tmp_path: Path) -> None:
    site = a_site(uploads=[to(), register()])
    with town(tmp_path, [site]) as (bench, enerkey):
        hours_computed(bench, production(3))
        readings = {MIDNIGHT + n * HOUR: 100.0 * n for n in range(73)}
        readings_computed(bench, readings)
        for kind in KINDS:
            upload(bench, kind, days_from(0, 1))
        empty = replace(bench, state=StateDatabase(f"sqlite:///{tmp_path}/new.db"))
        verified = [upload(empty, kind, THREE).hours_verified for kind in KINDS]
        assert verified == [72, 73]
        assert enerkey.stored_hours(CONSUMPTION) == pytest.approx(in_kwh(production(3)))
        assert enerkey.stored_readings(CUMULATIVE) == pytest.approx(in_kwh(readings))
        for meter in (CONSUMPTION, CUMULATIVE):
            assert set(enerkey.pushes_per_hour(meter).values()) == {1}
        empty.state.close()
