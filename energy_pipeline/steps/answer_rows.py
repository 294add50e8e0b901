"""From answers to rows and to what each answer says of each day; no file and no request.

How one body is read is in `sources/enlighten/answers.py`, how a day is written in `day_writer.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from energy_pipeline.calendar import Days, Span
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.dataset import Dataset, partition_days
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.schema import INSTANT
from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.answers import (
    AnswerHead,
    IntervalAnswer,
    ParsedAnswers,
    parse_intervals,
)
from energy_pipeline.sources.enlighten.dialect import RefusedWindow
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.steps.enlighten_words import INTERVALS
from energy_pipeline.steps.fetch_plan import SitePlan

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Ask:
    """One request: a window of a site's plan."""

    plan: SitePlan
    index: int

    @property
    def site_id(self) -> str:
        """The site that is asked about."""
        return self.plan.site.id

    @property
    def window(self) -> Span:
        """The time that is asked for."""
        return self.plan.windows[self.index]


Answered = tuple[Ask, IntervalAnswer | RefusedWindow | None]
"""A request with its answer; None: it failed, or is not made any more."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an answer says of its time inside one day.

    Args:
        span: the answered time, inside the day.
        received_at: when the answer was received.
        last_report_at: the system's last report; None when the answer does not say.
        refusal: why there are no intervals; None when the answer is a list of them.
        measures_nothing: no device of the system measures the stream.
    """

    span: Span
    received_at: datetime
    last_report_at: datetime | None
    refusal: Refusal | None
    measures_nothing: bool


@dataclass(frozen=True)
class ReadAnswers:
    """What came of answers.

    Args:
        rows: columns of the dataset, and day (date32): the UTC day that the row belongs to.
        parts: site, day and what was said of it.
        surprises: answers that cannot be read.
        rests: of windows whose answers were cut.
    """

    rows: pa.Table
    parts: Sequence[tuple[str, date, Part]]
    surprises: Sequence[tuple[Ask, SchemaSurprise]]
    rests: Sequence[tuple[SitePlan, Span]]


def read_answers(answered: Sequence[Answered], stream: Stream) -> ReadAnswers:
    """Read what any number of answers say of one stream."""
    refused = [
        part
        for ask, answer in answered
        if isinstance(answer, RefusedWindow)
        for part in _by_day(ask, _refused_part(answer))
    ]
    good: defaultdict[IntervalSeries, list[tuple[Ask, IntervalAnswer]]] = defaultdict(list)
    for ask, answer in answered:
        if isinstance(answer, IntervalAnswer):
            good[ask.plan.series].append((ask, answer))
    read = [_read_series(pairs, stream) for pairs in good.values()]
    dataset = INTERVALS[stream]
    nothing = _with_days(dataset.empty(), dataset)
    return ReadAnswers(
        pa.concat_tables([nothing, *(each.rows for each in read)]),
        [*refused, *(part for each in read for part in each.parts)],
        [surprise for each in read for surprise in each.surprises],
        [rest for each in read for rest in each.rests],
    )


def _read_series(pairs: Sequence[tuple[Ask, IntervalAnswer]], stream: Stream) -> ReadAnswers:
    """Read answers of one series."""
    series, dataset = pairs[0][0].plan.series, INTERVALS[stream]
    parsed = parse_intervals([answer for _, answer in pairs], series, stream)
    last_ends = _last_ends(parsed)
    parts: list[tuple[str, date, Part]] = []
    surprises: list[tuple[Ask, SchemaSurprise]] = []
    rests: list[tuple[SitePlan, Span]] = []
    for index, ((ask, answer), head) in enumerate(zip(pairs, parsed.heads, strict=True)):
        if isinstance(head, SchemaSurprise):
            surprises.append((ask, head))
            continue
        until = _answered_until(ask, head, last_ends.get(index))
        if until < ask.window.end:
            rests.append((ask.plan, Span(until, ask.window.end)))
        has_no_device = head.devices_total == 0 and index not in last_ends
        time = Span(ask.window.start, until)
        part = Part(time, answer.received_at, head.last_report_at, None, has_no_device)
        parts += _by_day(ask, part)
    rows = _with_days(_rows(parsed.rows, pairs, series, dataset), dataset)
    return ReadAnswers(rows, parts, surprises, rests)


