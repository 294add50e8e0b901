from pathlib import Path

import pytest

from energy_pipeline.configuration.located_yaml import LocatedYaml, load_yaml
from energy_pipeline.errors import ConfigurationError, Problem


def document(folder: Path, text: str | bytes) -> LocatedYaml:
    path = folder / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_yaml(path)


def refused(folder: Path, text: str | bytes) -> Problem:
    with pytest.raises(ConfigurationError) as caught:
        document(folder, text)
    (problem,) = caught.value.problems
    return problem


TEXT = """\
# a remark
a:

  - b: 1
    c:
      d: 2
  -
    b: 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("a",), 2),
        (("a", 0), 4),
        (("a", 0, "b"), 4),
        (("a", 0, "c"), 5),
        (("a", 0, "c", "d"), 6),
        (("a", 1), 8),
        (("a", 1, "b"), 8),
        (("a", 0, "x"), 4),  # not there: the object that lacks it
        (("a", 0, "c", "x"), 5),
        (("a", 7), 2),
        (("x", "y"), 2),
        (("a", 0, "b", "x"), 4),
    ],
)
def test_lines_of_members(tmp_path: Path, path: tuple[str | int, ...], line: int):
    located = document(tmp_path, TEXT)
    assert located.line(path) == line
    assert located.where(path) == f"{tmp_path / 'a.yaml'}:{line}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("0101", "0101"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("4e5459320", "4e5459320"),  # a user id, not a number
        (".inf", ".inf"),
        ("'12'", "12"),
        ("2019-02-30", "2019-02-30"),
        ("!!str 12", "12"),
        ("!!int twelve", "twelve"),
    ],
)
def test_plain_values(tmp_path: Path, text: str, value: object):
    located = document(tmp_path, f"a: {text}\n")
    assert located.data == {"a": value}
    assert type(located.data["a"]) is type(value)
    assert located.problems == []


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("a: 1\nb: c: d\n", 2, "mapping values are not allowed"),
        ("a: 1\nb: [1, 2\n", 2, "flow sequence"),
        ("a: [1,\n  2,\n  3\n", 1, "flow sequence"),
        ("a: 1\n\tb: 2\n", 2, "a tab"),
        ("a:\n  - b: 1\n\tc: 2\n", 3, "a tab"),
        ("a: [\n  b,\n  c\n", 1, "expected ',' or ']'"),
        ("a: 'x\n", 1, "quoted scalar"),
        ("a: 1\n b: 2\n", 2, "mapping"),
        ("a: 1\n---\nb: 2\n", 2, "single document"),
        ("a: 1\nb: *other\n", 2, "undefined alias a name"),
        ("a: 1\nb: \x01\n", 2, "the character U+0001"),
        (b"a: 1\nb: \xff\n", 2, "a byte that is not UTF-8"),
        ("[" * 5000 + "]" * 5000, 1, "objects inside objects without end"),
        ("[" * 200_000 + "]" * 200_000, 1, "objects inside objects without end"),
    ],
)
def test_what_is_not_yaml_has_a_line(tmp_path: Path, text: str | bytes, line: int, found: str):
    problem = refused(tmp_path, text)
    assert problem.where == f"{tmp_path / 'a.yaml'}:{line}"
    assert found in problem.found


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"b\.yaml: the file: found no such file; allowed"):
        load_yaml(tmp_path / "b.yaml")


def test_a_directory_in_place_of_the_file(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="a file that cannot be read"):
        load_yaml(tmp_path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    assert document(tmp_path, b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "member", "found"),
    [
        ("a: 1\nb:\n  c: 2\n  c: 3\n", 4, "b.c", "the member a second time, first in line 3"),
        ("- a: 1\n- b: 2\n  b: 2\n", 3, "[1].b", "the member a second time, first in line 2"),
        ("a:\n  - &x [*x]\n", 2, "a[0][0]", "an alias of an object inside itself"),
        ("a: &x {b: *x}\n", 1, "a.b", "an alias of an object inside itself"),
        ("? [1, 2]\n: 3\n", 1, "the file", "a list or object as a member's name"),
        ("a:\n  b: !!python/object:os.system x\n", 2, "a.b", "a tag"),
    ],
)
def test_mistakes_of_form(tmp_path: Path, text: str, line: int, member: str, found: str):
    (problem,) = document(tmp_path, text).problems
    assert (problem.where, problem.member) == (f"{tmp_path / 'a.yaml'}:{line}", member)
    assert problem.found == found


def test_aliases_of_aliases_do_not_grow(tmp_path: Path):
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 200)]
    located = document(tmp_path, "\n".join(lines))
    assert located.problems == []
    assert located.line(("a199", 1, 1, 1)) == 197
