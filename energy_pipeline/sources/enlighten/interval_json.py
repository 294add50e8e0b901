"""Bodies with intervals, many at a time, from JSON to one Arrow table; nothing is judged here.

Which intervals are taken, and which answers are not as promised, is decided in `answers.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as pa_json

from energy_pipeline.sources.enlighten.lenient import one_list
from energy_pipeline.sources.enlighten.series import IntervalSeries, Measured

_LEAST_BLOCK_BYTES = 1 << 20
_META = pa.struct([("last_report_at", pa.int64()), ("last_energy_at", pa.int64())])

_Members = Mapping[tuple[str, ...], pa.DataType]


class Unpromised(Exception):
    """Something about an answer is not as promised; the message says what."""


def read_bodies(contents: Sequence[bytes], series: IntervalSeries, measured: Measured) -> pa.Table:
    """Return a row per body.

    Returns:
        Columns system_id, total_devices, start_at and end_at (epoch seconds; null where the series
        does not tell them), intervals (lists of objects with end_at, powr and what `measured`
        names), meta (last_report_at, last_energy_at).

    Raises:
        ArrowInvalid: a member is of another type.
        Unpromised: a body is no JSON object.
    """
    flat = [_flat(content) for content in contents] if series.is_nested else contents
    longest = max(len(content) for content in flat)
    table = pa_json.read_json(
        BytesIO(b"\n".join(flat)),
        read_options=pa_json.ReadOptions(block_size=max(_LEAST_BLOCK_BYTES, longest + 2)),
        parse_options=pa_json.ParseOptions(
            explicit_schema=_schema(series, measured),
            newlines_in_values=True,
            unexpected_field_behavior="ignore",
        ),
    )
    if table.num_rows != len(contents):
        raise Unpromised(f"found {table.num_rows} JSON values; allowed: 1")
    for name in () if series.tells_window else ("start_at", "end_at"):
        table = table.append_column(name, pa.nulls(table.num_rows, pa.int64()))
    return table


def member(intervals: pa.StructArray, names: Sequence[str]) -> pa.Array:
    """Return a member of every interval; null where it, or what holds it, is absent."""
    return pc.struct_field(intervals, list(names))


def _schema(series: IntervalSeries, measured: Measured) -> pa.Schema:
    members: dict[tuple[str, ...], pa.DataType] = {
        ("end_at",): pa.int64(),
        ("powr",): pa.float64(),
        measured.energy: pa.float64(),
    }
    if measured.devices:
        members[measured.devices] = pa.int32()
    bounds = {"start_at": pa.int64(), "end_at": pa.int64()} if series.tells_window else {}
    known = {"system_id": pa.int64(), "total_devices": pa.int32(), **bounds, "meta": _META}
    return pa.schema({**known, "intervals": pa.list_(_struct(members))})


def _struct(members: _Members) -> pa.StructType:
    """Return the type of an object with these members, which may lie in objects of its own."""
    kinds: dict[str, pa.DataType] = {
        names[0]: kind for names, kind in members.items() if len(names) == 1
    }
    inner: defaultdict[str, dict[tuple[str, ...], pa.DataType]] = defaultdict(dict)
    for names, kind in members.items():
        if len(names) == 1:
            kinds[names[0]] = kind
        else:
            inner[names[0]][names[1:]] = kind
    kinds |= {name: _struct(parts) for name, parts in inner.items()}
    return pa.struct(kinds.items())


def _flat(content: bytes) -> bytes:
    """Return a body whose intervals are one list, also where they come as lists in a list."""
    try:
        body: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Unpromised(str(error)) from error
    if isinstance(body, dict) and "intervals" in body:
        body["intervals"] = one_list(body["intervals"])
    return orjson.dumps(body)