def _rows(
    parsed: pa.Table,
    pairs: Sequence[tuple[Ask, IntervalAnswer]],
    series: IntervalSeries,
    dataset: Dataset,
) -> pa.Table:
    answer = parsed["answer"]
    sites = pa.array([ask.site_id for ask, _ in pairs], pa.string())
    systems = pa.array([ask.plan.access.system_id for ask, _ in pairs], pa.int64())
    fetched = pa.array([answer.received_at for _, answer in pairs], INSTANT)
    constant = {
        "site": sites.take(answer),
        "system_id": systems.take(answer),
        "interval_s": pa.repeat(pa.scalar(series.interval_s, pa.int32()), parsed.num_rows),
        "fetched_at": fetched.take(answer),
    }
    given = {name: parsed[name] for name in dataset.schema.names if name not in constant}
    return pa.Table.from_pydict({**constant, **given}, schema=dataset.schema)


def _with_days(rows: pa.Table, dataset: Dataset) -> pa.Table:
    return rows.append_column("day", partition_days(rows, dataset))


def _last_ends(parsed: ParsedAnswers) -> dict[int, datetime]:
    """Return the end of the last interval of each answer that has any; rows are in order."""
    answer = parsed.rows["answer"].to_numpy()
    last = np.flatnonzero(np.diff(answer, append=-1))
    ends: list[Any] = parsed.rows["end_at"].take(last).to_pylist()
    return dict(zip(answer[last].tolist(), ends, strict=True))


def _answered_until(ask: Ask, head: AnswerHead, last_end: datetime | None) -> datetime:
    """Return where the answered time ends: before the window's end when the vendor cut it."""
    ends_at = _told_end(ask, head) or _end_of_long(ask, head, last_end)
    is_progress = ends_at is not None and ask.window.start < ends_at < ask.window.end
    return ends_at if ends_at is not None and is_progress else ask.window.end


def _told_end(ask: Ask, head: AnswerHead) -> datetime | None:
    """Return the end that the answer names, unless it is where the present has cut the window.

    The vendor then names the last energy or the last interval, and reports are about as old.
    """
    ends_at, reported = head.ends_at, head.last_report_at or ask.plan.newest_report
    if ends_at is None or reported is None or ends_at == head.last_energy_at:
        return None
    return ends_at if reported - ends_at >= wire.REPORTS_ARE_LATE_BY else None


def _end_of_long(ask: Ask, head: AnswerHead, last_end: datetime | None) -> datetime | None:
    """Return the last interval's end when the list is so long that it may have been cut there.

    It was when the system has reported long after.
    """
    shortest, reported = ask.plan.series.may_be_cut_after, head.last_report_at
    if shortest is None or last_end is None or reported is None:
        return None
    is_long = last_end - ask.window.start >= shortest
    return last_end if is_long and reported - last_end >= wire.REPORTS_ARE_LATE_BY else None


def _refused_part(answer: RefusedWindow) -> Part:
    has_no_device = wire.NO_CONSUMPTION_METER in answer.refusal.reason
    return Part(answer.window, answer.received_at, None, answer.refusal, has_no_device)


def _by_day(ask: Ask, part: Part) -> Iterator[tuple[str, date, Part]]:
    """Cut a part at the UTC midnights."""
    for day in utc_days(part.span):
        whole = Days(day, day).span
        inside = Span(max(part.span.start, whole.start), min(part.span.end, whole.end))
        yield ask.site_id, day, replace(part, span=inside)


def utc_days(span: Span) -> Days:
    """Return the UTC days that a span overlaps."""
    return Days(span.start.date(), (span.end - _MICROSECOND).date())
