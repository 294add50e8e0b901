"""The two overviews of production: `/production.json`, with two clocks in it, and the older one.

Fields for today and the last seven days are passed over: their baselines are late, frozen or
missing. What of the rest is a counter is decided in `candidates.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from energy_pipeline.sources.envoy.json_values import (
    Members,
    instant,
    members,
    number,
    objects,
    text,
    whole,
)
from energy_pipeline.sources.envoy.wire import INVERTERS_TYPE, METER_TYPE, PRODUCTION_METER

Section = Literal["production", "consumption", "storage"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a meter; lifetime energy may be a balance, hence negative."""

    power_w: float | None
    lifetime_wh: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """One entry of `/production.json`.

    Args:
        section: the list in which it stood.
        kind: `inverters`, `eim` (meter) or `acb` (AC Battery).
        measures: of a meter: `production`, `total-consumption`, `net-consumption`; else empty.
        active_count: inverters counted, or 1 for a meter; with 0 the numbers are noise.
        read_at: the gateway's own time; None when not given or 0.
        power_w: signed; None when not given.
        lifetime_wh: may be a balance, hence negative; None when not given.
        phases: with details only; unused ones may be listed.
    """

    section: Section
    kind: str
    measures: str
    active_count: int
    read_at: datetime | None
    power_w: float | None
    lifetime_wh: float | None
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class LegacyOverview:
    """`/api/v1/production`, which has no time.

    Args:
        lifetime_wh: of the inverters, or a meter's as of some quarter hour; None when not given.
        power_w: of the same moment; None when not given.
    """

    lifetime_wh: float | None
    power_w: float | None


def parse_production(value: object) -> tuple[Overview, ...]:
    """Read `/production.json`, with or without details; what is no entry is passed over."""
    return tuple(
        _overview(section, entry)
        for section in get_args(Section)
        for entry in objects(members(value).get(section))
    )


def _overview(section: Section, entry: Members) -> Overview:
    kind = text(entry, "type") or ""
    measures = text(entry, "measurementType") or ""
    if section == "production" and kind == METER_TYPE:
        measures = measures or PRODUCTION_METER  # the first firmware with meters left it out
    return Overview(
        section=section,
        kind=kind,
        measures=measures,
        active_count=whole(entry, "activeCount") or 0,
        read_at=instant(entry, "readingTime"),
        power_w=number(entry, "wNow"),
        lifetime_wh=number(entry, "whLifetime"),
        phases=tuple(
            Phase(number(line, "wNow"), number(line, "whLifetime"))
            for line in objects(entry.get("lines"))
        ),
    )


def inverter_overview(overviews: tuple[Overview, ...]) -> Overview | None:
    """Return what all inverters together have produced."""
    return next((o for o in overviews if o.kind == INVERTERS_TYPE), None)


def production_meter_overview(overviews: tuple[Overview, ...]) -> Overview | None:
    """Return what the production meter shows, in use or not."""
    found = (o for o in overviews if o.kind == METER_TYPE and o.measures == PRODUCTION_METER)
    return next(found, None)


def parse_legacy_production(value: object) -> LegacyOverview | None:
    """Read `/api/v1/production`; None when it is none."""
    overview = members(value)
    legacy = LegacyOverview(number(overview, "wattHoursLifetime"), number(overview, "wattsNow"))
    return None if legacy == LegacyOverview(None, None) else legacy
