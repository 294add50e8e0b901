"""Asset `enlighten_daily_energy`: the vendor's own totals of every local day of a site's life.

One request per site and series gives the whole life. Whether one is due is decided in
`totals_due.py`; what the totals prove, in `transform/`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from energy_pipeline.calendar import DAY, utc_midnight
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY, INSTANT
from energy_pipeline.sources.enlighten.day_totals import DayTotals
from energy_pipeline.steps.asking import Asking, side_by_side
from energy_pipeline.steps.enlighten_account import CONCURRENCY, hits_left, open_enlighten
from energy_pipeline.steps.totals_due import Wanted, due_totals
from energy_pipeline.transform.series import Series
from energy_pipeline.workbench import Workbench

_LOCK = "fetch/enlighten_daily_energy"
_WRITE_EVERY = 64  # answers; a killed process loses as many hits


@dataclass(frozen=True)
class TotalsReport:
    """What a refresh of the totals has come to.

    Args:
        days: totals held of the workbench's sites.
        asked: how many series of a site were due.
        failures: sites of which a series could not be read, with the reason.
        hits_spent: requests of this run.
        hits_left: requests that the plan still allows, by period; empty without a key.
        ended_by: why some series were not asked for; empty when all were.
        goes_on_at: when a spent quota allows requests again; None when it is not spent.
    """

    days: int
    asked: int
    failures: Mapping[str, str]
    hits_spent: int
    hits_left: Mapping[str, int]
    ended_by: str
    goes_on_at: datetime | None


def fetch_daily_energy(bench: Workbench, *, force: bool = False) -> TotalsReport:
    """Bring the totals up to date where they are due.

    A day that an answer leaves out keeps the total that is held; answers that are empty for no
    reason have been seen.

    Args:
        bench: what to work with.
        force: ask for every series.

    Raises:
        ConfigurationError: there is a series to ask for, and no key.
        NothingDone: every series of every site was due, and none was given.
        ServiceUnavailable: none was answered; a later try may help.
        StoreError: totals or hits cannot be written.
    """
    due = due_totals(bench, force=force)
    asking: Asking[Series] = Asking()
    hits = asyncio.run(_ask_all(bench, due, asking)) if due else 0
    if {each.site.id for each in due} == {site.id for site in bench.registry.sites}:
        asking.refuse_nothing()
    return _report(bench, len(due), asking, hits)


async def _ask_all(bench: Workbench, due: Sequence[Wanted], asking: Asking[Series]) -> int:
    """Ask for the series that are due, write their totals, and return the hits spent."""
    done = 0
    answered: list[tuple[Wanted, DayTotals]] = []
    async with open_enlighten(bench) as account:

        async def ask(wanted: Wanted) -> None:
            nonlocal done
            access = wanted.access
            found = await asking.ask(
                wanted.key, lambda: account.of(access).day_totals(wanted.series, access)
            )
            if found is not None:
                answered.append((wanted, found))
            done += 1
            bench.progress("enlighten daily energy", done, len(due))

        try:
            for first in range(0, len(due), _WRITE_EVERY):
                await side_by_side(due[first : first + _WRITE_EVERY], ask, CONCURRENCY)
                await asyncio.to_thread(_keep, bench, answered)
                answered.clear()
        finally:
            hits = account.quota.spent_by_this_object
        asking.raise_what_is_ours()
        return hits


def _keep(bench: Workbench, answered: Sequence[tuple[Wanted, DayTotals]]) -> None:
    """Put the answered totals in the place of those that are held of the same days."""
    new = pa.concat_tables(
        [
            ENLIGHTEN_DAILY_ENERGY.empty(),
            *(
                _rows(wanted.site, stream, found)
                for wanted, found in answered
                for stream in found.energy_wh
            ),
        ]
    )
    sites = sorted({wanted.site.id for wanted, _ in answered})
    keys = list(ENLIGHTEN_DAILY_ENERGY.sort_keys)
    with bench.locks.hold(_LOCK):
        held = bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, sites)
        kept = held.join(new.select(keys), keys, join_type="left anti")
        kept = kept.select(new.column_names).cast(new.schema)
        both = pa.concat_tables([kept, new])
        bench.store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, sites, both)


def _rows(site: Site, stream: Stream, found: DayTotals) -> pa.Table:
    """Return a stream's totals from the site's start on; days without one have no row."""
    start = utc_midnight(site.start).astimezone(site.zone).date()
    stated = [
        (found.first_day + number * DAY, energy_wh)
        for number, energy_wh in enumerate(found.energy_wh[stream])
        if found.first_day is not None and energy_wh is not None
    ]
    days = [(day, energy_wh) for day, energy_wh in stated if day >= start]
    columns = {
        "site": pa.repeat(site.id, len(days)),
        "stream": pa.repeat(stream, len(days)),
        "day": pa.array([day for day, _ in days], pa.date32()),
        "energy_wh": pa.array([energy_wh for _, energy_wh in days], pa.float64()),
        "fetched_at": pa.repeat(pa.scalar(found.received_at, INSTANT), len(days)),
        "last_report_at": pa.repeat(pa.scalar(found.last_report_at, INSTANT), len(days)),
    }
    return pa.Table.from_pydict(columns, schema=ENLIGHTEN_DAILY_ENERGY.schema)


def _report(bench: Workbench, asked: int, asking: Asking[Series], hits: int) -> TotalsReport:
    held = bench.store.read_snapshot(
        ENLIGHTEN_DAILY_ENERGY, [site.id for site in bench.registry.sites]
    )
    failures: dict[str, str] = {}
    for (site, stream), failure in asking.failures.items():
        failures[site] = "; ".join(filter(None, (failures.get(site), f"{stream}: {failure}")))
    return TotalsReport(
        days=held.num_rows,
        asked=asked,
        failures=failures,
        hits_spent=hits,
        hits_left=hits_left(bench),
        ended_by=str(asking.ended_by or ""),
        goes_on_at=asking.goes_on_at,
    )
