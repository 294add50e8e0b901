"""The data dictionary in `docs/` is what the schema says."""

import subprocess
import sys
from pathlib import Path

from energy_pipeline.data_dictionary import data_dictionary
from energy_pipeline.schema import DATASETS

COMMITTED = Path(__file__).resolve().parents[1] / "docs" / "data_dictionary.md"


def test_the_committed_file_is_the_generated_one():
    assert COMMITTED.read_text() == data_dictionary(), (
        "run: python -m energy_pipeline.data_dictionary > docs/data_dictionary.md"
    )


def test_the_command_prints_it():
    command = [sys.executable, "-m", "energy_pipeline.data_dictionary"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert printed.stdout == data_dictionary()


def test_every_dataset_and_column_is_in_it():
    text = data_dictionary()
    for dataset in DATASETS.values():
        section = text.split(f"## {dataset.name}\n")[1].split("\n## ")[0]
        assert all(f"| `{name}` |" in section for name in dataset.schema.names)
