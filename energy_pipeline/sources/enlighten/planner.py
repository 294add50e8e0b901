"""From missing time to the fewest requests; pure.

What is missing is decided by the step that asks; which widths an endpoint allows is in `series.py`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from energy_pipeline.calendar import Span


def plan_windows(missing: Iterable[Span], widest: timedelta) -> list[Span]:
    """Return the fewest windows of at most `widest` that cover all missing time, in order.

    Each window begins where the first time that no earlier window covers is missing, so no two of
    these begins fit into one window: no other plan can do with fewer. Each ends where missing time
    ends, or where it is full.

    Args:
        missing: in any order; may touch or overlap.
        widest: longest window that one request answers.
    """
    windows: list[Span] = []
    for span in joined(missing):
        start = span.start
        if windows and start < windows[-1].start + widest:
            windows[-1] = _from(windows[-1].start, span.end, widest)
            start = windows[-1].end
        while start < span.end:
            windows.append(_from(start, span.end, widest))
            start = windows[-1].end
    return windows


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as spans in order that neither touch nor overlap."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if span.end <= span.start:
            continue
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _from(start: datetime, end: datetime, widest: timedelta) -> Span:
    return Span(start, min(end, start + widest))
