"""A state database of its own for every test, in both kinds."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock

POSTGRES = "ENERGY_TEST_POSTGRES_URL"
"""Names a database of a PostgreSQL server; without it, state is tested on SQLite only."""


KINDS = ["sqlite", "postgresql"] if POSTGRES in os.environ else ["sqlite"]


@pytest.fixture(params=KINDS)
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.db"
    else:
        yield from _schema_in(os.environ[POSTGRES])


def _schema_in(server: str) -> Iterator[str]:
    """Make a schema that the test has for itself."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    schema = f"test_{uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        own = url.update_query_dict({"options": f"-csearch_path={schema}"})
        yield own.render_as_string(hide_password=False)
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def state(state_url: str) -> Iterator[StateDatabase]:
    database = StateDatabase(state_url)
    yield database
    database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2024, 3, 31, 22, 50, tzinfo=UTC))
