"""What every test may ask for."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Directory of the recordings of real systems; they are kept beside the repository."""
    path = REPOSITORY.parent / "shared" / "fixtures"
    if not path.is_dir():
        message = f"the recordings of real systems are not at {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path
