"""Interval answers, many at a time, from bytes to Arrow columns.

Members that are not named here are passed over. An answer that is not what its description
promises costs itself alone: the others are read all the same. Requests are in `client.py`, shapes
in words in `bodies.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import json as pa_json

from energy_pipeline.calendar import Span
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.schema import INSTANT
from energy_pipeline.sources.enlighten.bodies import LAST_SECOND, read_body
from energy_pipeline.sources.enlighten.series import IntervalSeries

_LEAST_BLOCK_BYTES = 1 << 20
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
    """

    request: str
    system_id: int
    window: Span
    content: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What an answer says besides its intervals.

    Args:
        devices_total: active devices of the system now; None when not given.
        last_report_at: the system's last report; None when not given, or never.
    """

    devices_total: int | None
    last_report_at: datetime | None


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


class _Unpromised(Exception):
    """Something about an answer is not as promised; the message says what."""


def parse_intervals(answers: Sequence[IntervalAnswer], series: IntervalSeries) -> ParsedAnswers:
    """Read the answers of one series; one that is not as promised has no rows."""
    if not answers:
        return ParsedAnswers((), _ROWS.empty_table())
    try:
        return _parse(answers, series)
    except (pa.ArrowInvalid, _Unpromised) as error:
        if len(answers) == 1:
            surprise = _surprise(answers[0], series, error)
            return ParsedAnswers((surprise,), _ROWS.empty_table())
    middle = len(answers) // 2
    first, second = (parse_intervals(part, series) for part in (answers[:middle], answers[middle:]))
    moved = pc.add(second.rows["answer"], pa.scalar(middle))
    rows = pa.concat_tables([first.rows, second.rows.set_column(0, "answer", moved)])
    return ParsedAnswers((*first.heads, *second.heads), rows)


def _surprise(answer: IntervalAnswer, series: IntervalSeries, error: Exception) -> SchemaSurprise:
    try:
        read_body(series.body, answer.content, answer.request)
    except SchemaSurprise as surprise:
        return surprise
    return SchemaSurprise(str(error), request=answer.request, status=200)


def _parse(answers: Sequence[IntervalAnswer], series: IntervalSeries) -> ParsedAnswers:
    bodies = _read_json([answer.content for answer in answers], series)
    _check_bodies(bodies, answers)
    lists = bodies["intervals"].combine_chunks()
    parent: NDArray[np.int64] = pc.list_parent_indices(lists).to_numpy()
    intervals = cast(pa.StructArray, pc.list_flatten(lists))
    end_s = _whole_ends(intervals, series)
    energy = intervals.field(series.energy_member)
    _check_energy(energy, parent, series)
    inside = _inside(end_s, parent, answers, series)
    kept = np.flatnonzero(inside & energy.is_valid().to_numpy(zero_copy_only=False))
    kept = _in_order(kept, parent, end_s)
    totals = bodies["total_devices"].combine_chunks()
    columns = {
        "answer": pa.array(parent[kept]),
        "end_at": pa.array(end_s[kept] * 1_000_000).view(INSTANT),
        "energy_wh": energy.take(kept),
        "power_w": intervals.field("powr").take(kept),
        "devices_reporting": intervals.field("devices_reporting").take(kept),
        "devices_total": totals.take(parent[kept]),
    }
    return ParsedAnswers(_heads(bodies), pa.Table.from_pydict(columns, schema=_ROWS))


def _read_json(contents: Sequence[bytes], series: IntervalSeries) -> pa.Table:
    interval = {
        "end_at": pa.int64(),
        series.energy_member: pa.float64(),
        "powr": pa.float64(),
        "devices_reporting": pa.int32(),
    }
    schema = pa.schema(
        {
            "system_id": pa.int64(),
            "total_devices": pa.int32(),
            "intervals": pa.list_(pa.struct(interval.items())),
            "meta": pa.struct([("last_report_at", pa.int64())]),
        }
    )
    longest = max(len(content) for content in contents)
    table = pa_json.read_json(
        BytesIO(b"\n".join(contents)),
        read_options=pa_json.ReadOptions(block_size=max(_LEAST_BLOCK_BYTES, longest + 2)),
        parse_options=pa_json.ParseOptions(
            explicit_schema=schema, newlines_in_values=True, unexpected_field_behavior="ignore"
        ),
    )
    if table.num_rows != len(contents):
        raise _Unpromised(f"found {table.num_rows} JSON values; allowed: 1")
    return table


def _check_bodies(bodies: pa.Table, answers: Sequence[IntervalAnswer]) -> None:
    if bodies["intervals"].null_count:
        raise _Unpromised("intervals: found nothing; allowed: a list")
    found = bodies["system_id"].to_pylist()
    for system_id, answer in zip(found, answers, strict=True):
        if system_id not in (None, answer.system_id):
            raise _Unpromised(f"system_id: found {system_id}; allowed: {answer.system_id}")


def _whole_ends(intervals: pa.StructArray, series: IntervalSeries) -> NDArray[np.int64]:
    """Return the ends of the intervals in epoch seconds, on the series' grid."""
    ends = intervals.field("end_at")
    if intervals.null_count or ends.null_count:
        raise _Unpromised("intervals: found null among them; allowed: objects with end_at")
    end_s: NDArray[np.int64] = ends.to_numpy()
    wrong = np.flatnonzero((end_s % series.interval_s != 0) | (end_s < 0) | (end_s >= LAST_SECOND))
    if wrong.size:
        found, grid = end_s[wrong[0]], series.interval_s
        allowed = f"epoch seconds that are a multiple of {grid}"
        raise _Unpromised(f"intervals[{wrong[0]}].end_at: found {found}; allowed: {allowed}")
    return end_s


def _check_energy(energy: pa.Array, parent: NDArray[np.int64], series: IntervalSeries) -> None:
    """Energy may be unknown here and there; where it is unknown everywhere, its member is gone."""
    path = f"intervals[].{series.energy_member}"
    if pc.any(pc.invert(pc.is_finite(energy))).as_py():
        raise _Unpromised(f"{path}: found NaN or infinity; allowed: numbers")
    if energy.null_count:
        known = np.unique(parent[energy.is_valid().to_numpy(zero_copy_only=False)])
        if known.size < np.unique(parent).size:
            raise _Unpromised(f"{path}: found nothing in any interval; allowed: numbers")


def _inside(
    end_s: NDArray[np.int64],
    parent: NDArray[np.int64],
    answers: Sequence[IntervalAnswer],
    series: IntervalSeries,
) -> NDArray[np.bool_]:
    """Mark the intervals that lie in the window that was asked for."""
    windows = [(a.window.start.timestamp(), a.window.end.timestamp()) for a in answers]
    bounds = np.array(windows, np.int64)[parent]
    inside = (end_s - series.interval_s >= bounds[:, 0]) & (end_s <= bounds[:, 1])
    if np.unique(parent[inside]).size < np.unique(parent).size:
        raise _Unpromised("intervals: found none inside the window that was asked for")
    return inside


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


def _heads(bodies: pa.Table) -> tuple[AnswerHead, ...]:
    reported = pc.struct_field(bodies["meta"], "last_report_at")
    newest = pc.max(reported).as_py()
    if newest is not None and newest >= LAST_SECOND:
        raise _Unpromised(f"meta.last_report_at: found {newest}; allowed: epoch seconds")
    instants = reported.cast(pa.timestamp("s", "UTC")).to_pylist()
    totals = bodies["total_devices"].to_pylist()
    return tuple(map(AnswerHead, totals, instants))
