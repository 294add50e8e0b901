"""Polls of the demo's gateway, and the truth behind them.

A gateway keeps no history. So the demo lets the gateway's clock run from yesterday's first hour to
the present in seconds, and polls it on the way as the schedule does in days. Its house is modelled:
what each of its hours really was is known, and compared with what came of the polls.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.report.months import AGREE_KWH, Way
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import EnvoySimulator
from energy_pipeline.steps.poll import poll
from energy_pipeline.workbench import open_workbench

_POLL_EVERY = timedelta(minutes=30)
_TRUE_WH = 0.01
_SIGNS = {"production": 1, "grid_import": 1, "grid_export": -1}


class _FastClock:
    """The gateway's clock as the pipeline's: waiting moves it on at once."""

    def __init__(self, virtual: VirtualClock) -> None:
        self._virtual = virtual

    def now(self) -> datetime:
        return self._virtual.now()

    async def sleep(self, seconds: float) -> None:
        self._virtual.advance(seconds)
        await asyncio.sleep(0)


def poll_until_now(envoy: EnvoySimulator, site: str) -> int:
    """Poll from where the gateway's clock stands to the present and return how often.

    Args:
        envoy: the gateway, being served; its clock stands.
        site: id of its site.

    Raises:
        NothingDone: the gateway did not answer.
    """
    clock, polls = envoy.clock, 0
    at, now = clock.now(), datetime.now(UTC)
    with open_workbench([site], clock=_FastClock(clock)) as bench:
        while at <= now:
            clock.set(at)
            poll(bench, Days(at.date(), at.date()))
            at, polls = at + _POLL_EVERY, polls + 1
    return polls


def hours_against_truth(
    store: Path, way: Way, day: date, envoy: EnvoySimulator, read_back_kwh: "pd.Series[float]"
) -> Mapping[str, float]:
    """Compare the hours of a day with what really flowed.

    Args:
        store: local root of the Parquet store.
        way: which stream, to which meter.
        day: the UTC day.
        envoy: knows the truth.
        read_back_kwh: EnerKey's own values, indexed by the start of the hour (UTC).

    Returns:
        Members `truth`, `hourly`, `read_back` (kWh of the day), `farthest_wh` (the hour that is
        farthest from the truth), `held_hours` (not in EnerKey yet) and `agree`, 1 or 0.
    """
    columns = ["site", "stream", "hour", "energy_wh"]
    rows = pd.read_parquet(store / "hourly_energy" / f"date={day}", columns=columns)
    rows = rows[(rows["site"] == way.site) & (rows["stream"] == way.stream)]
    found = pd.Series(rows["energy_wh"].to_numpy(), index=pd.DatetimeIndex(rows["hour"]))
    midnight = pd.Timestamp(datetime.combine(day, time(), UTC))
    hours = pd.date_range(midnight, periods=24, freq="h")
    truth = pd.Series([_truth_wh(envoy, way.stream, at.to_pydatetime()) for at in hours], hours)
    stored = read_back_kwh[read_back_kwh.index.isin(hours)]
    farthest_wh = float((found.reindex(hours) - truth).abs().max(skipna=False))
    apart_kwh = float((stored - found.reindex(stored.index) / 1000).abs().max())
    return {
        "truth": float(truth.sum()) / 1000,
        "hourly": float(found.sum()) / 1000,
        "read_back": float(stored.sum()),
        "farthest_wh": farthest_wh,
        "held_hours": float(len(hours) - len(stored)),
        "agree": float(farthest_wh <= _TRUE_WH and not apart_kwh > AGREE_KWH),
    }


def _truth_wh(envoy: EnvoySimulator, stream: str, hour: datetime) -> float:
    truth_wh = envoy.truth_wh
    if stream == "production":
        return truth_wh(stream, hour, hour + HOUR)
    return sum(
        sign * truth_wh(each, hour, hour + HOUR)  # pyright: ignore[reportArgumentType]
        for each, sign in _SIGNS.items()
    )
