"""Behaviour on which the sources disagree, or which depends on the plan: chosen, not guessed."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """How the simulated cloud behaves when nothing goes wrong.

    Attributes:
        plan: name of the plan, as it appears in refusals.
        requests_per_minute: limit of the plan; None is no limit.
        requests_per_month: limit of the plan, per calendar month in UTC; None is no limit.
        parallel_requests: more than this at once are answered 503; None is no limit.
        history_days: interval data that starts earlier is not given; None is no limit.
        stats_max_s: longest range of micro intervals; the rest is cut off.
        rgm_over_7_days: a longer range of meter intervals is cut or refused.
        consumption_max_days: longest range of consumption intervals; the rest is cut off.
        without_consumption_meter: what consumption intervals answer then.
    """

    plan: str = "Watt"
    requests_per_minute: int | None = None
    requests_per_month: int | None = None
    parallel_requests: int | None = None
    history_days: int | None = 365
    stats_max_s: int = 86_400
    rgm_over_7_days: Literal["422", "cut"] = "422"
    consumption_max_days: int = 31
    without_consumption_meter: Literal["empty", "message"] = "empty"
