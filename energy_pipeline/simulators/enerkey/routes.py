"""From a method and a path to an operation.

A new group of operations is a module with `operations(switches)` and a line in `_GROUPS`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from energy_pipeline.simulators.enerkey import (
    actions,
    alarms,
    images,
    inventory,
    provisioning,
    pushes,
    reads,
)
from energy_pipeline.simulators.enerkey.answers import Answer
from energy_pipeline.simulators.enerkey.calls import Operation
from energy_pipeline.simulators.enerkey.switches import Switches

_GROUPS = (actions, inventory, images, alarms, reads, pushes, provisioning)


class Match(NamedTuple):
    """An operation with the ids that stand in its path."""

    operation: Operation
    path_ids: dict[str, str]


class Routes:
    """All operations under the prefix and in the route style of the switches."""

    def __init__(self, switches: Switches) -> None:
        self._ignores_case = switches.route_style == "group_action_case_insensitive"
        self._routes = [
            (f"{switches.path_prefix}/{operation.path}".split("/"), operation)
            for group in _GROUPS
            for operation in group.operations(switches)
        ]

    @property
    def ids(self) -> set[str]:
        """The ids of all operations."""
        return {operation.id for _, operation in self._routes}

    def match(self, method: str, path: str) -> Match | Answer:
        """Return the operation, else the empty 404 of an unknown path or the 405 with `Allow`."""
        segments = path.split("/")
        matches = [
            Match(operation, ids)
            for pattern, operation in self._routes
            if (ids := self._ids(pattern, segments)) is not None
        ]
        for match in matches:
            if match.operation.method == method:
                return match
        if not matches:
            return Answer(status=404)
        allowed = ", ".join(sorted(match.operation.method for match in matches))
        return Answer(status=405, headers={"Allow": allowed})

    def _ids(self, pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
        """Return the ids of a path that fits the pattern; None when it does not."""
        if len(pattern) != len(segments):
            return None
        ids: dict[str, str] = {}
        for expected, found in zip(pattern, segments, strict=True):
            if expected.startswith("{"):
                ids[expected.strip("{}")] = found
            elif expected.lower() != (found.lower() if self._ignores_case else found):
                return None
        return ids
