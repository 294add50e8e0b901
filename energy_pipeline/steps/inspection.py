"""Whether the store's datasets agree with each other and with the vendor's own totals.

Reads the store in bounded blocks and applies the rules of `transform/agreement.py` and
`transform/register_chain.py`. What is still missing is found in `outstanding.py`; who is told, and
what is stopped, is decided in `defs/checks.py`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import Days, Span, inside, local_day_span
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.steps.blocks import day_blocks, site_blocks
from energy_pipeline.steps.enlighten_words import (
    ENLIGHTEN,
    INTERVAL_COLUMNS,
    INTERVALS,
    is_from_enlighten,
    read_totals,
    vendors_word,
)
from energy_pipeline.steps.taken_hours import taken_from_enlighten
from energy_pipeline.transform.agreement import compare_energy, compare_totals
from energy_pipeline.transform.register_chain import broken_registers
from energy_pipeline.transform.two_sources import outside_hours
from energy_pipeline.workbench import Workbench

Finding = dict[str, Any]
_ENERGY_COLUMNS = ("site", "end_at", "interval_s", "energy_wh")


@dataclass
class TotalsVerdict:
    """What the vendor's totals say of the site-local days of a range.

    Args:
        days: number of site-local days and streams by verdict: agrees, disagrees, pending.
        disagreeing: site, stream, day, intervals_wh, total_wh of each that disagrees.
        agreeing_sites: sites with a day that agrees.
    """

    days: Counter[str] = field(default_factory=Counter[str])
    disagreeing: list[Finding] = field(default_factory=list[Finding])
    agreeing_sites: set[str] = field(default_factory=set[str])

    def add(self, compared: pa.Table) -> None:
        """Count a block of `compare_totals`."""
        frame: pd.DataFrame = compared.to_pandas()
        verdict = frame["verdict"]
        self.days.update(verdict.to_list())
        self.disagreeing += compared.filter(pa.array(verdict == "disagrees")).to_pylist()
        self.agreeing_sites.update(frame.loc[verdict == "agrees", "site"].to_list())


def lost_energy(bench: Workbench, days: Days) -> list[Finding]:
    """Return where hours do not hold the energy of their intervals, by blocks of days.

    Hours that are taken from a gateway are left out, and so is the intervals' energy in them.

    Members: site, stream, intervals_wh, hourly_wh, days.
    """
    found: list[Finding] = []
    for stream, sites, block in _blocks(bench, days):
        ids = [site.id for site in sites]
        intervals = bench.store.read(INTERVALS[stream], block.padded(1), ids, _ENERGY_COLUMNS)
        hourly = bench.store.read(HOURLY_ENERGY, block, ids)
        hourly = hourly.filter(pc.equal(hourly["stream"], pa.scalar(stream)))
        is_theirs = pc.equal(hourly["source"], pa.scalar(ENLIGHTEN))
        elsewhere = hourly.filter(pc.invert(is_theirs))
        if elsewhere.num_rows:
            intervals = outside_hours(intervals, elsewhere)
        compared = compare_energy(intervals, hourly.filter(is_theirs), block.span)
        lost = compared.filter(pc.invert(compared["is_conserved"])).drop_columns("is_conserved")
        found += [row | {"stream": stream, "days": str(block)} for row in lost.to_pylist()]
    return found


def judge_totals(bench: Workbench, days: Days) -> TotalsVerdict:
    """Compare every site-local day that overlaps `days` with the vendor's total of it.

    Days of which no hour is taken from Enlighten, because a gateway knows them all, are left out.
    """
    verdict = TotalsVerdict()
    for stream, sites, block in _blocks(bench, days):
        ids = [site.id for site in sites]
        intervals = bench.store.read(INTERVALS[stream], block.padded(1), ids, INTERVAL_COLUMNS)
        totals = read_totals(bench.store, sites, block)
        word = vendors_word(bench.store, stream, sites, block, totals)
        compared = compare_totals(intervals, stream, word, block.span, bench.clock.now())
        taken = taken_from_enlighten(bench.store, stream, sites, block)
        verdict.add(_that_matter(compared, taken, {site.id: site.zone for site in sites}))
    return verdict


def _that_matter(
    compared: pa.Table, taken: Mapping[str, Sequence[Span]], zones: Mapping[str, ZoneInfo]
) -> pa.Table:
    """Return the rows of local days with an hour that is taken from Enlighten."""
    if not taken:
        return compared
    kept = [
        row["site"] not in taken
        or bool(inside(taken[row["site"]], local_day_span(row["day"], zones[row["site"]])))
        for row in compared.select(["site", "day"]).to_pylist()
    ]
    return compared.filter(pa.array(kept, pa.bool_()))


def broken_chains(bench: Workbench, days: Days) -> list[Finding]:
    """Return where a register's readings do not follow from the hours, see `broken_registers`."""
    found: list[Finding] = []
    for sites, block in _site_days(bench.registry.sites, days):
        ids = [site.id for site in sites]
        hourly = bench.store.read(HOURLY_ENERGY, block, ids)
        readings = bench.store.read(CUMULATIVE_READINGS, block, ids)
        found += broken_registers(hourly, readings).to_pylist()
    return found


def _blocks(bench: Workbench, days: Days) -> Iterator[tuple[Stream, Sequence[Site], Days]]:
    """Yield streams, the sites of which Enlighten feeds them, and days, in bounded blocks."""
    for stream in INTERVALS:
        fed = [site for site in bench.registry.sites if is_from_enlighten(site, stream)]
        for sites, block in _site_days(fed, days):
            yield stream, sites, block


def _site_days(sites: Sequence[Site], days: Days) -> Iterator[tuple[Sequence[Site], Days]]:
    """Yield sites and days in bounded blocks, of each site only days since its start.

    What is held of the days before was written when the site began earlier.
    """
    for group in site_blocks(sites):
        for block in day_blocks(days, len(group)):
            begins = sorted({max(site.start, block.first) for site in group})
            for first in (begin for begin in begins if begin <= block.last):
                begun = [site for site in group if max(site.start, block.first) == first]
                yield begun, Days(first, block.last)
