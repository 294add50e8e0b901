"""The registry as a table for people."""

from rich.table import Table
from rich.text import Text

from energy_pipeline.configuration.sites import STREAMS, Registry, Site


def site_table(registry: Registry) -> Table:
    """Return a table with a row per site; a list inside a cell has a line per entry."""
    table = Table("site", "name", "zone", "start", "system", "streams", "uploads", show_lines=True)
    for site in registry.sites:
        cells = (
            site.id,
            site.name,
            site.timezone,
            str(site.start),
            "\n".join(_systems(site)),
            "\n".join(_streams(site)),
            "\n".join(_uploads(site)) or "none",
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def _systems(site: Site) -> list[str]:
    systems: list[str] = []
    if access := site.enlighten:
        systems.append(f"Enlighten {access.api} {access.system_id}, {access.production}")
    if gateway := site.envoy:
        systems.append(f"gateway {gateway.serial} at {gateway.host}")
    return systems


def _streams(site: Site) -> list[str]:
    """Name the streams that the file speaks of, each with its source."""
    pushed = {upload.stream for upload in site.uploads}
    return [
        f"{stream}: {site.streams.get(stream, 'auto')}"
        for stream in STREAMS
        if stream in site.streams or stream in pushed
    ] or ["auto"]


def _uploads(site: Site) -> list[str]:
    return [
        f"{upload.stream}: meter {upload.meter_id}, {upload.unit}, {upload.reading}"
        + (f" from {upload.opening_reading:g}" if upload.reading == "cumulative" else "")
        for upload in site.uploads
    ]
