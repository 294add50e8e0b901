"""Editing JSON in place: everything else stays byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.sinks.enerkey.json_text import (
    differences,
    find,
    read_path,
    replace,
    written_path,
)

TEXT = (
    '{ "id":5012,\n "a.b": 1.50, "cost" : 8500.00 ,'
    '"list":[ {"v":1e3}, [ ] ],"e":{ },"ö":"\\u00e4" }'
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", "5012"),
        ("cost", "8500.00"),
        ("list[0].v", "1e3"),
        ("list[1]", "[ ]"),
        ("e", "{ }"),
        ("ö", '"\\u00e4"'),
        ("list[2]", None),
        ("list.v", None),
        ("nothing", None),
        ("id.deeper", None),
    ],
)
def test_find(path: str, found: str | None) -> None:
    place = find(TEXT, read_path(path))

    assert (place and TEXT[place.start : place.end]) == found


def test_replace_leaves_everything_else() -> None:
    place = find(TEXT, ["cost"])
    assert place is not None

    assert replace(TEXT, place, "1") == TEXT.replace("8500.00", "1")


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", "[x]", "a[", "a[1", "a]"])
def test_paths_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        read_path(text)


def test_differences() -> None:
    assert differences('{"a":1.0,"b":{"c":[1,2]}}', '{"a":1.01,"b":{"c":[1]},"d":null}') == [
        ("a", "1.0", "1.01"),
        ("d", "nothing", "null"),
        ("b.c[1]", "2", "nothing"),
    ]
    same = ('{"a":[ ], "b": 1.0, "c":"\\u00e4"}', '{"b":1,"a":[],"c":"ä"}')
    assert differences(*same) == []
    assert differences('{"a":1}', '{"a":true}') == [("a", "1", "true")]


DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def paths_of(document: Any, path: tuple = ()) -> list[tuple]:
    inside = document.items() if isinstance(document, dict) else ()
    inside = enumerate(document) if isinstance(document, list) else inside
    return [path, *(p for key, each in inside for p in paths_of(each, (*path, key)))]


def value_at(document: Any, path: tuple) -> Any:
    for step in path:
        document = document[step]
    return document


@given(document=DOCUMENTS, data=st.data(), indent=st.sampled_from([None, 1]))
def test_what_is_found_is_what_is_there(document: Any, data: st.DataObject, indent: Any) -> None:
    text = json.dumps(document, indent=indent)
    path = data.draw(st.sampled_from(paths_of(document)))
    place = find(text, path)
    assert place is not None

    assert json.loads(text[place.start : place.end]) == value_at(document, path)
    changed = replace(text, place, '"new"')
    assert value_at(json.loads(changed), path) == "new"
    assert changed[: place.start] == text[: place.start]
    assert changed.endswith(text[place.end :])
    assert (differences(text, text), differences(text, changed) == []) == (
        [],
        text[place.start : place.end] == '"new"',
    )


@given(st.lists(st.from_regex(r"[a-z]{1,3}", fullmatch=True) | st.integers(0, 99), min_size=1))
def test_paths_go_round(path: list) -> None:
    assert read_path(written_path(path)) == path
