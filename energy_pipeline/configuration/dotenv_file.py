"""The file `.env`: variables with the line that sets each.

Values are taken as they are written: nothing is interpolated, so a `$` in a password stays a `$`.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from energy_pipeline.configuration.found import WHOLE_FILE
from energy_pipeline.errors import ConfigurationError, Problem


class Variable(NamedTuple):
    """A variable's text and where it was set: `environment` or `.env:7`."""

    text: str
    where: str


def read_dotenv(path: Path) -> dict[str, Variable]:
    """Return the variables of the file; no file has no variables.

    Raises:
        ConfigurationError: every line that sets no variable, or a file that cannot be read.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        found = f"a file that cannot be read: {error.strerror}"
        problem = Problem(str(path), WHOLE_FILE, found, "a readable file")
        raise ConfigurationError([problem]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where = f"{path}:{line}"
        problem = Problem(where, WHOLE_FILE, "a byte that is not UTF-8", "UTF-8 text")
        raise ConfigurationError([problem]) from None
    bindings = list(parse_stream(io.StringIO(text)))
    if problems := list(_unreadable(path, bindings)):
        raise ConfigurationError(problems)
    return {
        binding.key: Variable(binding.value, f"{path}:{_line(binding)}")
        for binding in bindings
        if binding.key is not None and binding.value is not None
    }


def interpolated(path: Path) -> dict[str, str]:
    """Return the variables of the file as Dagster copies them into the environment."""
    return {name: text for name, text in dotenv_values(path).items() if text is not None}


def _unreadable(path: Path, bindings: list[Binding]) -> Iterator[Problem]:
    for binding in bindings:
        if binding.error:
            where = f"{path}:{_line(binding)}"
            yield Problem(where, "the line", "no variable", "NAME=value, or # and a remark")


def _line(binding: Binding) -> int:
    """Return the line of the variable itself: the parser counts blank lines before it in."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
