"""Changing one value inside a JSON text and leaving every other byte as it is.

An object that is sent back to EnerKey replaces what is there: what is not known must survive, and
numbers keep their digits. So the text is edited, not read and written anew.
"""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

Path = Sequence[str | int]
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Place(NamedTuple):
    """Where a value stands: from `start` up to, not including, `end`."""

    start: int
    end: int


def read_path(text: str) -> list[str | int]:
    """Read a path such as `estimatedSavings[0].value`.

    Raises:
        ValueError: it is none.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(f"found {text!r}; allowed: names with dots and positions in brackets")
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
        if text[at : at + 1] == "." and at + 1 < len(text):
            at += 1
    if not steps:
        raise ValueError("found nothing; allowed: the path of a member")
    return steps


def written_path(path: Path) -> str:
    """Return a path as people write it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def find(text: str, path: Path) -> Place | None:
    """Return where the value of a path stands; None when there is none.

    Args:
        text: valid JSON.
        path: names and positions from the top.
    """
    start = _skip(text, 0)
    for step in path:
        place = next((p for key, p in _inside(text, start) if key == step), None)
        if place is None:
            return None
        start = place.start
    return Place(start, _end(text, start))


def replace(text: str, place: Place, value: str) -> str:
    """Return the text with another JSON value in a place."""
    return text[: place.start] + value + text[place.end :]


def differences(old: str, new: str) -> list[tuple[str, str, str]]:
    """Return path, old and new text of every plain value in which two JSON texts differ.

    The same number or text written in another way is no difference; what is not there is `nothing`.
    """
    before, after = (dict(_leaves(text, _skip(text, 0), ())) for text in (old, new))
    paths = [*after, *(path for path in before if path not in after)]
    return [
        (written_path(path), before.get(path, "nothing"), after.get(path, "nothing"))
        for path in paths
        if _meaning(before.get(path)) != _meaning(after.get(path))
    ]


def _meaning(text: str | None) -> tuple[type, object] | None:
    if text is None:
        return None
    value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return type(value), value


def _leaves(text: str, start: int, path: tuple[str | int, ...]) -> Iterator[tuple[Path, str]]:
    is_empty = True
    for key, place in _inside(text, start):
        is_empty = False
        yield from _leaves(text, place.start, (*path, key))
    if is_empty:
        shown = text[start : _end(text, start)]
        yield path, "".join(shown.split()) if shown[:1] in "{[" else shown


def _inside(text: str, start: int) -> Iterator[tuple[str | int, Place]]:
    """Yield the names or positions inside an object or array, with where their values stand."""
    opening = text[start]
    if opening not in "{[":
        return
    at, number = _skip(text, start + 1), 0
    while text[at] not in "}]":
        key: str | int = number
        if opening == "{":
            name, at = _DECODER.raw_decode(text, at)
            key, at = str(name), _skip(text, _skip(text, at) + 1)  # behind the colon
        end = _end(text, at)
        yield key, Place(at, end)
        at, number = _skip(text, end), number + 1
        if text[at] == ",":
            at = _skip(text, at + 1)


def _end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
