"""From missing time to the fewest requests; pure.

What is missing is decided by the step that asks; which widths an endpoint allows is in `series.py`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from energy_pipeline.calendar import Span


def plan_windows(
    missing: Iterable[Span], widest: timedelta, kept_from: datetime | None = None
) -> list[Span]:
    """Return the fewest windows of at most `widest` that cover all missing time, in order.

    Each window begins where the first time that no earlier window covers is missing, so no two of
    these begins fit into one window: no other plan can do with fewer. Each ends where missing time
    ends, or where it is full.

    Args:
        missing: in any order; may touch or overlap.
        widest: longest window that one request answers.
        kept_from: where the vendor's history is likely to begin. A window that begins before is
            likely to be refused as a whole, so none does that reaches behind.
    """
    if kept_from is None:
        return _fewest(missing, widest)
    whole = joined(missing)
    early = [Span(span.start, min(span.end, kept_from)) for span in whole]
    late = [Span(max(span.start, kept_from), span.end) for span in whole]
    return [*_fewest(early, widest), *_fewest(late, widest)]


def _fewest(missing: Iterable[Span], widest: timedelta) -> list[Span]:
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
