"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How fast a machine is at present says nothing of a law.
settings.register_profile("untimed", settings(deadline=None))
settings.load_profile("untimed")

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
