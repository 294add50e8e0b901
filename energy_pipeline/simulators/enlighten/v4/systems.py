"""Dialect v4: systems as they are listed, searched and summed up."""

from collections.abc import Callable, Sequence
from datetime import datetime

from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline.simulators.enlighten.figures import day_figures
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Call, Json, Parameters, View
from energy_pipeline.simulators.enlighten.v4.parameters import day, positive

_PAGE = 10
_LONGEST_PAGE = 100
_NMI = {"null": None, "text": "6305552410", "number": 6305552410}
_SORTING = (
    "Invalid request because of 'The sorting parameter is not supported. "
    "Please use id for sorting by Asc or -id for sorting by Desc'"
)


def systems_page(call: Call) -> Json:
    """Return one page of the user's systems."""
    in_order = sorted_views(call.views(), call.params.get("sort_by"), call)
    return paged(call.params, [listing(view) for view in in_order], _LONGEST_PAGE)


def paged(params: Parameters, found: Sequence[Json], longest_page: int) -> Json:
    """Return the page that the query asks for.

    Raises:
        Refusal: page or size cannot be read.
    """
    page = positive(params, "page", 1)
    size = min(positive(params, "size", _PAGE), longest_page)
    shown = found[(page - 1) * size : page * size]
    return {
        "total": len(found),
        "current_page": page,
        "size": size,
        "count": len(shown),
        "items": "systems",
        "systems": shown,
    }


def sorted_views(views: Sequence[View], sort_by: str | None, call: Call) -> list[View]:
    """Return the systems in the order asked for; the default depends on the documentation.

    Raises:
        Refusal: an order that is not supported.
    """
    keys: dict[str, Callable[[View], str | int]] = {"id": lambda view: view.system.system_id}
    if call.switches.docs == "2023":
        keys["name"] = lambda view: view.system.name
        keys["last_report_date"] = lambda view: view.meta["last_report_at"] or 0
    asked = sort_by or ("-id" if call.switches.docs == "2023" else "id")
    key = keys.get(asked.removeprefix("-"))
    if key is None:
        raise refusals.unprocessable(_SORTING)
    return sorted(views, key=key, reverse=asked.startswith("-"))


def listing(view: View, *, with_city: bool = True) -> Json:
    """Return a system as an element of a list."""
    system, meta = view.system, view.meta
    place = {"state": system.state, "country": system.country, "postal_code": system.postal_code}
    reference = {"reference": system.reference} if system.reference else {}
    return {
        "system_id": system.system_id,
        "name": system.name,
        "public_name": system.public_name,
        "timezone": system.timezone,
        "address": {"city": system.city, **place} if with_city else place,
        "connection_type": system.connection_type,
        **_list_figures(view),
        **meta,
        "attachment_type": None,
        "interconnect_date": _interconnect_date(system, view),
        **reference,
    }


def summary(view: View) -> Json:
    """Return the figures of one local day and of all days before it.

    Raises:
        Refusal: the day is unreadable or in the future.
    """
    system, meta = view.system, view.meta
    asked = day(view.params, "summary_date") or view.today
    if asked > view.today:
        raise refusals.in_future()
    figures = day_figures(view.cloud, system, asked, view.now)
    battery = system.battery
    return {
        "system_id": system.system_id,
        "current_power": figures.current_power_w,
        "energy_lifetime": figures.energy_lifetime_wh,
        "energy_today": figures.energy_today_wh,
        "last_interval_end_at": meta["last_energy_at"],
        "last_report_at": meta["last_report_at"],
        "modules": figures.modules,
        "operational_at": meta["operational_at"],
        "size_w": figures.size_w,
        "nmi": _NMI[view.switches.nmi],
        "source": "meter" if system.has_meter else "microinverters",
        "status": meta["status"],
        "summary_date": str(asked),
        "battery_charge_w": battery.power_w if battery else 0,
        "battery_discharge_w": battery.power_w if battery else 0,
        "battery_capacity_wh": battery.capacity_wh if battery else 0,
    }


def _list_figures(view: View) -> Json:
    if view.switches.list_figures == "frozen":
        return {"energy_lifetime": -1, "energy_today": -1, "system_size": -1}
    figures = day_figures(view.cloud, view.system, view.today, view.now)
    return {
        "energy_lifetime": figures.energy_lifetime_wh,
        "energy_today": figures.energy_today_wh,
        "system_size": figures.size_w,
    }


def _interconnect_date(system: System, view: View) -> str | int | None:
    match view.switches.interconnect_date:
        case "null":
            return None
        case "epoch":
            return system.operational_at
        case "date":
            return str(datetime.fromtimestamp(system.operational_at, system.zone).date())
