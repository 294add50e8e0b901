"""Local days whose intervals the vendor's own total contradicts: their hours are not sent.

Micro-measured production of such a day is not final anyway; this is for streams with a meter. Hours
that were taken from a gateway are not in doubt. The rule of the comparison is in
`transform.agreement`.
"""

from collections.abc import Sequence
from datetime import date

from energy_pipeline.calendar import Days, Span, inside, local_day_span
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.steps.blocks import day_blocks
from energy_pipeline.steps.enlighten_words import (
    INTERVAL_COLUMNS,
    INTERVALS,
    is_from_enlighten,
    leaves_nights_out,
    read_totals,
    vendors_word,
)
from energy_pipeline.steps.taken_hours import taken_from_enlighten
from energy_pipeline.store.coverage import Key
from energy_pipeline.transform.agreement import compare_totals
from energy_pipeline.workbench import Workbench

Doubts = dict[Key, list[tuple[Span, str]]]
"""By site and stream: local days, or parts of them, in doubt, with the reason for a person."""


def doubtful_days(bench: Workbench, sites: Sequence[Site], days: Days) -> Doubts:
    """Return the local days that overlap `days` whose totals disagree with their intervals."""
    doubts: Doubts = {}
    for stream in INTERVALS:
        metered = [site for site in sites if _is_metered(site, stream)]
        for block in day_blocks(days, len(metered)) if metered else ():
            for key, span, reason in _compared(bench, stream, metered, block):
                doubts.setdefault(key, []).append((span, reason))
    return doubts


def _is_metered(site: Site, stream: Stream) -> bool:
    is_pushed = any(upload.stream == stream for upload in site.uploads)
    return is_pushed and is_from_enlighten(site, stream) and not leaves_nights_out(site, stream)


def _compared(
    bench: Workbench, stream: Stream, sites: Sequence[Site], block: Days
) -> list[tuple[Key, Span, str]]:
    zones = {site.id: site.zone for site in sites}
    totals = read_totals(bench.store, sites, block)
    word = vendors_word(bench.store, stream, sites, block, totals)
    intervals = bench.store.read(INTERVALS[stream], block.padded(1), list(zones), INTERVAL_COLUMNS)
    rows = compare_totals(intervals, stream, word, block.span, bench.clock.now()).to_pylist()
    taken = taken_from_enlighten(bench.store, stream, sites, block)
    found: list[tuple[Key, Span, str]] = []
    for row in (row for row in rows if row["verdict"] == "disagrees"):
        day = local_day_span(row["day"], zones[row["site"]])
        reason = _reason(row["day"], row["total_wh"], row["intervals_wh"])
        parts = inside(taken.get(row["site"], [day]), day)
        found += [((row["site"], stream), part, reason) for part in parts]
    return found


def _reason(day: date, total_wh: float, intervals_wh: float) -> str:
    return (
        f"Enlighten's total of {day} is {total_wh:.0f} Wh, its intervals come to "
        f"{intervals_wh:.0f} Wh: held until they agree"
    )
