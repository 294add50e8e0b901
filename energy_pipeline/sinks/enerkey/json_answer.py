"""One answer of EnerKey as JSON: its members by name, each of the kind that it has to be.

Member names are read without regard to letter case. What has another shape than promised is an
error that names the place; nothing is guessed. What the answers mean is in `answers`,
`value_answers` and `alarms`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from energy_pipeline.errors import SchemaSurprise


class JsonAnswer:
    """Reads one answer; errors name the request.

    Args:
        answer: of a successful read.
        request: method and path without query.
    """

    def __init__(self, answer: httpx.Response, request: str) -> None:
        self._content = answer.content
        self._request = request

    def _document(self) -> object:
        try:
            return orjson.loads(self._content)
        except orjson.JSONDecodeError:
            text = self._content[:80].decode("utf-8", "replace")
            raise self._surprise("answer", text, "JSON") from None

    def _items(self, found: object, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not isinstance(found, list):
            raise self._surprise(where or "answer", found, "a list")
        for number, item in enumerate(found):
            at = f"{where}[{number}]"
            yield at, self._object(item, at)

    def _object(self, found: object, where: str) -> Mapping[str, Any]:
        if not isinstance(found, dict):
            raise self._surprise(where, found, "an object")
        return found

    def _id(self, item: Mapping[str, Any], name: str, where: str) -> int:
        found = self._optional_id(item, name, where)
        if found is None:
            raise self._surprise(f"{where}.{name}", None, "a whole number")
        return found

    def _optional_id(self, item: Mapping[str, Any], name: str, where: str) -> int | None:
        found = field_of(item, name)
        if found is None or (isinstance(found, int) and not isinstance(found, bool)):
            return found
        if isinstance(found, str) and found.isdecimal():
            return int(found)
        raise self._surprise(f"{where}.{name}", found, "a whole number")

    def _text(self, item: Mapping[str, Any], name: str, where: str) -> str:
        found = self._optional_text(item, name, where)
        if found is None:
            raise self._surprise(f"{where}.{name}", None, "a text")
        return found

    def _optional_text(self, item: Mapping[str, Any], name: str, where: str) -> str | None:
        found = field_of(item, name)
        if found is None or isinstance(found, str):
            return found
        raise self._surprise(f"{where}.{name}", found, "a text")

    def _surprise(self, where: str, found: object, allowed: str) -> SchemaSurprise:
        shown = f"{found!r}"[:80]
        message = f"{where}: found {shown}; allowed: {allowed}"
        return SchemaSurprise(message, request=self._request)

    def _optional_number(self, item: Mapping[str, Any], name: str, where: str) -> float | None:
        found = field_of(item, name)
        if found is None or (isinstance(found, int | float) and not isinstance(found, bool)):
            return found
        raise self._surprise(f"{where}.{name}", found, "a number")

    def _optional_instant(self, item: Mapping[str, Any], name: str, where: str) -> datetime | None:
        text = self._optional_text(item, name, where)
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise self._surprise(f"{where}.{name}", text, "an instant with Z or an offset")
        return instant.astimezone(UTC)


def field_of(item: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a member of an answer, whatever the letter case of its name; None without it."""
    if name in item:
        return item[name]
    wanted = name.lower()
    return next((value for key, value in item.items() if key.lower() == wanted), None)
