"""What `docs/enerkey.md` promises is there: operations, tests, switches."""

import re

from energy_pipeline.simulators.enerkey.routes import Routes
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline_tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "enerkey.md").read_text()
TESTS = REPOSITORY / "energy_pipeline_tests"


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without the table's head."""
    part = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_has_every_operation_and_tests_that_exist() -> None:
    table = rows("The twenty operations")

    assert len(table) == 20
    assert {row[0] for row in table} == Routes(Switches()).ids
    for row in table:
        (file,) = re.findall(r"`([\w/]+\.py)`", row[2])
        assert (TESTS / file).is_file(), file


def test_every_danger_has_a_test_that_exists_or_a_reason() -> None:
    table = rows("Dangers")
    texts = {path: path.read_text() for path in TESTS.rglob("test_*.py")}

    assert [row[0] for row in table] == [f"D{number}" for number in range(1, 31)]
    for number, _, done in table:
        named = re.findall(r"`(test_\w+)`", done)
        assert named or "not testable" in done, number
        for name in named:
            assert any(f"def {name}(" in text for text in texts.values()), name


def test_every_assumption_that_is_named_is_a_switch_or_said_to_be_none() -> None:
    offered = (REPOSITORY / "energy_pipeline/simulators/enerkey/switches.py").read_text()
    named = {
        number for row in rows("The twenty operations") for number in re.findall(r"A\d+", row[3])
    }

    not_offered = {"A6", "A58", "A65"}  # no shape on the wire to switch to
    lacking = {number for number in named if not re.search(rf"# {number}\b", offered)}
    assert lacking == not_offered
