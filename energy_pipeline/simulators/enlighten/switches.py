"""Behaviour on which the sources disagree, or which depends on the plan: chosen, not guessed."""

from dataclasses import dataclass
from typing import Literal

ReportDate = Literal["epoch", "iso", "spaced"]


@dataclass(frozen=True)
class Switches:
    """How the simulated cloud behaves when nothing goes wrong.

    Attributes:
        plan: name of the plan, as it appears in refusals; in v4 it also decides which endpoints
            are served.
        requests_per_minute: limit of the plan; None is no limit.
        requests_per_month: limit of the plan, per calendar month in UTC; None is no limit.
        parallel_requests: more than this at once are answered 503; None is no limit.
        history_days: v2: interval data that starts earlier is not given; None is no limit.
        telemetry_history_days: v4: interval data that starts earlier is refused; None is no limit.
        stats_max_s: v2: longest range of micro intervals; the rest is cut off.
        rgm_over_7_days: a longer range of meter intervals is refused, cut, or (v2) given up to a
            month, as the endpoint's own text says.
        rgm_over_a_year: v4: meter intervals of a start more than a year ago are given, or none, as
            a text that was left over from v2 says.
        consumption_max_days: v2: longest range of consumption intervals; the rest is cut off.
        without_consumption_meter: v2: what consumption intervals answer then.
        docs: v4: the edition of the documentation that it follows: order of the systems, members
            of the search, day totals of today, pages of the inverters' summary.
        nights: v4: micro intervals of the night are absent, or zero with all devices.
        after_last_interval: v4: an interval window after everything known is empty, or refused as
            it was before April 2023.
        window_in_429: v4: which refusals by quota tell their window: as documented, all, none.
        list_figures: v4: energies and sizes in lists are frozen at -1, or real as before July 2023.
        interconnect_date: v4: how lists show it.
        merged_production: v4: the merged day series takes the meter, or shows the micros although
            there is a meter.
        events_history_days: v4: events that start earlier are refused.
        nmi: v4: how a summary shows the number of the grid connection.
        grid_profile: the grid profile of a micro is its name or its id.
        power_produced: the power of a micro is an object, or a plain number as before 2022-11.
        last_report_date: how a micro's last report is written: epoch seconds, ISO 8601 with a
            US-Pacific offset, or `2020-09-18 11:17:23 -0400`.
        access_token_s: life of an access token.
        refresh_token_s: life of a refresh token.
        refresh_grace_s: how long a refresh token may be used again after it was used.
    """

    plan: str = "Watt"
    requests_per_minute: int | None = None
    requests_per_month: int | None = None
    parallel_requests: int | None = None
    history_days: int | None = 365
    telemetry_history_days: int | None = 730
    stats_max_s: int = 86_400
    rgm_over_7_days: Literal["422", "cut", "month"] = "422"
    rgm_over_a_year: Literal["given", "empty"] = "given"
    consumption_max_days: int = 31
    without_consumption_meter: Literal["empty", "message"] = "empty"
    docs: Literal["2023", "2026"] = "2026"
    nights: Literal["absent", "zero"] = "absent"
    after_last_interval: Literal["empty", "422"] = "empty"
    window_in_429: Literal["documented", "always", "never"] = "documented"
    list_figures: Literal["frozen", "real"] = "frozen"
    interconnect_date: Literal["null", "date", "epoch"] = "null"
    merged_production: Literal["meter", "micro"] = "meter"
    events_history_days: int = 274
    nmi: Literal["null", "text", "number"] = "null"
    grid_profile: Literal["name", "id"] = "name"
    power_produced: Literal["object", "int"] = "object"
    last_report_date: ReportDate = "epoch"
    access_token_s: int = 86_393
    refresh_token_s: int = 30 * 86_400
    refresh_grace_s: int = 0
