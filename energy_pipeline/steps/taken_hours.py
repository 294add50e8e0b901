"""Which hours of a stream with two sources are taken from Enlighten, as the store has them.

Enlighten's word on its own intervals concerns no hour that a gateway's meter counted. Which source
an hour is taken from is decided in `transform/two_sources.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import HOUR, Days, Span
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.steps.enlighten_words import ENLIGHTEN
from energy_pipeline.steps.gateway_sites import is_from_gateway
from energy_pipeline.store.parquet import ParquetStore


def taken_from_enlighten(
    store: ParquetStore, stream: Stream, sites: Sequence[Site], days: Days
) -> dict[str, list[Span]]:
    """Return the time of `days`, and of a day on both sides, whose hours Enlighten has given.

    Args:
        store: where the hours are.
        stream: the stream.
        sites: sites of which Enlighten feeds the stream.
        days: UTC days.

    Returns:
        By site, without the sites of which it is the only source: all of their hours are its.
    """
    both = [site.id for site in sites if is_from_gateway(site, stream)]
    if not both:
        return {}
    rows = store.read(HOURLY_ENERGY, days.padded(1), both, ["site", "stream", "hour", "source"])
    is_its = pc.and_(
        pc.equal(rows["stream"], pa.scalar(stream)), pc.equal(rows["source"], pa.scalar(ENLIGHTEN))
    )
    hours: dict[str, list[datetime]] = {site: [] for site in both}
    for row in rows.filter(is_its).to_pylist():
        hours[row["site"]].append(row["hour"])
    return {site: list(_runs(of_site)) for site, of_site in hours.items()}


def _runs(hours: Sequence[datetime]) -> Iterator[Span]:
    """Yield hours (starts, in order) that follow each other as one span."""
    start = None
    for number, hour in enumerate(hours):
        start = start or hour
        if number + 1 == len(hours) or hours[number + 1] != hour + HOUR:
            yield Span(start, hour + HOUR)
            start = None
