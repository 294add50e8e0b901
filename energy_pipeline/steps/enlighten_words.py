"""What the store knows of Enlighten besides the intervals: totals, and reports at each fetch.

Which streams come from Enlighten is decided here as well. How the answers came into the store is a
matter of `fetch.py`, what they prove of `transform/`.
"""

from collections.abc import Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import Days
from energy_pipeline.configuration.sites import Site, Stream
from energy_pipeline.dataset import Dataset
from energy_pipeline.schema import (
    ENLIGHTEN_BATTERY_CHARGE,
    ENLIGHTEN_BATTERY_DISCHARGE,
    ENLIGHTEN_CONSUMPTION,
    ENLIGHTEN_DAILY_ENERGY,
    ENLIGHTEN_GRID_EXPORT,
    ENLIGHTEN_GRID_IMPORT,
    ENLIGHTEN_PRODUCTION,
    INSTANT,
)
from energy_pipeline.sources.enlighten.dialect import measured_in
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.transform.local_days import SiteCalendar, VendorsWord

ENLIGHTEN = "enlighten"

INTERVALS: dict[Stream, Dataset] = {
    "production": ENLIGHTEN_PRODUCTION,
    "consumption": ENLIGHTEN_CONSUMPTION,
    "grid_import": ENLIGHTEN_GRID_IMPORT,
    "grid_export": ENLIGHTEN_GRID_EXPORT,
    "battery_charge": ENLIGHTEN_BATTERY_CHARGE,
    "battery_discharge": ENLIGHTEN_BATTERY_DISCHARGE,
}
"""The intervals that a stream's hours are made of."""

_ALWAYS_WANTED: tuple[Stream, ...] = ("production", "consumption")

INTERVAL_COLUMNS = (
    "site",
    "end_at",
    "interval_s",
    "energy_wh",
    "devices_reporting",
    "devices_total",
    "fetched_at",
)
"""What the transform needs of them."""


def is_from_enlighten(site: Site, stream: Stream) -> bool:
    """Whether Enlighten feeds the site's stream: its dialect has it, and somebody wants it."""
    access = site.enlighten
    if access is None or not measured_in(access.api, stream):
        return False
    return site.streams.get(stream, "auto") in (ENLIGHTEN, "auto") and is_wanted(site, stream)


def is_wanted(site: Site, stream: Stream) -> bool:
    """Whether anybody uses a stream: production and consumption always, others when named."""
    return stream in (*_ALWAYS_WANTED, *site.streams) or is_uploaded(site, stream)


def is_uploaded(site: Site, stream: Stream) -> bool:
    """Whether the stream has a way to EnerKey."""
    return any(upload.stream == stream for upload in site.uploads)


def leaves_nights_out(site: Site, stream: Stream) -> bool:
    """Whether absent intervals of the stream may be proven to be zero."""
    access = site.enlighten
    return stream == "production" and access is not None and access.production == "micro"


def read_totals(store: ParquetStore, sites: Sequence[Site], days: Days) -> pa.Table:
    """Return the vendor's totals of `days` and of the two days on both sides of them."""
    totals = store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, [site.id for site in sites])
    wide = days.padded(2)
    return totals.filter(
        pc.and_(
            pc.greater_equal(totals["day"], pa.scalar(wide.first)),
            pc.less_equal(totals["day"], pa.scalar(wide.last)),
        )
    )


def vendors_word(
    store: ParquetStore, stream: Stream, sites: Sequence[Site], days: Days, totals: pa.Table
) -> VendorsWord:
    """Return the vendor's word on `sites` for the local days that overlap `days`.

    Args:
        store: where the reports at each fetch are, in the coverage of the intervals.
        stream: the stream.
        sites: the sites that the word is about.
        days: UTC days.
        totals: rows of `enlighten_daily_energy`, these days' and neighbours' among them.
    """
    calendars = {site.id: SiteCalendar(site.zone, site.start) for site in sites}
    fetched: list[tuple[str, date, datetime | None]] = []
    if sites:
        known = store.coverage(INTERVALS[stream], days.padded(1), list(calendars))
        fetched = [
            (entry.site, day, entry.last_report_at)
            for day, entries in known.items()
            for entry in entries.values()
        ]
    columns = {
        "site": pa.array([site for site, _, _ in fetched], pa.string()),
        "day": pa.array([day for _, day, _ in fetched], pa.date32()),
        "last_report_at": pa.array([at for _, _, at in fetched], INSTANT),
    }
    return VendorsWord(calendars, totals, pa.Table.from_pydict(columns))
