"""Interval answers, many at a time, from bytes to Arrow columns.

Members that are not named here are passed over. An answer that is not what its description
promises costs itself alone: the others are read all the same. Requests are in the dialects'
`client.py`, shapes in words in `bodies.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.schema import INSTANT
from energy_pipeline.sources.enlighten.bodies import LAST_SECOND, read_body
from energy_pipeline.sources.enlighten.interval_json import Unpromised, member, read_bodies
from energy_pipeline.sources.enlighten.series import IntervalSeries, Measured

_ROWS = pa.schema(
    [
        ("answer", pa.int64()),
        ("end_at", INSTANT),
        ("energy_wh", pa.float64()),
        ("power_w", pa.float64()),
        ("devices_reporting", pa.int32()),
        ("devices_total", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class IntervalAnswer:
    """The body of a good answer.

    Args:
        request: method and path without query, for messages.
        system_id: the system that was asked for.
        window: the time that was asked for.
        content: the body.
        received_at: when it was received, aware.
        reaches: end of the time that is answered, where requests have no end but a length; None:
            that of the window.
    """

    request: str
    system_id: int
    window: Span
    content: bytes = field(repr=False)
    received_at: datetime
    reaches: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What an answer says besides its intervals.

    Args:
        devices_total: active devices of the system now; None when not given.
        last_report_at: the system's last report; None when not given, or never.
        last_energy_at: when energy was last reported; None when not given, or never.
        ends_at: end of the time that the answer is about; None when not told.
    """

    devices_total: int | None
    last_report_at: datetime | None
    last_energy_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParsedAnswers:
    """Intervals of many answers.

    Args:
        heads: one for each answer, or why it cannot be read.
        rows: columns answer (its index), end_at, energy_wh, power_w, devices_reporting,
            devices_total; as the vendor gave them; by answer and end. Only intervals inside the
            window that was asked for, each once, and none of which the energy is not known.
    """

    heads: tuple[AnswerHead | SchemaSurprise, ...]
    rows: pa.Table


def parse_intervals(
    answers: Sequence[IntervalAnswer], series: IntervalSeries, stream: Stream
) -> ParsedAnswers:
    """Read one stream of the answers of a series; an answer that is not as promised has no rows."""
    if not answers:
        return ParsedAnswers((), _ROWS.empty_table())
    try:
        return _parse(answers, series, series.measured(stream))
    except (pa.ArrowInvalid, Unpromised) as error:
        if len(answers) == 1:
            surprise = _surprise(answers[0], series, error)
            return ParsedAnswers((surprise,), _ROWS.empty_table())
    middle = len(answers) // 2
    parts = (answers[:middle], answers[middle:])
    first, second = (parse_intervals(part, series, stream) for part in parts)
    moved = pc.add(second.rows["answer"], pa.scalar(middle))
    rows = pa.concat_tables([first.rows, second.rows.set_column(0, "answer", moved)])
    return ParsedAnswers((*first.heads, *second.heads), rows)


def _surprise(answer: IntervalAnswer, series: IntervalSeries, error: Exception) -> SchemaSurprise:
    try:
        read_body(series.body, answer.content, answer.request)
    except SchemaSurprise as surprise:
        return surprise
    return SchemaSurprise(str(error), request=answer.request, status=200)


def _parse(
    answers: Sequence[IntervalAnswer], series: IntervalSeries, measured: Measured
) -> ParsedAnswers:
    bodies = read_bodies([answer.content for answer in answers], series, measured)
    _check_bodies(bodies, answers)
    lists = bodies["intervals"].combine_chunks()
    parent: NDArray[np.int64] = pc.list_parent_indices(lists).to_numpy()
    intervals = cast(pa.StructArray, pc.list_flatten(lists))
    end_s = _whole_ends(intervals, series)
    energy = member(intervals, measured.energy)
    _check_energy(energy, parent, measured)
    inside = _inside(end_s, parent, answers, series, bodies["start_at"].to_pylist())
    kept = np.flatnonzero(inside & energy.is_valid().to_numpy(zero_copy_only=False))
    kept = _in_order(kept, parent, end_s)
    totals = bodies["total_devices"].combine_chunks()
    if not series.counts_devices:
        totals = pa.nulls(len(bodies), pa.int32())
    devices = measured.devices
    reporting = member(intervals, devices) if devices else pa.nulls(len(intervals), pa.int32())
    columns = {
        "answer": pa.array(parent[kept]),
        "end_at": pa.array(end_s[kept] * 1_000_000).view(INSTANT),
        "energy_wh": energy.take(kept),
        "power_w": intervals.field("powr").take(kept),
        "devices_reporting": reporting.take(kept),
        "devices_total": totals.take(parent[kept]),
    }
    return ParsedAnswers(_heads(bodies, totals), pa.Table.from_pydict(columns, schema=_ROWS))


