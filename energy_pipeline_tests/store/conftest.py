"""A store in a temporary folder."""

from pathlib import Path

import pytest

from energy_pipeline.state.locks import FileLocks
from energy_pipeline.store.parquet import ParquetStore


def store_at(root: Path) -> ParquetStore:
    """A store as the product opens it, with its locks beside it."""
    return ParquetStore(str(root), FileLocks(root / "locks"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(root: Path) -> ParquetStore:
    return store_at(root)
