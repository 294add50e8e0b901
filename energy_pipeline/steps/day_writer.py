"""Writes the answered rows of one day: the partition and what is known of each site-day.

A site-day is replaced as a whole only if all of it was asked for and answered with intervals;
otherwise what was answered is added to what is held. A day of which the vendor gives nothing any
more (it keeps a year) is not a day without energy: what is held of it stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days, utc_midnight
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.dataset import Dataset
from energy_pipeline.sources.enlighten.planner import joined
from energy_pipeline.steps.answer_rows import Part
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch_plan import SitePlan
from energy_pipeline.steps.open_time import fetch_lock
from energy_pipeline.steps.settled import DAY_S, on_own_grid, settled_intervals
from energy_pipeline.store.coverage import Answer, Coverage
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class AnsweredDay:
    """What was asked of a site-day in this run, and what was said.

    Args:
        plan: what was asked of the site.
        parts: what was said.
        newest_report: the system's last report that is known from anywhere.
    """

    plan: SitePlan
    parts: Sequence[Part]
    newest_report: datetime | None

    @property
    def answered_s(self) -> int:
        """Seconds of the day that were answered."""
        return sum(span.duration_s for span in joined(part.span for part in self.parts))

    def last_report_at(self) -> datetime | None:
        """Return the last report that all answers knew of, None when that cannot be said.

        A refusal does not say it, nor do some lists. What is known from elsewhere was true of them
        as well when it was reported before they came.
        """
        known = [self._known_report(part) for part in self.parts]
        told = [report for report in known if report is not None]
        return min(told) if told else None

    def _known_report(self, part: Part) -> datetime | None:
        if part.last_report_at is not None or self.newest_report is None:
            return part.last_report_at
        return self.newest_report if self.newest_report <= part.received_at else None


@dataclass(frozen=True)
class DayWriter:
    """Writes days of one stream.

    Args:
        bench: store, locks and clock.
        stream: what is written.
        started_at: before the first request of the run; every answer knew of this instant.
    """

    bench: Workbench
    stream: Stream
    started_at: datetime

    @property
    def dataset(self) -> Dataset:
        """Where rows go."""
        return INTERVALS[self.stream]

    def write(self, day: date, rows: pa.Table, answered: Mapping[str, AnsweredDay]) -> None:
        """Write a day.

        Args:
            day: the UTC day.
            rows: the answered intervals of the day.
            answered: what was asked and said, by site; every row's site is among them.
        """
        days, store = Days(day, day), self.bench.store
        found = set(rows["site"].unique().to_pylist())
        partly = [
            site for site, each in answered.items() if each.answered_s < DAY_S or site not in found
        ]
        with self.bench.locks.hold(fetch_lock(self.dataset.name, day)):
            held: dict[str, Coverage] = {}
            if partly:
                entries = store.coverage(self.dataset, days, partly)[day].values()
                held = {entry.site: entry for entry in entries}
                rows = self._added(store.read(self.dataset, days, list(held)), rows, answered)
            counts = self._counts(rows)
            new = [
                self._entry(day, each, counts.get(site, {}), held.get(site))
                for site, each in answered.items()
            ]
            store.replace(self.dataset, day, rows, new)

    def _added(
        self, held: pa.Table, rows: pa.Table, answered: Mapping[str, AnsweredDay]
    ) -> pa.Table:
        """Add new rows to held ones; those of another grid than the site's are not kept."""
        grids = {site: each.plan.series.interval_s for site, each in answered.items()}
        keys = ["site", "end_at"]
        kept = on_own_grid(held, grids).join(rows.select(keys), keys, join_type="left anti")
        return pa.concat_tables([kept.select(rows.column_names).cast(rows.schema), rows])

    def _counts(self, rows: pa.Table) -> dict[str, dict[str, Any]]:
        """Return seconds covered, seconds settled and energy, by site."""
        settled = settled_intervals(rows, self.bench.clock.now())
        measured = pa.Table.from_pydict(
            {
                "site": rows["site"],
                "covered_s": rows["interval_s"],
                "final_s": pc.if_else(settled, rows["interval_s"], pa.scalar(0, pa.int32())),
                "energy_wh": rows["energy_wh"],
            }
        )
        names = ["covered_s", "final_s", "energy_wh"]
        sums = measured.group_by("site", use_threads=False).aggregate(
            [(name, "sum") for name in names]
        )
        return {row.pop("site"): row for row in sums.rename_columns(["site", *names]).to_pylist()}

    def _entry(
        self,
        day: date,
        answered: AnsweredDay,
        counts: Mapping[str, Any],
        held: Coverage | None,
    ) -> Coverage:
        """Say what is known now; of a day that was not answered in full, when stays as it was."""
        site = answered.plan.site.id
        before = held or Coverage(site=site, written_at=self.started_at)
        entry = replace(
            before,
            written_at=self.bench.clock.now(),
            covered_s=min(DAY_S, counts.get("covered_s", 0)),
            final_s=min(DAY_S, counts.get("final_s", 0)),
            energy_wh=counts.get("energy_wh", 0.0),
            answer=_answer(answered.parts, bool(counts)),
            detail=_detail(answered.parts),
        )
        span = Days(day, day).span
        asked_s = sum(
            min(window.end, span.end).timestamp() - max(window.start, span.start).timestamp()
            for window in (answered.plan.windows[n] for n in answered.plan.windows_in(span))
        )
        if answered.answered_s < asked_s:
            return entry
        is_ahead = any(part.refusal and part.refusal.is_ahead for part in answered.parts)
        reported = answered.last_report_at()
        is_over = reported is not None and reported > utc_midnight(day) + DAY
        measures_nothing = all(part.measures_nothing for part in answered.parts)
        return replace(
            entry,
            asked_until=before.asked_until if is_ahead else self.started_at,
            last_report_at=reported,
            final_s=DAY_S if measures_nothing and is_over and not counts else entry.final_s,
        )


def _answer(parts: Sequence[Part], has_rows: bool) -> Answer:
    if has_rows:
        return "data"
    return "refused" if all(part.refusal for part in parts) else "empty"


def _detail(parts: Sequence[Part]) -> str:
    if all(part.measures_nothing for part in parts):
        return "no device measures this stream"
    return "; ".join(dict.fromkeys(part.refusal.reason for part in parts if part.refusal))
