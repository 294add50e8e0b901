"""YAML that remembers its lines.

Plain values are read as a person means them: only `true` and `false` are truth values, only decimal
digits are numbers, so that `no` stays a text and `0101` is not taken for 65. A name that occurs
twice in an object is a mistake. What the file must hold is in `sites`.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.reader import ReaderError
from yaml.resolver import Resolver

from energy_pipeline.configuration.found import WHOLE_FILE, MemberPath, dotted
from energy_pipeline.errors import ConfigurationError, Problem

_TAG = "tag:yaml.org,2002:"
_PLAIN_VALUES = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?(0|[1-9][0-9]{0,30})",
    "float": r"[-+]?[0-9]{1,30}\.[0-9]{0,30}",
    "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_KNOWN_TAGS = {"map", "seq", "str", *_PLAIN_VALUES}


class _Loader(Composer, CParser, Resolver):
    """Builds the tree of nodes from libyaml's events; knows no plain values but those above."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - declared in the way of its base

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


for _name, _pattern in _PLAIN_VALUES.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), None)


class LocatedYaml:
    """A document: its `data` as plain values, `problems` of its form, and the line of each member.

    Args:
        path: the file, as problems name it.
        root: the document's node, None for an empty file.
    """

    def __init__(self, path: Path, root: yaml.Node | None) -> None:
        self._path = path
        self._root = root
        self.problems: list[Problem] = []
        self._values: dict[int, object] = {}
        self._open: set[int] = set()
        self.data = None if root is None else self._value(root, ())

    def line(self, path: MemberPath) -> int:
        """Return the line of a member; of one that is not there, the line of its object."""
        node, line = self._root, 1 if self._root is None else _line(self._root)
        for step in path:
            found = None if node is None else _member(node, step)
            if found is None:
                break
            name, node = found
            line = _line(name)
        return line

    def where(self, path: MemberPath) -> str:
        """Return file and line of a member."""
        return f"{self._path}:{self.line(path)}"

    @staticmethod
    def order(problem: Problem) -> int:
        """Return the line of a problem, to list problems as the file has them."""
        return int(problem.where.rpartition(":")[2])

    def _value(self, node: yaml.Node, path: MemberPath) -> object:
        """Return the plain value; a node that several aliases name is read once."""
        if id(node) in self._open:
            self._report(node, path, "an alias of an object inside itself", "a plain value")
            return None
        if id(node) not in self._values:
            self._open.add(id(node))
            self._values[id(node)] = self._read(node, path)
            self._open.remove(id(node))
        return self._values[id(node)]

    def _read(self, node: yaml.Node, path: MemberPath) -> object:
        if node.tag.removeprefix(_TAG) not in _KNOWN_TAGS:
            self._report(node, path, "a tag", "a value without a tag")
        if isinstance(node, yaml.MappingNode):
            return self._object(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, at)) for at, item in enumerate(node.value)]
        return _scalar(node)

    def _object(self, node: yaml.MappingNode, path: MemberPath) -> dict[str, object]:
        members: dict[str, object] = {}
        lines: dict[str, int] = {}
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                self._report(name, path, "a list or object as a member's name", "a name")
                continue
            inner = (*path, name.value)
            if name.value in members:
                found = f"the member a second time, first in line {lines[name.value]}"
                self._report(name, inner, found, "each member once")
                continue
            members[name.value] = self._value(value, inner)
            lines[name.value] = _line(name)
        return members

    def _report(self, node: yaml.Node, path: MemberPath, found: str, allowed: str) -> None:
        where = f"{self._path}:{_line(node)}"
        self.problems.append(Problem(where, dotted(path), found, allowed))


def load_yaml(path: Path, example: str = "sites.example.yaml") -> LocatedYaml:
    """Read a file of one YAML document.

    Args:
        path: the file.
        example: the file at the root that shows what it may hold.

    Raises:
        ConfigurationError: the file cannot be read, or not as YAML; the line is named.
    """
    text = _text(path, example)
    try:
        return LocatedYaml(path, _Loader(text).get_single_node())
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"the character U+{error.character:04X}"
        raise _not_yaml(f"{path}:{line}", found, "printable characters") from None
    except yaml.MarkedYAMLError as error:
        lines = text.splitlines()
        line = _line_of(error, len(lines))
        if _is_indented_by_tab(lines, error):
            raise _not_yaml(f"{path}:{line}", "a tab", "spaces, by which YAML indents") from None
        raise _not_yaml(f"{path}:{line}", _said(error), "YAML") from None
    except RecursionError:
        raise _not_yaml(f"{path}:1", "objects inside objects without end", "YAML") from None


def _text(path: Path, example: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise _not_yaml(str(path), "no such file", f"a file, see {example}") from None
    except OSError as error:
        found = f"a file that cannot be read: {error.strerror}"
        raise _not_yaml(str(path), found, "a readable file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _not_yaml(f"{path}:{line}", "a byte that is not UTF-8", "UTF-8 text") from None


def _not_yaml(where: str, found: str, allowed: str) -> ConfigurationError:
    return ConfigurationError([Problem(where, WHOLE_FILE, found, allowed)])


def _line_of(error: yaml.MarkedYAMLError, lines: int) -> int:
    """Return where the parser gave up; at the end of the text, where the open thing began."""
    found, began = error.problem_mark, error.context_mark
    mark = began if began and found and found.line >= lines else found
    return min(mark.line + 1, lines) if mark else 1


def _is_indented_by_tab(lines: Sequence[str], error: yaml.MarkedYAMLError) -> bool:
    """Whether the parser gave up in a line that begins with a tab."""
    mark = error.problem_mark
    at = lines[mark.line : mark.line + 1] if mark else []
    return any("\t" in line[: len(line) - len(line.lstrip())] for line in at)


def _said(error: yaml.MarkedYAMLError) -> str:
    """Return the parser's words without the names that it quotes: one could be a secret."""
    said = ", ".join(part for part in (error.context, error.problem) if part)
    hidden = re.sub("'[^']+'", lambda quoted: _unless_sign(quoted[0]), said)
    return f"broken YAML: {hidden}"


def _unless_sign(quoted: str) -> str:
    return "a name" if any(each.isalnum() for each in quoted) else quoted


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _member(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node of the member's name (of an entry: the entry) and that of its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((name, value) for name, value in node.value if name.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _scalar(node: yaml.Node) -> object:
    """Return the value that a scalar stands for; what it cannot stand for stays a text."""
    text = str(node.value)
    try:
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "timestamp":
                return date.fromisoformat(text)
            case _:
                return text
    except ValueError:
        return text
