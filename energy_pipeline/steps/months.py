"""Asset `enlighten_monthly_production`: the vendor's totals of months, against its totals of days.

Dialect v2 alone has them. One request per site and month, so only what a person asks for; a month
that is held is not asked for again.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.configuration.sites import Site
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY, ENLIGHTEN_MONTHLY_PRODUCTION
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.v2.months import MonthTotal, monthly_production
from energy_pipeline.steps.enlighten_snapshots import (
    Due,
    Row,
    SnapshotReport,
    accessed_sites,
    refresh_snapshot,
)
from energy_pipeline.transform.local_days import TOLERANCE_SHARE, TOLERANCE_WH
from energy_pipeline.workbench import Workbench

TWO_METERS_SHARE = 0.02
"""Microinverters and the meter of one house differ by one or two per cent."""


def fetch_months(
    bench: Workbench, months: Sequence[str] = (), *, force: bool = False
) -> SnapshotReport:
    """Fetch totals of months of the workbench's sites in dialect v2.

    Args:
        bench: what to work with.
        months: `YYYY-MM`; none: the last one that is over at each site. Those before a site's
            start, and those that are not over, are left out.
        force: ask for months that are held, too.

    Raises what `refresh_snapshot` raises, and:
        ConfigurationError: a text that is no month.
    """
    wanted = [_first_day(month) for month in months]
    held = bench.store.read_snapshot(ENLIGHTEN_MONTHLY_PRODUCTION).to_pylist()
    known = set() if force else {(row["site"], row["first_day"]) for row in held}
    due = [
        Due(site, access, first)
        for site, access in accessed_sites(bench)
        if access.api == "v2"
        for first in _over(bench, site, wanted)
        if (site.id, first) not in known
    ]

    async def total(ask: Ask, month: Due) -> Sequence[Row]:
        found = await monthly_production(ask, month.access.system_id, month.about)
        return _rows(bench, month, found)

    return refresh_snapshot(bench, ENLIGHTEN_MONTHLY_PRODUCTION, due, total, is_everything=False)


def differing_months(bench: Workbench) -> list[dict[str, Any]]:
    """Return the months that differ from the sum of the vendor's own days; no request.

    Only months of which every day's total is held. Where days are counted by microinverters and
    months by a meter, they may differ as two meters do.

    Members: site, month, month_wh, days_wh, difference_wh.
    """
    by_site = {site.id: site for site in bench.registry.sites}
    held = bench.store.read_snapshot(ENLIGHTEN_MONTHLY_PRODUCTION, list(by_site)).to_pylist()
    totals = bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, list(by_site))
    totals = totals.filter(pc.equal(totals["stream"], pa.scalar("production")))
    found: list[dict[str, Any]] = []
    for row in held:
        days = Days(row["first_day"], row["last_day"])
        days_wh = _sum_of_days(totals, row["site"], days)
        if days_wh is None:
            continue
        difference_wh = row["energy_wh"] - days_wh
        if abs(difference_wh) > _allowed_wh(by_site[row["site"]], row):
            found.append(
                {
                    "site": row["site"],
                    "month": f"{row['first_day']:%Y-%m}",
                    "month_wh": row["energy_wh"],
                    "days_wh": days_wh,
                    "difference_wh": difference_wh,
                }
            )
    return found


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        problem = Problem("run config", "months", repr(month), "months as 2024-05")
        raise ConfigurationError([problem]) from None


def _over(bench: Workbench, site: Site, wanted: Sequence[date]) -> Iterable[date]:
    """Return the first days of the months that are over at a site and not before its start."""
    this_month = bench.clock.now().astimezone(site.zone).date().replace(day=1)
    before = (this_month - DAY).replace(day=1)
    first = site.start.replace(day=1)
    return [day for day in wanted or [before] if first <= day < this_month]


def _rows(bench: Workbench, month: Due, found: MonthTotal | None) -> Sequence[Row]:
    if found is None or found.energy_wh is None:
        return []
    counted = [
        reading.end_wh - reading.start_wh
        for reading in found.meter_readings
        if reading.end_wh is not None and reading.start_wh is not None
    ]
    row = {
        "site": month.site.id,
        "system_id": month.access.system_id,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "energy_wh": found.energy_wh,
        "metered_wh": sum(counted) if counted else None,
        "fetched_at": bench.clock.now(),
    }
    return [row]


def _sum_of_days(totals: pa.Table, site: str, days: Days) -> float | None:
    """Return the sum of a site's days, None when one of them is not held."""
    first, last = (pa.scalar(day, pa.date32()) for day in (days.first, days.last))
    inside = pc.and_(
        pc.equal(totals["site"], pa.scalar(site)),
        pc.and_(pc.greater_equal(totals["day"], first), pc.less_equal(totals["day"], last)),
    )
    energy = totals.filter(inside)["energy_wh"]
    return pc.sum(energy).as_py() if len(energy) == len(days) else None


def _allowed_wh(site: Site, row: Row) -> float:
    is_micro = site.enlighten is not None and site.enlighten.production == "micro"
    by_two_meters = is_micro and row["metered_wh"] is not None
    share = TWO_METERS_SHARE if by_two_meters else TOLERANCE_SHARE
    return max(TOLERANCE_WH, share * abs(row["energy_wh"]))
