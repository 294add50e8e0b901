"""Assets `enerkey_facility_reports` and `enerkey_alarms`: EnerKey's pictures and warnings."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from energy_pipeline.dataset import Dataset
from energy_pipeline.enerkey_schema import ENERKEY_ALARMS, ENERKEY_FACILITY_REPORTS
from energy_pipeline.errors import AccessRefused, NothingDone, ServiceError
from energy_pipeline.sinks.enerkey.alarms import Alarm, fetch_alarm
from energy_pipeline.sinks.enerkey.connection import Connection
from energy_pipeline.sinks.enerkey.images import (
    ImageFormat,
    ImageKind,
    Wish,
    alarm_image,
    facility_image,
)
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True, slots=True)
class WantedReport:
    """A picture that is to be fetched.

    Args:
        facility_id: EnerKey's.
        kind: the full report, or the image for elsewhere.
        wish: how it is to be.
    """

    facility_id: int
    kind: ImageKind
    wish: Wish

    @property
    def file_name(self) -> str:
        """How the file is called."""
        return f"facility-{self.facility_id}-{self.kind}.{self.wish.format}"


@dataclass(frozen=True, slots=True)
class PicturesReport:
    """What was fetched.

    Args:
        files: where the pictures lie.
        png: the first png, to be shown; None without one.
        failed: by file name, why a picture is not there.
        requests_spent: requests of this run.
    """

    files: tuple[str, ...]
    png: bytes | None
    failed: dict[str, str]
    requests_spent: int


@dataclass(frozen=True, slots=True)
class AlarmsReport:
    """What was asked for.

    Args:
        alarms: those that are known now.
        failed: by id, why an alarm is not there.
        requests_spent: requests of this run.
    """

    alarms: tuple[Alarm, ...]
    failed: dict[int, str]
    requests_spent: int


def facilities_of_uploads(bench: Workbench) -> list[int]:
    """Return the facilities that the sites' uploads name."""
    uploads = (upload for site in bench.registry.sites for upload in site.uploads)
    return sorted({upload.facility_id for upload in uploads if upload.facility_id is not None})


def fetch_reports(bench: Workbench, wanted: Sequence[WantedReport]) -> PicturesReport:
    """Fetch pictures of facilities and store them beside their dataset.

    Raises:
        NothingDone: none could be fetched.
        AccessRefused: the key is not accepted.
        QuotaSpent: no request is left.
    """

    async def fetched() -> PicturesReport:
        rows: list[dict[str, Any]] = []
        failed: dict[str, str] = {}
        png: bytes | None = None
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            for each in wanted:
                try:
                    content = await _picture(session.connection, each)
                except AccessRefused:
                    raise
                except ServiceError as error:
                    failed[each.file_name] = str(error)
                    continue
                if png is None and each.wish.format == "png":
                    png = content
                rows.append(_stored(bench, each, content))
            spent = session.requests_spent
        if wanted and not rows:
            raise NothingDone("; ".join(f"{name}: {why}" for name, why in failed.items()))
        _merge(bench, ENERKEY_FACILITY_REPORTS, rows)
        return PicturesReport(tuple(row["file"] for row in rows), png, failed, spent)

    return asyncio.run(fetched())


def fetch_alarms(bench: Workbench, ids: Sequence[int]) -> AlarmsReport:
    """Fetch alarms by their ids and keep them with those that were fetched before.

    Raises:
        NothingDone: none could be fetched.
        AccessRefused: there is no partner's key, or it is not accepted.
        QuotaSpent: no request is left.
    """

    async def fetched() -> AlarmsReport:
        alarms: list[Alarm] = []
        failed: dict[int, str] = {}
        async with open_enerkey(
            bench.settings, bench.state, bench.clock, scope="PARTNER"
        ) as session:
            for id in dict.fromkeys(ids):
                try:
                    alarms.append(await fetch_alarm(session.connection, id))
                except AccessRefused:
                    raise
                except ServiceError as error:
                    failed[id] = str(error)
            spent = session.requests_spent
        if ids and not alarms:
            raise NothingDone("; ".join(failed.values()))
        _merge(bench, ENERKEY_ALARMS, [_alarm_row(bench, each) for each in alarms])
        return AlarmsReport(tuple(alarms), failed, spent)

    return asyncio.run(fetched())


def fetch_alarm_image(bench: Workbench, alarm_id: int, format: ImageFormat) -> bytes:
    """Return the picture of an alarm.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """

    async def fetched() -> bytes:
        async with open_enerkey(
            bench.settings, bench.state, bench.clock, scope="PARTNER"
        ) as session:
            return await alarm_image(session.connection, alarm_id, format)

    return asyncio.run(fetched())


async def _picture(connection: Connection, wanted: WantedReport) -> bytes:
    return await facility_image(connection, wanted.facility_id, wanted.kind, wanted.wish)


def _stored(bench: Workbench, wanted: WantedReport, content: bytes) -> dict[str, Any]:
    dataset = ENERKEY_FACILITY_REPORTS
    return {
        "facility_id": wanted.facility_id,
        "kind": wanted.kind,
        "format": wanted.wish.format,
        "file": bench.store.write_attachment(dataset, wanted.file_name, content),
        "size_bytes": len(content),
        "fetched_at": bench.clock.now(),
    }


def _alarm_row(bench: Workbench, alarm: Alarm) -> dict[str, Any]:
    row = asdict(alarm)
    return {
        "alarm_id": row.pop("id"),
        "alarm_name": row.pop("name"),
        **row,
        "fetched_at": bench.clock.now(),
    }


def _merge(bench: Workbench, dataset: Dataset, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows to a dataset; those with the same keys give way."""

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in dataset.sort_keys)

    known = {key(row): row for row in (*bench.store.read_snapshot(dataset).to_pylist(), *rows)}
    merged = [known[each] for each in sorted(known)]
    bench.store.write_snapshot(dataset, pa.Table.from_pylist(merged, schema=dataset.schema))
