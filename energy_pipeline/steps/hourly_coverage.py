"""What `hourly_energy` says of a series' day besides its hours, and of which series it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import STREAMS, Site, Stream
from energy_pipeline.steps.enlighten_words import is_from_enlighten, is_uploaded
from energy_pipeline.steps.gateway_sites import is_from_gateway
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.transform.cumulative import day_registers
from energy_pipeline.transform.finality import HOUR_S

SPREAD = "the energy of long gaps is spread over their hours, as somebody asked"
"""Detail of a day of which that was asked once: whoever computes it again spreads it again."""


def spread_sites(held: Mapping[Key, Coverage]) -> set[str]:
    """Return the sites of a held day of which the energy of long gaps is spread."""
    return {site for (site, _), entry in held.items() if entry.detail == SPREAD}


def coverage_of_day(
    rows: pa.Table, keys: Collection[Key], spread: Collection[Key], now: datetime
) -> list[Coverage]:
    """Return an entry for each of the series, in order, whether it has hours or not.

    Args:
        rows: hours of one day, of these series or more.
        keys: the series.
        spread: series of which the energy of long gaps is spread.
        now: the present instant.
    """
    found = _counted(rows, now)
    nothing = (Coverage(site=s, stream=n, written_at=now, answer="computed") for s, n in keys)
    entries = {entry.key: found.get(entry.key, entry) for entry in nothing}
    details = {key: SPREAD if key in spread else "" for key in keys}
    return [replace(entries[key], detail=details[key]) for key in sorted(keys)]


def _counted(rows: pa.Table, now: datetime) -> dict[Key, Coverage]:
    """Return what is known of each series that has hours on a day."""
    counted = (
        rows.group_by(["site", "stream"])
        .aggregate([("covered_s", "sum"), ("final", "sum"), ("hour", "count")])
        .to_pylist()
    )
    registers = {(site, stream): state for (site, stream, _), state in day_registers(rows).items()}
    entries = (
        Coverage(
            site=each["site"],
            stream=each["stream"],
            written_at=now,
            rows=each["hour_count"],
            covered_s=each["covered_s_sum"],
            final_s=each["final_sum"] * HOUR_S,
            energy_wh=registers[each["site"], each["stream"]].sum_wh,
            peak_wh=registers[each["site"], each["stream"]].peak_wh,
            answer="computed",
        )
        for each in counted
    )
    return {entry.key: entry for entry in entries}


def accounted_for(
    sites: Sequence[Site],
    day: date,
    found: Collection[Key],
    held: Collection[Key],
    asked: Days,
) -> set[Key]:
    """Return the series of which the day's partition says something after a run.

    Args:
        sites: the sites of the run.
        day: the day.
        found: series that have hours.
        held: series of which the day's partition says something.
        asked: the days that the run is about.
    """
    fed = {
        (site.id, stream): stream == "production" or is_uploaded(site, stream)
        for site in sites
        for stream in STREAMS
        if site.start <= day and _is_fed(site, stream)
    }
    if day not in asked:
        computed = {site for site, _ in held}
        return {key for key in fed if key in held or (key in found and key[0] in computed)}
    return {key for key, expected in fed.items() if expected or key in found or key in held}


def _is_fed(site: Site, stream: Stream) -> bool:
    return is_from_enlighten(site, stream) or is_from_gateway(site, stream)
