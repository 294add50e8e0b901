"""What goes wrong on purpose: seeded faults, each a number of times or at a rate, per operation.

Here is the choice; what a fault does to a request is in `strikes`.
"""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

FaultKind = Literal[
    "delay",
    "delay_after_commit",
    "close_before_body",
    "close_after_commit",
    "error_500_before_commit",
    "error_500_after_commit",
    "gateway_error",
    "rate_limited",
    "truncated_json",
    "html_error_page",
    "wrong_content_type",
    "second_writer",
    "import_slow",
    "import_fails",
    "import_partial",
]
AFTER_COMMIT: frozenset[FaultKind] = frozenset(
    {
        "delay_after_commit",
        "close_after_commit",
        "error_500_after_commit",
        "truncated_json",
        "wrong_content_type",
    }
)
"""Faults that strike only a request that was done; the others strike before anything is done."""

PUSHES = frozenset({"pushConsumptionsForMeter", "pushCumulativeReadingsForMeter"})
LOST_SENDS: tuple[FaultKind, ...] = (
    "close_before_body",
    "close_after_commit",
    "error_500_before_commit",
    "error_500_after_commit",
)
"""The ways in which a sender is left without knowing whether its message was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    Raises:
        ValueError: an unknown kind, a rate outside 0..1 or a status that is not 400..599.
    """

    kind: FaultKind
    operations: frozenset[str] = frozenset()
    """Operation ids that it strikes; empty means every one."""
    times: int | None = 1
    """How often at most; None means without end."""
    rate: float = 1.0
    """Share of the matching requests that it strikes."""
    seconds: float = 0.0
    """delay: real seconds; import_slow: virtual seconds."""
    status: int = 503
    """gateway_error, html_error_page: the answer's status."""
    retry_after_s: int | None = None
    """gateway_error, rate_limited: the Retry-After header; None leaves it out."""
    meter_id: int | None = None
    """second_writer: the meter; None means the meter of the request."""
    at: datetime | None = None
    """second_writer: the hour (or instant of the reading); None means one of the stored."""
    value: float | None = None
    """second_writer: what it writes; None means one more than is stored."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            allowed = ", ".join(get_args(FaultKind))
            raise ValueError(f"fault kind: found {self.kind!r}; allowed: {allowed}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"fault rate: found {self.rate}; allowed: 0 to 1")
        if not 400 <= self.status <= 599:
            raise ValueError(f"fault status: found {self.status}; allowed: 400 to 599")


def chaos(rate: float = 0.3, operations: Iterable[str] = PUSHES) -> list[Fault]:
    """Return faults that lose a share of the sends, in equal parts of each way in `LOST_SENDS`.

    Args:
        rate: share of all requests of `operations` that is lost before or after it is stored.
        operations: which requests; the pushes by default.
    """
    each = rate / len(LOST_SENDS)
    return [
        # the dice of a kind are thrown only when those of the kinds before it missed
        Fault(
            kind=kind,
            operations=frozenset(operations),
            times=None,
            rate=each / (1 - number * each),
        )
        for number, kind in enumerate(LOST_SENDS)
    ]


class Faults:
    """The faults of one simulator and the seeded dice that decide about them.

    `Faults(chaos(0.3), seed=1)` is the mixed profile of lost sends.

    At most one fault strikes a request: the first in order that matches and whose dice fall so.
    """

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self.replace(faults, seed=seed)

    def replace(self, faults: Iterable[Fault], *, seed: int = 0) -> None:
        """Forget all faults and dice, and take these."""
        with self._lock:
            self._random = random.Random(seed)
            self._faults = list(faults)
            self._left = [fault.times for fault in self._faults]

    def draw(self, operation: str) -> Fault | None:
        """Choose the fault that strikes a request of `operation`; it counts as used."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                if self._left[number] == 0:
                    continue
                if fault.operations and operation not in fault.operations:
                    continue
                if self._random.random() < fault.rate:
                    self._use(number, -1)
                    return fault
        return None

    def put_back(self, fault: Fault) -> None:
        """Arm a drawn fault again that found nothing to strike, e.g. a refused push."""
        with self._lock:
            for number, candidate in enumerate(self._faults):
                if candidate is fault:
                    self._use(number, 1)

    @property
    def armed(self) -> list[tuple[Fault, int | None]]:
        """Return the faults that can still strike, with how often (None: without end)."""
        with self._lock:
            pairs = zip(self._faults, self._left, strict=True)
            return [(fault, left) for fault, left in pairs if left != 0]

    def _use(self, number: int, change: int) -> None:
        left = self._left[number]
        if left is not None:
            self._left[number] = left + change
