"""Dialect v2: the list of systems: filters, page size, cursor."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.datastructures import QueryParams

from energy_pipeline.simulators.enlighten.dataset import number_of, user_id_of
from energy_pipeline.simulators.enlighten.v2 import refusals
from energy_pipeline.simulators.enlighten.v2.bodies import Json, View

_PAGE = 100
_LONGEST_PAGE = 1000

# How a listed system is compared with one value of a filter.
_FILTERS: Mapping[str, Callable[[View, str], bool]] = MappingProxyType(
    {
        "system_id": lambda view, value: str(view.system.system_id) == value,
        "system_name": lambda view, value: value.lower() in view.system.name.lower(),
        "status": lambda view, value: view.meta()["status"] == value,
        "reference": lambda view, value: view.system.reference == value,
        "installer": lambda view, value: view.system.installer == value,
        "connection_type": lambda view, value: view.system.connection_type == value,
    }
)


def systems_page(params: QueryParams, views: list[View]) -> Json:
    """Return one page of the systems that pass every filter, by ascending id.

    Raises:
        Refusal: `next` or `limit` cannot be read.
    """
    after = _cursor(params.get("next"))
    limit = _limit(params.get("limit"))
    rest = [v for v in views if v.system.system_id > after and _passes(params, v)]
    rest.sort(key=lambda view: view.system.system_id)
    page: dict[str, Any] = {"systems": [view.listing() for view in rest[:limit]]}
    if len(rest) > limit:
        page["next"] = user_id_of(rest[limit - 1].system.system_id)
    return page


def _passes(params: QueryParams, view: View) -> bool:
    for name, matches in _FILTERS.items():
        wanted = params.getlist(name) + params.getlist(f"{name}[]")
        if wanted and not any(matches(view, value) for value in wanted):
            return False
    return True


def _cursor(text: str | None) -> int:
    if not text:
        return -1
    try:
        return number_of(text)
    except ValueError:
        raise refusals.unreadable_parameter("next", text) from None


def _limit(text: str | None) -> int:
    if not text:
        return _PAGE
    if not text.isdecimal() or int(text) == 0:
        raise refusals.unreadable_parameter("limit", text)
    return min(int(text), _LONGEST_PAGE)
