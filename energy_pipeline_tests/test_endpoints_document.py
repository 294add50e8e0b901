"""The table of endpoints in `docs/enlighten.md` is what the code asks for, serves and tests."""

import re
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import typer

from energy_pipeline.cli.main import app
from energy_pipeline.schema import DATASETS
from energy_pipeline.simulators.enlighten.v2 import routes as v2_routes
from energy_pipeline.simulators.enlighten.v4.routes import ENDPOINTS
from energy_pipeline.sources.enlighten import inverters, meter_readings, phases
from energy_pipeline.sources.enlighten.v2 import wire as v2
from energy_pipeline.sources.enlighten.v4 import wire as v4

TESTS = Path(__file__).resolve().parent
DOCUMENT = TESTS.parent / "docs" / "enlighten.md"
SHARED = (inverters, meter_readings, phases)
WIRES = {"v2": v2, "v4": v4}
DASH = "\N{EN DASH}"


class Row(NamedTuple):
    """A row of the table."""

    dialect: str
    method: str
    path: str
    used_by: str
    tests: tuple[str, ...]

    @property
    def is_used(self) -> bool:
        return not self.used_by.startswith(DASH)

    @property
    def endpoint(self) -> str:
        """The path without the system, as the code names it."""
        return self.path.removeprefix("systems").removeprefix("/{system_id}").strip("/")


def rows() -> list[Row]:
    found: list[Row] = []
    for dialect in ("v2", "v4"):
        section = DOCUMENT.read_text().split(f"### Dialect {dialect}\n")[1].split("\n### ")[0]
        pattern = r"^\| ([A-Z]+) `([^`]+)` \| (.+) \| (.+) \|$"
        for method, path, used_by, tests in re.findall(pattern, section, re.MULTILINE):
            files = () if tests == DASH else tuple(tests.split(", "))
            found.append(Row(dialect, method, path, used_by, files))
    return found


USED = [row for row in rows() if row.is_used]


def named(*modules: ModuleType) -> set[str]:
    """The texts that modules name."""
    values = [value for module in modules for value in vars(module).values()]
    return {value for value in values if isinstance(value, str)}


def commands() -> set[str]:
    """Every command as it is typed."""
    root = typer.main.get_command(app)
    found: set[str] = set()
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found.add(f"energy-pipeline {name}")
        found |= {f"energy-pipeline {name} {sub}" for sub in getattr(command, "commands", {})}
    return found


def test_every_endpoint_is_there_once() -> None:
    found = [(row.dialect, row.method, row.path) for row in rows()]
    assert len(found) == len(set(found))
    assert sum(row.dialect == "v2" for row in rows()) == 13
    assert sum(row.dialect == "v4" for row in rows()) == 51


def test_what_the_simulated_cloud_serves_is_in_it() -> None:
    served = {("v4", each.method, f"systems/{each.path}".rstrip("/")) for each in ENDPOINTS}
    served |= {
        ("v2", "GET", f"systems/{{system_id}}/{endpoint}") for endpoint in v2_routes._OF_ONE_SYSTEM
    }
    assert served <= {(row.dialect, row.method, row.path) for row in rows()}


def test_what_is_used_is_served_by_the_simulated_cloud() -> None:
    served = {(each.method, f"systems/{each.path}".rstrip("/")) for each in ENDPOINTS}
    assert {(row.method, row.path) for row in USED if row.dialect == "v4"} <= served


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.dialect} {row.method} {row.path}")
def test_what_the_code_names_is_used_and_nothing_else(row: Row) -> None:
    names = named(WIRES[row.dialect], *SHARED)
    assert row.is_used == (row.endpoint in names or not row.endpoint)


@pytest.mark.parametrize("row", USED, ids=lambda row: f"{row.dialect} {row.method} {row.path}")
def test_who_uses_it_exists(row: Row) -> None:
    users = set(re.findall(r"`([^`]+)`", row.used_by.split(" (")[0]))
    assert users
    assert users <= DATASETS.keys() | commands()


@pytest.mark.parametrize("row", USED, ids=lambda row: f"{row.dialect} {row.method} {row.path}")
def test_wherever_it_is_tested_it_is_named(row: Row) -> None:
    assert row.tests
    word = re.compile(rf"\b{row.endpoint.rpartition('/')[2] or 'systems'}\b")
    silent = [file for file in row.tests if not word.search((TESTS / file).read_text())]
    assert silent == []


def test_the_datasets_of_the_first_table_exist() -> None:
    opening = DOCUMENT.read_text().split("## What can be measured")[0]
    assets = set(re.findall(r"`(enlighten_[a-z_]+)`", opening))
    assert {"enlighten_devices", "enlighten_events"} <= assets <= DATASETS.keys()
