"""From a refused value to a `Problem`: what was found, what is allowed.

The models of `environment` and `sites` say with `Allowed` what a person may write; the words for
what was found are chosen here. Values of secrets are never quoted.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import cast, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, SecretStr, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from energy_pipeline.errors import Problem

MemberPath = tuple[str | int, ...]
"""Way to a member from the top of the file: names and positions."""

SECRET_FOUND = "a value (not shown)"  # noqa: S105 - words, not a secret
WHOLE_FILE = "the file"
_LONGEST_QUOTE = 60


class Allowed:
    """Annotation of a type: the words for what is allowed, whatever check refused the value."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Replace every error of the annotated type by one that carries the words."""
        return core_schema.custom_error_schema(
            handler(source),
            custom_error_type="not_allowed",
            custom_error_message="{allowed}",
            custom_error_context={"allowed": self.text},
        )


def words(value: object) -> str:
    """Say what was found: texts shortened, structures only named, logins and tokens not shown."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if re.search(r"://.*@|^eyJ[\w-]+\.", value):
            return SECRET_FOUND
        shown = value if len(value) <= _LONGEST_QUOTE else value[:_LONGEST_QUOTE] + "…"
        return f"the text {shown!r}"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return value.isoformat() if isinstance(value, date) else str(value)


def listed(names: Collection[str]) -> str:
    """Join names as a person would: `a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def dotted(path: MemberPath) -> str:
    """Write a path as `sites[0].uploads[1].unit`; the empty one is the whole file."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or WHOLE_FILE


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    where: Callable[[MemberPath], str],
    member: Callable[[MemberPath], str] = dotted,
) -> Iterator[Problem]:
    """Turn every refusal of `model` into a problem.

    Args:
        error: what the model refused.
        model: the model that was validated, to name the members it has.
        where: file and line of a path.
        member: how the user calls a path.
    """
    secrets = set(_secret_members(model))
    for details in error.errors(include_url=False):
        path = tuple(step for step in details["loc"] if step != "[key]")
        yield Problem(
            where=where(path),
            member=member(path),
            found=_found(details, secrets),
            allowed=_allowed(details, model),
        )


def _found(details: ErrorDetails, secrets: Collection[str]) -> str:
    if _is_unknown_member(details):
        return "an unknown member"
    value = details["input"]
    is_secret = value not in (None, "") and any(step in secrets for step in details["loc"])
    return SECRET_FOUND if is_secret else words(value)


def _secret_members(model: type[BaseModel]) -> Iterator[str]:
    for part in _models_in(model):
        for name, field in part.model_fields.items():
            if any(issubclass(each, SecretStr) for each in _classes_in(field.annotation)):
                yield name


def _models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Go through a model and those of its members, each once: a model may contain itself."""
    found = [model]
    for each in found:
        yield each
        fields = each.model_fields.values()
        inner = (part for field in fields for part in _classes_in(field.annotation))
        found += {part for part in inner if issubclass(part, BaseModel)}.difference(found)


def _is_unknown_member(details: ErrorDetails) -> bool:
    return details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)


def _allowed(details: ErrorDetails, model: type[BaseModel]) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "not_allowed":
            return str(context["allowed"])
        case "literal_error":
            return str(context["expected"]).replace("'", "")
        case "extra_forbidden":
            return listed(_owner(model, details["loc"][:-1]).model_fields)
        case "model_type" | "model_attributes_type" | "dict_type":
            return "an object with members"
        case "tuple_type" | "list_type":
            return "a list"
        case _:
            return details["msg"]


def _owner(model: type[BaseModel], path: MemberPath) -> type[BaseModel]:
    """Return the model of the object at `path`."""
    for step in path:
        if isinstance(step, str):
            parts = _classes_in(model.model_fields[step].annotation)
            model = next(part for part in parts if issubclass(part, BaseModel))
    return model


def _classes_in(annotation: object) -> Iterator[type]:
    """Go through the plain classes that an annotation is made of."""
    arguments = cast("tuple[object, ...]", get_args(annotation))
    if isinstance(annotation, type) and not arguments:
        yield annotation
    for argument in arguments:
        yield from _classes_in(argument)
