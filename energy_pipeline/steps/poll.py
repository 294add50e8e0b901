"""Assets `envoy_readings` and `envoy_inverters`: ask every gateway now and keep what it shows.

A gateway keeps no history: what is not polled today can be asked for on no other day. So a poll
only ever adds rows, and a day that is over stays as it is. Who answered with nothing new is noted
in the coverage of the running day. The store keeps a day in one file at
any time, so that there are no small files to be put together when it is over.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.dataset import Dataset, partition_days
from energy_pipeline.schema import ENVOY_INVERTERS, ENVOY_READINGS
from energy_pipeline.sources.envoy.fleet import FailedGateway
from energy_pipeline.sources.envoy.poll import GatewayPoll, poll_gateways
from energy_pipeline.steps.gateways import begun_sites, open_fleet, refuse_nothing
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.transform.instants import column_us
from energy_pipeline.workbench import Workbench

POLLED = (ENVOY_READINGS, ENVOY_INVERTERS)
"""What a poll is kept in."""

DATED_WITHIN = timedelta(days=2)
"""How far from the poll a time can lie; a clock that is wrong by more dates nothing."""


@dataclass(frozen=True)
class PollReport:
    """What became of a poll.

    Args:
        over: the days of the range that are over, of which a gateway knows nothing; None without.
        is_polled: whether the running day was in the range, so that the gateways were asked.
        gateways: what each gateway that answered has shown, in the order of the sites.
        failures: why the others did not, by site.
        added: number of rows that were added, by dataset.
        undated: number of rows that were left out because the gateway's clock is wrong by days.
    """

    over: Days | None
    is_polled: bool
    gateways: tuple[GatewayPoll, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    added: Mapping[str, int] = field(default_factory=dict[str, int])
    undated: int = 0


def poll(
    bench: Workbench,
    days: Days,
    datasets: Collection[Dataset] = POLLED,
    environ: Mapping[str, str] | None = None,
) -> PollReport:
    """Poll the gateways of the workbench's sites once, if the running UTC day is among `days`.

    A gateway that fails does not keep the others from being polled. A row is kept in the partition
    of the day that its own time says, which around midnight is not the running one.

    Args:
        bench: what to work with.
        days: UTC days; those that are over are left as they are.
        datasets: what is kept of the poll.
        environ: where the variables of ready tokens are; None is this process's environment.

    Raises:
        NothingDone: no gateway answered.
        StoreError: rows cannot be written.
    """
    today = bench.clock.now().date()
    over = Days(days.first, min(days.last, today - DAY)) if days.first < today else None
    if today not in days:
        return PollReport(over, is_polled=False)
    fleet, failures = open_fleet(bench, begun_sites(bench), environ)
    found = asyncio.run(poll_gateways(fleet))
    polls = tuple(each for each in found if isinstance(each, GatewayPoll))
    failures += [each for each in found if isinstance(each, FailedGateway)]
    refuse_nothing(polls, failures)
    added: dict[str, int] = {}
    undated = 0
    for dataset in datasets:
        rows = pa.concat_tables([dataset.empty(), *(_rows(each, dataset) for each in polls)])
        dated = _dated(rows, dataset)
        undated += rows.num_rows - dated.num_rows
        added[dataset.name] = _keep(bench, dataset, dated)
    if ENVOY_READINGS in datasets:
        _note_answers(bench, today, polls)
    reasons = {failure.site: str(failure.error) for failure in failures}
    return PollReport(over, True, polls, reasons, added, undated)


def _rows(poll: GatewayPoll, dataset: Dataset) -> pa.Table:
    return poll.readings if dataset is ENVOY_READINGS else poll.inverters


def _dated(rows: pa.Table, dataset: Dataset) -> pa.Table:
    off_us = np.abs(column_us(rows[dataset.time_column]) - column_us(rows["polled_at"]))
    return rows.filter(pa.array(off_us <= DATED_WITHIN // timedelta(microseconds=1)))


def _keep(bench: Workbench, dataset: Dataset, rows: pa.Table) -> int:
    now = bench.clock.now()
    return sum(
        bench.store.append(dataset, day, part, _entries(part, dataset, now))
        for day, part in _by_day(rows, dataset)
    )


def _note_answers(bench: Workbench, today: date, polls: Sequence[GatewayPoll]) -> None:
    """Keep until when gateways have answered whose counters stand still since an earlier day.

    Inverters may be silent for days, in winter or under snow; nothing is noted of a gateway whose
    clock is wrong by days.
    """
    right = [each for each in polls if abs(each.clock_ahead_s) <= DATED_WITHIN.total_seconds()]
    rows = pa.concat_tables([ENVOY_READINGS.empty(), *(each.readings for each in right)])
    now = bench.clock.now()
    of_today = dict(_by_day(rows, ENVOY_READINGS)).get(today, ENVOY_READINGS.empty())
    held = {entry.key for entry in _entries(of_today, ENVOY_READINGS, now)}
    known = _entries(rows, ENVOY_READINGS, now)
    if still := [entry for entry in known if entry.key not in held]:
        bench.store.note(ENVOY_READINGS, today, still)


def _by_day(rows: pa.Table, dataset: Dataset) -> Iterator[tuple[date, pa.Table]]:
    days = np.asarray(partition_days(rows, dataset).to_pylist())
    for day in sorted(set(days.tolist())):
        yield day, rows.filter(pa.array(days == day))


def _entries(rows: pa.Table, dataset: Dataset, now: datetime) -> Sequence[Coverage]:
    """Return what is known of each site (and stream): its newest row, and when that was polled."""
    newest = rows.group_by(list(dataset.key_columns)).aggregate(
        [(dataset.time_column, "max"), ("polled_at", "max")]
    )
    return [
        Coverage(
            site=each["site"],
            stream=each.get("stream", ""),
            written_at=now,
            last_report_at=each[f"{dataset.time_column}_max"],
            asked_until=each["polled_at_max"],
        )
        for each in newest.to_pylist()
    ]
