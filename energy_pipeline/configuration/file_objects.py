"""Objects of a user's file: as models see them, and as rules look at them before the models do.

Rules speak even where another member is wrong; they pass over everything that has not the expected
form, since the models report that. Which rules there are is in `site_rules` and
`provisioning_rules`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

from energy_pipeline.configuration.found import MemberPath, dotted, words
from energy_pipeline.configuration.located_yaml import LocatedYaml
from energy_pipeline.errors import Problem


class Members(BaseModel):
    """An object of the file: other members than the named ones are mistakes, null is absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _absent_is_none(cls, members: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        """Leave optional members out that hold null; give required ones that lack as null."""
        if not isinstance(members, dict):
            return members
        fields = cls.model_fields
        optional = {name for name, field in fields.items() if not field.is_required()}
        lacking = {name: None for name in fields if name not in optional}
        present = {
            name: value
            for name, value in members.items()
            if value is not None or name not in optional
        }
        return lacking | present


class Mistake(NamedTuple):
    """A rule that a file breaks: at which member, what was found, what is allowed."""

    path: MemberPath
    found: str
    allowed: str


class FileObject(NamedTuple):
    """An object of a document with its path."""

    path: MemberPath
    members: Mapping[str, object]

    def inner(self, name: str) -> "FileObject | None":
        """Return the object that a member holds; None when it holds none."""
        value = self.members.get(name)
        return FileObject((*self.path, name), value) if isinstance(value, dict) else None

    def entries(self, name: str) -> list["FileObject"]:
        """Return the objects of the list that a member holds."""
        value = self.members.get(name)
        entries = enumerate(value) if isinstance(value, list) else ()
        return [FileObject((*self.path, name, at), e) for at, e in entries if isinstance(e, dict)]


def repeated(
    objects: Sequence[FileObject], name: str, *, ignores_case: bool = False
) -> Iterator[Mistake]:
    """Yield every text or number that a second object has as its member `name`."""
    first: dict[object, MemberPath] = {}
    for each in objects:
        value, path = each.members.get(name), (*each.path, name)
        if type(value) not in (str, int):
            continue
        key = value.casefold() if ignores_case and isinstance(value, str) else value
        if key in first:
            found = f"{words(value)}, which is {dotted(first[key])} already"
            yield Mistake(path, found, f"each {name} once in the file")
        first.setdefault(key, path)


def located(mistakes: Iterable[Mistake], document: LocatedYaml) -> list[Problem]:
    """Return mistakes with their file and line."""
    return [Problem(document.where(m.path), dotted(m.path), m.found, m.allowed) for m in mistakes]