def _check_bodies(bodies: pa.Table, answers: Sequence[IntervalAnswer]) -> None:
    if bodies["intervals"].null_count:
        raise Unpromised("intervals: found nothing; allowed: a list")
    found = bodies["system_id"].to_pylist()
    for system_id, answer in zip(found, answers, strict=True):
        if system_id not in (None, answer.system_id):
            raise Unpromised(f"system_id: found {system_id}; allowed: {answer.system_id}")


def _whole_ends(intervals: pa.StructArray, series: IntervalSeries) -> NDArray[np.int64]:
    """Return the ends of the intervals in epoch seconds, on the series' grid."""
    ends = intervals.field("end_at")
    if intervals.null_count or ends.null_count:
        raise Unpromised("intervals: found null among them; allowed: objects with end_at")
    end_s: NDArray[np.int64] = ends.to_numpy()
    wrong = np.flatnonzero((end_s % series.interval_s != 0) | (end_s < 0) | (end_s >= LAST_SECOND))
    if wrong.size:
        found, grid = end_s[wrong[0]], series.interval_s
        allowed = f"epoch seconds that are a multiple of {grid}"
        raise Unpromised(f"intervals[{wrong[0]}].end_at: found {found}; allowed: {allowed}")
    return end_s


def _check_energy(energy: pa.Array, parent: NDArray[np.int64], measured: Measured) -> None:
    """Energy may be unknown here and there; where it is unknown everywhere, its member is gone."""
    path = f"intervals[].{'.'.join(measured.energy)}"
    if pc.any(pc.invert(pc.is_finite(energy))).as_py():
        raise Unpromised(f"{path}: found NaN or infinity; allowed: numbers")
    if energy.null_count:
        known = np.unique(parent[energy.is_valid().to_numpy(zero_copy_only=False)])
        if known.size < np.unique(parent).size:
            raise Unpromised(f"{path}: found nothing in any interval; allowed: numbers")


def _inside(
    end_s: NDArray[np.int64],
    parent: NDArray[np.int64],
    answers: Sequence[IntervalAnswer],
    series: IntervalSeries,
    told_start_s: Sequence[int | None],
) -> NDArray[np.bool_]:
    """Mark the intervals that lie in the window that was asked for.

    Where there are any at all, there are some in the time that is answered, which may reach beyond
    the window: a night's end and the morning after it. Unless the vendor tells that it began later:
    where the system has reported for the first time.
    """
    windows = [(a.window.start, a.window.end, a.reaches or a.window.end) for a in answers]
    bounds = np.array([[at.timestamp() for at in row] for row in windows], np.int64)[parent]
    begins = end_s - series.interval_s >= bounds[:, 0]
    is_later = [
        series.tells_window and told is not None and told >= end.timestamp()
        for told, (_, end, _) in zip(told_start_s, windows, strict=True)
    ]
    expected = np.unique(parent[~np.array(is_later, np.bool_)[parent]])
    if np.setdiff1d(expected, parent[begins & (end_s <= bounds[:, 2])]).size:
        raise Unpromised("intervals: found none inside the window that was asked for")
    return begins & (end_s <= bounds[:, 1])


def _in_order(
    kept: NDArray[np.intp], parent: NDArray[np.int64], end_s: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Sort by answer and end; of intervals that are given twice, keep the later one."""
    same = parent[kept][1:] == parent[kept][:-1]
    if not (same & (end_s[kept][1:] <= end_s[kept][:-1])).any():
        return kept
    kept = kept[np.lexsort((end_s[kept], parent[kept]))]
    twin = (parent[kept][1:] == parent[kept][:-1]) & (end_s[kept][1:] == end_s[kept][:-1])
    return kept[np.append(~twin, True)]


def _heads(bodies: pa.Table, totals: pa.Array) -> tuple[AnswerHead, ...]:
    reported, energy = (
        _instants(pc.struct_field(bodies["meta"], name), f"meta.{name}")
        for name in ("last_report_at", "last_energy_at")
    )
    ends = _instants(bodies["end_at"], "end_at")
    return tuple(map(AnswerHead, totals.to_pylist(), reported, energy, ends))


def _instants(epoch_s: pa.ChunkedArray, path: str) -> list[datetime | None]:
    newest = pc.max(epoch_s).as_py()
    if newest is not None and newest >= LAST_SECOND:
        raise Unpromised(f"{path}: found {newest}; allowed: epoch seconds")
    return cast("list[datetime | None]", epoch_s.cast(pa.timestamp("s", "UTC")).to_pylist())
