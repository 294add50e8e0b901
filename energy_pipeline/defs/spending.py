"""What a run that asks Enlighten says of its hits and of whom it got no answer from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import dagster as dg

from energy_pipeline.defs.metadata import Figures, Value, table


class Spending(Protocol):
    """The part of a report that tells of hits."""

    @property
    def hits_spent(self) -> int:
        """Requests of this run."""
        ...

    @property
    def hits_left(self) -> Mapping[str, int]:
        """Requests that the plan still allows, by period."""
        ...

    @property
    def ended_by(self) -> str:
        """Why something was not asked for; empty when everything was."""
        ...

    @property
    def goes_on_at(self) -> datetime | None:
        """When a spent quota allows requests again."""
        ...


def spent(report: Spending) -> dict[str, Value]:
    """Return hits, and when it goes on where a quota has ended the run."""
    figures: dict[str, Value] = {"hits_spent": report.hits_spent}
    figures |= {f"hits_left_this_{period}": left for period, left in report.hits_left.items()}
    if report.ended_by:
        figures["ended_by"] = report.ended_by
    if report.goes_on_at is not None:
        figures["goes_on_at"] = f"{report.goes_on_at:%Y-%m-%d %H:%M} UTC"
    return figures


def failed(failures: Mapping[str, str]) -> dict[str, dg.MetadataValue]:
    """Return the sites that got no answer as a table, nothing without any."""
    rows: list[Figures] = [{"site": site, "reason": why} for site, why in failures.items()]
    return table("failed", rows)
