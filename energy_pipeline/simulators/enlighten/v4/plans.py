"""Dialect v4: which groups of endpoints a plan serves."""

from collections.abc import Mapping
from types import MappingProxyType

from energy_pipeline.simulators.enlighten.accounts import EVERY_GROUP, Application, Group

_SITE_LEVEL: frozenset[Group] = frozenset({"system_details", "production", "consumption"})
_GROUPS: Mapping[str, frozenset[Group]] = MappingProxyType({"watt": _SITE_LEVEL})


def is_served(group: Group, plan: str, application: Application) -> bool:
    """Tell whether plan and application both have the group; only the free plan lacks any."""
    return group in _GROUPS.get(plan.lower(), EVERY_GROUP) & application.groups
