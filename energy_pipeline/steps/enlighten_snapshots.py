"""Snapshots of what Enlighten says of each site: ask who is due, keep it site by site.

One that fails keeps the rows that are held of it, and costs no other site anything. What is asked,
and when, is decided by the step of the asset.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from energy_pipeline.configuration.sites import EnlightenAccess, Site
from energy_pipeline.dataset import Dataset
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.steps.asking import Asking, side_by_side
from energy_pipeline.steps.enlighten_account import CONCURRENCY, hits_left, open_enlighten
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench

Row = Mapping[str, Any]

_WRITE_EVERY = 64  # answers; a killed process loses as many


@dataclass(frozen=True)
class Due:
    """Something to ask for.

    Args:
        site: the site.
        access: how Enlighten knows it.
        about: what is asked of it, where that is not everything.
    """

    site: Site
    access: EnlightenAccess
    about: Any = None

    @property
    def key(self) -> str:
        """Whom a failure is noted of."""
        return self.site.id


Question = Callable[[Ask, Due], Awaitable[Sequence[Row]]]
"""Asks for what is due in the dialect of its site and returns rows of it."""


@dataclass(frozen=True)
class SnapshotReport:
    """What a refresh has come to.

    Args:
        rows: rows held of the workbench's sites.
        asked: how much was due.
        failures: sites that were not answered, with the reason.
        hits_spent: requests of this run.
        hits_left: requests that the plan still allows, by period; empty without a key.
        ended_by: why something was not asked for; empty when everything was.
        goes_on_at: when a spent quota allows requests again; None when it is not spent.
    """

    rows: int
    asked: int
    failures: Mapping[str, str]
    hits_spent: int
    hits_left: Mapping[str, int]
    ended_by: str
    goes_on_at: datetime | None


def refresh_snapshot(
    bench: Workbench,
    dataset: Dataset,
    due: Sequence[Due],
    question: Question,
    *,
    is_everything: bool,
) -> SnapshotReport:
    """Ask for what is due and keep the rows.

    Args:
        bench: what to work with.
        dataset: a dataset by site that has no days.
        due: what to ask for.
        question: how to ask; returns rows of the site.
        is_everything: the answer is all there is of a site: what it leaves out is gone. Otherwise
            it replaces the rows of the same keys, and the others stay.

    Raises:
        ConfigurationError: something is due, and there is no key.
        NothingDone: everything was refused.
        ServiceUnavailable: nothing was answered; a later try may help.
        StoreError: rows or hits cannot be written.
    """
    asking: Asking[str] = Asking()
    keep = _Keeping(bench, dataset, is_everything)
    hits = asyncio.run(_ask_all(bench, due, question, keep, asking)) if due else 0
    if {each.site.id for each in due} >= {site.id for site in bench.registry.sites}:
        asking.refuse_nothing()
    held = bench.store.read_snapshot(dataset, [site.id for site in bench.registry.sites])
    return SnapshotReport(
        rows=held.num_rows,
        asked=len(due),
        failures={id: str(failure) for id, failure in asking.failures.items()},
        hits_spent=hits,
        hits_left=hits_left(bench),
        ended_by=str(asking.ended_by or ""),
        goes_on_at=asking.goes_on_at,
    )


def accessed_sites(bench: Workbench) -> Iterable[tuple[Site, EnlightenAccess]]:
    """Return the sites that Enlighten knows, with how."""
    return [(site, site.enlighten) for site in bench.registry.sites if site.enlighten is not None]


async def _ask_all(
    bench: Workbench,
    due: Sequence[Due],
    question: Question,
    keep: "_Keeping",
    asking: Asking[str],
) -> int:
    """Ask, keep answers as they come, and return the hits spent."""
    done = 0
    async with open_enlighten(bench) as account:

        async def ask(wanted: Due) -> None:
            nonlocal done
            found = await asking.ask(
                wanted.key, lambda: question(account.ask_of(wanted.access), wanted)
            )
            if found is not None:
                keep.add(wanted.site, found)
            done += 1
            bench.progress(keep.what, done, len(due))

        try:
            for first in range(0, len(due), _WRITE_EVERY):
                await side_by_side(due[first : first + _WRITE_EVERY], ask, CONCURRENCY)
                await asyncio.to_thread(keep.write)
        finally:
            hits = account.quota.spent_by_this_object
        asking.raise_what_is_ours()
        return hits


class _Keeping:
    """Rows on their way into the store."""

    def __init__(self, bench: Workbench, dataset: Dataset, is_everything: bool) -> None:
        self._bench = bench
        self._dataset = dataset
        self._is_everything = is_everything
        self._new: dict[str, list[Row]] = {}
        self.what = dataset.name.replace("_", " ")

    def add(self, site: Site, rows: Sequence[Row]) -> None:
        """Take rows of a site."""
        self._new.setdefault(site.id, []).extend(rows)

    def write(self) -> None:
        """Put what was taken into the store."""
        if not self._new:
            return
        sites = sorted(self._new)
        with self._bench.locks.hold(f"fetch/{self._dataset.name}"):
            whole: dict[tuple[Any, ...], Row] = {}
            held = [] if self._is_everything else self._held(sites)
            for row in [*held, *(row for site in sites for row in self._new[site])]:
                whole[tuple(row[name] for name in self._dataset.sort_keys)] = row
            table = pa.Table.from_pylist(list(map(dict, whole.values())), self._dataset.schema)
            self._bench.store.replace_in_snapshot(self._dataset, sites, table, self._empty())
        self._new.clear()

    def _empty(self) -> list[Coverage]:
        """Return a word on the sites of which everything that was answered is nothing."""
        now = self._bench.clock.now()
        return [
            Coverage(site=site, written_at=now, answer="empty", asked_until=now)
            for site, rows in self._new.items()
            if self._is_everything and not rows
        ]

    def _held(self, sites: Sequence[str]) -> Sequence[Row]:
        return self._bench.store.read_snapshot(self._dataset, sites).to_pylist()
