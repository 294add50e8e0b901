"""A state database of its own for every test."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock


@pytest.fixture
def state_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def state(state_url: str) -> Iterator[StateDatabase]:
    database = StateDatabase(state_url)
    yield database
    database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2024, 3, 31, 22, 50, tzinfo=UTC))
