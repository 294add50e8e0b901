"""Dialect v4: `POST /systems/search`, whose filters are in a JSON body."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Call, Json, View
from energy_pipeline.simulators.enlighten.v4.systems import listing, paged, sorted_views

_LONGEST_PAGE = 1000
_STATUSES = frozenset(
    {
        "normal",
        "comm",
        "micro",
        "power",
        "meter",
        "battery",
        "storage_idle",
        "meter_issue",
        "enpower",
        "encharge",
        "enpower_issue",
        "encharge_issue",
    }
)
_SHARED: Mapping[str, Callable[[View, Any], bool]] = MappingProxyType(
    {
        "ids": lambda view, wanted: view.system.system_id in wanted,
        "name": lambda view, wanted: wanted.lower() in view.system.name.lower(),
        "statuses": lambda view, wanted: view.meta["status"] in wanted,
    }
)
_FILTERS: Mapping[str, Mapping[str, Callable[[View, Any], bool]]] = MappingProxyType(
    {
        "2023": {
            **_SHARED,
            "public_name": lambda view, wanted: wanted in view.system.public_name,
            "connection_type": lambda view, wanted: view.system.connection_type == wanted,
        },
        "2026": {
            **_SHARED,
            "reference": lambda view, wanted: view.system.reference == wanted,
            "other_reference": lambda _view, _wanted: False,  # no simulated system has one
        },
    }
)


def search(call: Call) -> Json:
    """Return one page of the systems that pass every filter.

    Raises:
        Refusal: the body is no search.
    """
    body = _object(call.content)
    wanted = body.get("system")
    if not isinstance(wanted, dict):
        raise refusals.unprocessable("system is missing at Json body location")
    filters = _FILTERS[call.switches.docs]
    _require_known(body, {"system", "sort_by"})
    _require_known(wanted, filters.keys())
    unknown = set(wanted.get("statuses") or ()) - _STATUSES
    if unknown:
        raise refusals.unprocessable("statuses is invalid at Json body location")
    asked = [(filters[name], value) for name, value in wanted.items() if value]
    found = [v for v in call.views() if all(passes(v, value) for passes, value in asked)]
    in_order = sorted_views(found, body.get("sort_by"), call)
    return paged(call.params, [_listed(call, view) for view in in_order], _LONGEST_PAGE)


def _listed(call: Call, view: View) -> Json:
    entry = listing(view, with_city=False)
    if call.params.get("live_stream") == "true":
        return {**entry, "live_stream": "disabled"}
    return entry


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    return body if isinstance(body, dict) else {}


def _require_known(members: Mapping[str, Any], known: Collection[str]) -> None:
    for name in members:
        if name not in known:
            raise refusals.unprocessable(f"{name} is not allowed at Json body location")
