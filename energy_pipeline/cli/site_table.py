"""The registry as a table for people, narrow enough for a terminal of 80 columns."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from energy_pipeline.configuration.sites import STREAMS, Registry, Site


def site_table(registry: Registry) -> Table:
    """Return a table with a row per site: what it is, and where its energy comes from and goes."""
    table = Table("site", "from and to", show_lines=True)
    for site in registry.sites:
        cells = [
            (site.id, site.name, site.timezone, f"start {site.start}"),
            (*_systems(site), f"streams: {', '.join(_streams(site))}", *_uploads(site)),
        ]
        table.add_row(*(Text("\n".join(lines), overflow="fold") for lines in cells))
    return table


def _systems(site: Site) -> Iterator[str]:
    if access := site.enlighten:
        yield f"Enlighten {access.api} {access.system_id}, {access.production}"
    if gateway := site.envoy:
        yield f"gateway {gateway.serial} at {gateway.host}"


def _streams(site: Site) -> list[str]:
    """Name the streams that the file speaks of, each with its source."""
    pushed = {upload.stream for upload in site.uploads}
    return [
        f"{stream} {site.streams.get(stream, 'auto')}"
        for stream in STREAMS
        if stream in site.streams or stream in pushed
    ] or ["auto"]


def _uploads(site: Site) -> Iterator[str]:
    for upload in site.uploads:
        opens = f" from {upload.opening_reading:g}" if upload.reading == "cumulative" else ""
        meter = f"meter {upload.meter_id}, {upload.unit}, {upload.reading}{opens}"
        yield f"{upload.stream}: {meter}"
    if not site.uploads:
        yield "no uploads"
