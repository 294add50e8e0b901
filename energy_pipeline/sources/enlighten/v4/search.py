"""Dialect v4: one system, and the systems that match a search."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import httpx
from pydantic import Field

from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body, read_body
from energy_pipeline.sources.enlighten.lenient import Figure, Instant, Label, OneList
from energy_pipeline.sources.enlighten.v4 import wire

Post = Callable[[str, Mapping[str, Any], Mapping[str, str]], Awaitable[httpx.Response]]
"""Sends a body to a path with parameters and returns a good answer."""


class Address(Body):
    """Where a system is, as far as it is told."""

    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: Label = None


class FoundSystem(Body):
    """A system with its state now; its figures are None since lists do not give them any more."""

    system_id: int
    name: str | None = None
    timezone: str | None = None
    address: Address | None = None
    connection_type: str | None = None
    status: str | None = None
    last_report_at: Instant = None
    last_energy_at: Instant = None
    operational_at: Instant = None
    energy_lifetime_wh: Figure = Field(default=None, validation_alias="energy_lifetime")
    energy_today_wh: Figure = Field(default=None, validation_alias="energy_today")
    size_w: Figure = Field(default=None, validation_alias="system_size")


class _Page(Body):
    total: int | None = None
    systems: Annotated[list[FoundSystem], OneList]


async def system(ask: Ask, system_id: int) -> FoundSystem | None:
    """Return one system.

    Raises:
        NotFound: there is none of that id.
        SchemaSurprise: the answer has another shape.
    """
    return await ask_for(FoundSystem, ask, f"{wire.SYSTEMS}/{system_id}")


async def search(
    post: Post, *, ids: Sequence[int] = (), name: str = "", statuses: Sequence[str] = ()
) -> list[FoundSystem]:
    """Return the systems that match everything that is given; one request per 1,000.

    Args:
        post: sends a body in dialect v4.
        ids: some of these; none: any.
        name: a part of the name.
        statuses: some of these; none: any.

    Raises:
        RequestRefused: a status that cannot be searched for.
        SchemaSurprise: the answer has another shape.
    """
    path = f"{wire.SYSTEMS}/{wire.SEARCH}"
    wanted = {"ids": list(ids), "name": name, "statuses": list(statuses)}
    body = {"system": {member: value for member, value in wanted.items() if value}}
    found: dict[int, FoundSystem] = {}
    page = 1
    while True:
        params = {wire.PAGE: str(page), wire.SIZE: str(wire.LONGEST_SEARCH_PAGE)}
        response = await post(path, body, params)
        listed = read_body(_Page, response.content, f"POST {path}").systems
        is_new = any(each.system_id not in found for each in listed)
        found |= {each.system_id: each for each in listed}
        if not is_new or len(listed) < wire.LONGEST_SEARCH_PAGE:
            return list(found.values())
        page += 1
