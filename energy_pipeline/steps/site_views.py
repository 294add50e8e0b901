"""What Enlighten says of one site at this moment, for a person at a terminal; nothing is stored.

Every view names the dialects that have it and costs one to three requests. What assets keep of the
same endpoints is in their own steps.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from energy_pipeline.calendar import DAY, Span
from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.sources.enlighten.asked import Ask, ask_for
from energy_pipeline.sources.enlighten.bodies import Body, Summary
from energy_pipeline.sources.enlighten.inverters import inverters
from energy_pipeline.sources.enlighten.meter_readings import (
    CONSUMPTION,
    PRODUCTION,
    STORAGE,
    meter_readings,
)
from energy_pipeline.sources.enlighten.phases import phases
from energy_pipeline.sources.enlighten.v2 import wire as v2
from energy_pipeline.sources.enlighten.v2.inventory import envoys
from energy_pipeline.sources.enlighten.v4 import wire as v4
from energy_pipeline.sources.enlighten.v4.events import alarms
from energy_pipeline.sources.enlighten.v4.latest import latest_telemetry
from energy_pipeline.sources.enlighten.v4.search import system
from energy_pipeline.steps.enlighten_account import open_enlighten
from energy_pipeline.workbench import Workbench

Row = Mapping[str, Any]

_SYSTEMS = {"v2": v2.SYSTEMS, "v4": v4.SYSTEMS}
_BOTH = ("v2", "v4")
_WEEK = timedelta(days=7)
_UNITS = {"current_power": "w", "energy_today": "wh", "energy_lifetime": "wh"}
_INSTANTS = ("operational_at", "last_report_at", "last_interval_end_at")


@dataclass(frozen=True)
class _View:
    """One view.

    Args:
        dialects: which have it.
        rows: asks for it; the instant is the present one.
    """

    dialects: Sequence[str]
    rows: Callable[[Ask, EnlightenAccess, datetime], Awaitable[Sequence[Row]]]


async def site_view(bench: Workbench, site_id: str, what: str) -> Sequence[Row]:
    """Return the rows of a view, with names of columns that carry their units.

    Args:
        bench: what to work with.
        site_id: a site that Enlighten knows.
        what: one of `VIEWS`.

    Raises:
        ConfigurationError: there is no such site, or no key.
        EnergyPipelineError: Enlighten does not know the site, or its dialect lacks the view.
        ServiceError: there was no usable answer.
        QuotaSpent: the plan allows no request now.
    """
    access = bench.registry.site(site_id).enlighten
    if access is None:
        raise EnergyPipelineError(f"site {site_id}: sites.yaml names no enlighten for it")
    view = VIEWS[what]
    if access.api not in view.dialects:
        found = ", ".join(name for name, each in VIEWS.items() if access.api in each.dialects)
        raise EnergyPipelineError(f"{what}: not in dialect {access.api}, which has: {found}")
    async with open_enlighten(bench) as account:
        return await view.rows(account.ask_of(access), access, bench.clock.now())


async def _summary(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    path = f"{_SYSTEMS[access.api]}/{access.system_id}/{v4.SUMMARY}"
    found = await ask_for(Summary, ask, path)
    return [_in_units(row) for row in _members([found] if found else [])]


def _in_units(row: Row) -> Row:
    """Return the members of a summary with units in their names, and seconds as instants."""
    named = {f"{name}_{_UNITS[name]}" if name in _UNITS else name: row[name] for name in row}
    epochs_s = {name: row[name] for name in _INSTANTS if row[name] is not None}
    return named | {name: datetime.fromtimestamp(s, UTC) for name, s in epochs_s.items()}


async def _system(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    found = await system(ask, access.system_id)
    return _members([found] if found else [])


async def _gateways(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    return [asdict(device) for device in await envoys(ask, access.system_id)]


async def _inverters(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    is_paged = access.api == "v4"
    systems = _SYSTEMS[access.api]
    return _members(await inverters(ask, systems, access.system_id, paged=is_paged))


async def _counters(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    systems = _SYSTEMS[access.api]
    kinds = (PRODUCTION,) if access.api == "v2" else (PRODUCTION, CONSUMPTION, STORAGE)
    return [
        {"of": kind.partition("_")[0], **reading.model_dump()}
        for kind in kinds
        for reading in await meter_readings(ask, systems, access.system_id, kind=kind)
    ]


async def _phases(ask: Ask, access: EnlightenAccess, now: datetime) -> Sequence[Row]:
    """Return the phases of the last day."""
    window = Span(now - DAY, now)
    found = await phases(ask, _SYSTEMS[access.api], access.system_id, window)
    return [asdict(phase) for phase in found]


async def _power(ask: Ask, access: EnlightenAccess, _: datetime) -> Sequence[Row]:
    kinds = await latest_telemetry(ask, access.system_id)
    return [
        {"kind": kind, **row.model_dump()} for kind, channels in kinds.items() for row in channels
    ]


async def _alarms(ask: Ask, access: EnlightenAccess, now: datetime) -> Sequence[Row]:
    """Return the alarms of the last week, active and over."""
    window = (now - _WEEK, now)
    found = [
        alarm
        for is_over in (False, True)
        for alarm in await alarms(ask, access.system_id, *window, cleared=is_over)
    ]
    return [
        {**alarm.model_dump(exclude={"events", "id"}), "devices": len(alarm.events)}
        for alarm in found
    ]


def _members(bodies: Iterable[Body]) -> Sequence[Row]:
    return [body.model_dump() for body in bodies]


VIEWS: Mapping[str, _View] = {
    "summary": _View(_BOTH, _summary),
    "system": _View(("v4",), _system),
    "gateways": _View(("v2",), _gateways),
    "inverters": _View(_BOTH, _inverters),
    "counters": _View(_BOTH, _counters),
    "phases": _View(_BOTH, _phases),
    "power": _View(("v4",), _power),
    "alarms": _View(("v4",), _alarms),
}
"""What can be shown of a site."""
