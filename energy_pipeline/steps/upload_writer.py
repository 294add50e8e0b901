"""Writes the rows of the upload datasets into the store, day by day, and counts them."""

from collections.abc import Sequence
from datetime import date, datetime

import pyarrow as pa

from energy_pipeline.calendar import Days
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.steps.upload_report import Outcome, UploadCounts
from energy_pipeline.steps.upload_rows import UPLOADS, Circumstances, outcomes
from energy_pipeline.steps.upload_wanted import Target, day_of
from energy_pipeline.store.coverage import Coverage, Key
from energy_pipeline.store.parquet import ParquetStore

_HOUR_S = 3_600


class UploadWriter:
    """Writes what became of the hours of some meters.

    Args:
        store: where the values are and the rows go.
        ledger: what became of them; its kind is the kind of the targets.
        targets: sites with one of their uploads.
        how: what else decides.
    """

    def __init__(
        self, store: ParquetStore, ledger: Ledger, targets: Sequence[Target], how: Circumstances
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._targets = targets
        self._how = how
        self._dataset = UPLOADS[ledger.kind]

    def write(self, days: Days, counts: UploadCounts | None) -> None:
        """Replace the rows of a range of days.

        Args:
            days: UTC days.
            counts: counts the rows; None where they are not of the range that was asked for.
        """
        rows: dict[date, _DayRows] = {day: _DayRows() for day in days}
        found = outcomes(self._store, self._ledger, self._targets, days, self._how)
        for target, of_target in found:
            site, upload = target
            for day in days.clipped_to(site.start) or ():
                rows[day].keys.setdefault((site.id, upload.stream), 0)
            for at, outcome in of_target.items():
                rows[day_of(self._ledger.kind, at, site.start)].add(target, at, outcome)
            if counts is not None:
                counts.add(target, of_target)
        for day, of_day in rows.items():
            coverage = of_day.coverage(self._how.now)
            self._store.replace(self._dataset, day, of_day.table(self._dataset.schema), coverage)


class _DayRows:
    """The rows of one day while they are collected."""

    def __init__(self) -> None:
        self.keys: dict[Key, int] = {}
        self._columns: list[tuple[object, ...]] = []

    def add(self, target: Target, at: datetime, outcome: Outcome) -> None:
        site, upload = target
        what = (outcome.value, upload.unit, outcome.message_id, outcome.status, outcome.reason)
        self._columns.append((site.id, upload.stream, upload.meter_id, at, *what))
        if outcome.status == "verified":
            self.keys[site.id, upload.stream] += _HOUR_S

    def table(self, schema: pa.Schema) -> pa.Table:
        columns = zip(*self._columns, strict=True) if self._columns else [()] * len(schema)
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=schema)

    def coverage(self, now: datetime) -> list[Coverage]:
        return [
            Coverage(
                site=site,
                stream=stream,
                written_at=now,
                covered_s=verified_s,
                final_s=verified_s,
                answer="computed",
            )
            for (site, stream), verified_s in self.keys.items()
        ]
