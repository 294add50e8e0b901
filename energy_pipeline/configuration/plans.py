"""The vendor's plans by name: how many requests each allows (state of July 2026, dialect v4)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

EnlightenPlan = Literal["watt", "kilowatt", "megawatt", "partner"]


class PlanLimits(NamedTuple):
    """Requests that a plan allows, per application.

    Args:
        per_minute: in any minute.
        per_month: in a calendar month.
    """

    per_minute: int
    per_month: int


PLANS: Mapping[str, PlanLimits] = MappingProxyType(
    {
        "watt": PlanLimits(10, 1_000),
        "kilowatt": PlanLimits(50, 50_000),
        "megawatt": PlanLimits(100, 300_000),
        "partner": PlanLimits(300, 1_500_000),
    }
)
