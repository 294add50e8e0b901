"""From EnerKey's inventory into `sites.yaml`: the meters that provisioning made of streams.

A meter whose external id is `<site>/<stream>` is that stream of the site. What it is called in the
provisioning file is in `configuration/provisioning_rules`, how the site file is changed in
`configuration/upload_entries`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from energy_pipeline.configuration.provisioning_rules import meter_of
from energy_pipeline.configuration.sites import STREAMS, ReadingKind, Registry, Site, Stream, Upload
from energy_pipeline.configuration.upload_entries import NewUpload, write_uploads
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.units import EnergyUnit, parse_unit
from energy_pipeline.workbench import Workbench

_READINGS: Mapping[str, ReadingKind] = {"consumption": "consumption", "cumulative": "cumulative"}


@dataclass(frozen=True, slots=True)
class Takeover:
    """What was taken over.

    Args:
        file: the site file.
        taken: uploads that are new or have another meter now.
        not_taken: why a meter of a site was left, one sentence each.
    """

    file: Path
    taken: tuple[NewUpload, ...]
    not_taken: tuple[str, ...]


def take_over(bench: Workbench, *, dry_run: bool) -> Takeover:
    """Fetch the inventory and bring the ids of the sites' meters into the site file.

    Args:
        bench: settings, sites, store, state, clock.
        dry_run: write nothing.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
        StoreError: the site file cannot be written, or its form leaves no place for an upload.
    """
    refresh_meters(bench)
    rows = bench.store.read_snapshot(ENERKEY_METERS).to_pylist()
    taken: list[NewUpload] = []
    not_taken: list[str] = []
    for found in _meters_of_sites(bench.registry, rows):
        if isinstance(found, str):
            not_taken.append(found)
        elif found.before != found.meter_id:
            taken.append(found)
    path = bench.settings.energy_sites_file
    if taken and not dry_run:
        write_uploads(path, taken, bench.settings)
    return Takeover(path, tuple(taken), tuple(not_taken))


def _meters_of_sites(registry: Registry, rows: list[dict[str, Any]]) -> Iterator[NewUpload | str]:
    by_id: dict[str, tuple[Site, Stream]] = {
        meter_of(site, stream): (site, stream) for site in registry.sites for stream in STREAMS
    }
    for row in rows:
        if (place := by_id.get(str(row["external_meter_id"]))) is not None:
            yield _upload(*place, row)


def _upload(site: Site, stream: Stream, row: Mapping[str, Any]) -> NewUpload | str:
    """Return the upload to a meter, or why it cannot be one."""
    unit, reading = _unit(row["unit"]), _READINGS.get(str(row["reading_type"]))
    if unit is None or reading is None:
        found = f"unit {row['unit']}, reading type {row['reading_type']}"
        return (
            f"meter {row['meter_id']} of {site.id}, {stream}: found {found}; "
            "allowed: Wh, kWh or MWh, and consumption or cumulative"
        )
    before = _present(site, stream, reading)
    return NewUpload(
        site=site.id,
        stream=stream,
        meter_id=row["meter_id"],
        facility_id=row["facility_id"],
        reading=reading,
        unit=unit,
        before=before.meter_id if before else None,
    )


def _unit(text: str | None) -> EnergyUnit | None:
    return None if text is None else parse_unit(text)


def _present(site: Site, stream: Stream, reading: ReadingKind) -> Upload | None:
    same = (each for each in site.uploads if (each.stream, each.reading) == (stream, reading))
    return next(same, None)
