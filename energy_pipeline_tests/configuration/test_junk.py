"""Whatever a file or variable holds, the answer is a configuration or a list of mistakes."""

import re
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_pipeline.configuration.environment import PATH_OF_VARIABLE, load_settings
from energy_pipeline.configuration.sites import (
    EnlightenAccess,
    EnvoyAccess,
    Registry,
    Site,
    Upload,
    load_registry,
)
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline_tests.configuration.documents import SETTINGS, VALID

NAMES = [*Registry.model_fields, *Site.model_fields]
NAMES += [*EnlightenAccess.model_fields, *EnvoyAccess.model_fields, *Upload.model_fields]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.text(max_size=8),
    st.sampled_from(["v2", "v4", "kWh", "cumulative", "production", "Europe/Helsinki", "67"]),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6),
    ),
    max_leaves=30,
)
SITE_JUNK = st.fixed_dictionaries({"sites": st.lists(JUNK, max_size=3)})
WITH_A_FILE = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def outcome(path: Path, content: bytes) -> Registry | None:
    path.write_bytes(content)
    try:
        return load_registry(path, SETTINGS)
    except ConfigurationError as error:
        problems = error.problems
    lines = len(re.findall("[\r\n\x85\u2028\u2029]", content.decode("utf-8", "replace"))) + 1
    assert problems
    for problem in problems:
        assert 1 <= int(problem.where.removeprefix(f"{path}:")) <= lines
        assert problem.found
        assert problem.allowed
    return None


def mistakes(environ: dict[str, str], dotenv: Path | None = None) -> tuple[Problem, ...]:
    try:
        load_settings(environ, dotenv)
    except ConfigurationError as error:
        return error.problems
    return ()


@WITH_A_FILE
@given(junk=JUNK | SITE_JUNK)
def test_any_document(tmp_path: Path, junk: object):
    outcome(tmp_path / "sites.yaml", yaml.safe_dump(junk, allow_unicode=True).encode())


@WITH_A_FILE
@given(text=st.text() | st.text("[]{}:-?&*!|>'\"%@# \n\tab1"))
def test_any_text(tmp_path: Path, text: str):
    outcome(tmp_path / "sites.yaml", text.encode("utf-8", "surrogatepass"))


@WITH_A_FILE
@given(at=st.integers(0, len(VALID)), length=st.integers(0, 40), text=st.text(max_size=6))
def test_any_slip_of_the_pen(tmp_path: Path, at: int, length: int, text: str):
    slipped = VALID[:at] + text + VALID[at + length :]
    outcome(tmp_path / "sites.yaml", slipped.encode("utf-8", "surrogatepass"))


@settings(deadline=None, max_examples=200)
@given(environ=st.dictionaries(st.sampled_from(sorted(PATH_OF_VARIABLE)), st.text(), max_size=6))
def test_any_environment(environ: dict[str, str]):
    members = {problem.member for problem in mistakes(environ)}
    assert members <= {*environ, "ENERGY_STATE_URL"}


@WITH_A_FILE
@given(content=st.binary() | st.text("AB=#'\"$ \n\\").map(str.encode))
def test_any_dotenv(tmp_path: Path, content: bytes):
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(content)
    assert all(problem.where.startswith(str(dotenv)) for problem in mistakes({}, dotenv))


def test_junk_can_be_valid(tmp_path: Path):
    """The tests above would see a registry: the valid file is one."""
    assert isinstance(outcome(tmp_path / "sites.yaml", VALID.encode()), Registry)
