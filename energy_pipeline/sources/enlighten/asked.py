"""One question to either dialect: a path and parameters in, a body of a known shape out."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

import httpx
from pydantic import BaseModel

from energy_pipeline.sources.enlighten.bodies import read_body
from energy_pipeline.sources.enlighten.refusals import Refusal

_SomeBody = TypeVar("_SomeBody", bound=BaseModel)


class Ask(Protocol):
    """Asks for a path from `/api/` on; raises what the dialect's `connection.py` says."""

    async def __call__(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> httpx.Response | Refusal:
        """Return a good answer, or why there is nothing to give."""
        ...


async def ask_for(
    shape: type[_SomeBody], ask: Ask, path: str, params: Mapping[str, str] | None = None
) -> _SomeBody | None:
    """Return the body of an answer; None when there is nothing to give.

    Raises:
        SchemaSurprise: the body has another shape; the message names request, place and value.
    """
    answer = await ask(path, params)
    if isinstance(answer, Refusal):
        return None
    return read_body(shape, answer.content, f"GET {path}")
