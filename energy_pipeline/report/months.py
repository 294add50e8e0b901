"""Energy by month along the way of a value: fetched, hourly, pushed, read back.

Each stage is read from its own place (raw files, hourly files, the upload's outcome, EnerKey's
answer), so that agreement of the four is a finding and not a repetition. Months are UTC months.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from energy_pipeline.calendar import Days

AGREE_KWH = 1e-6
"""Values are pushed with six decimals in kWh: a month of hours may differ by less than this."""


@dataclass(frozen=True)
class Way:
    """One stream of one site on its way to one meter in kWh, which takes hours or a register."""

    site: str
    stream: str
    meter_id: int
    reading: Literal["consumption", "cumulative"] = "consumption"


def energy_by_month(
    store: Path, way: Way, days: Days, read_back_kwh: "pd.Series[float]"
) -> pd.DataFrame:
    """Return one row per month with kWh of every stage.

    Args:
        store: local root of the Parquet store.
        way: which stream, to which meter.
        days: the UTC days that count.
        read_back_kwh: EnerKey's own values, indexed by the start of the hour (UTC).

    Returns:
        Columns `fetched`, `hourly`, `pushed`, `read_back` (kWh), `held_hours` (hours without a
        verified value) and `agree`: fetched equals hourly, pushed equals read back, and what is
        not held is all there.
    """
    hourly = _hourly_kwh(store, way)
    upload = _upload(store, way)
    verified = upload[upload["status"] == "verified"]
    held = hourly[hourly.index.difference(pd.DatetimeIndex(verified["at"]))]
    stages = {
        "fetched": _fetched_kwh(store, way),
        "hourly": hourly,
        "pushed": verified.set_index("at")["value"],
        "read_back": read_back_kwh,
        "held_kwh": held,
        "held_hours": (upload["status"] != "verified").astype(float).set_axis(upload["at"]),
    }
    months = pd.DataFrame({name: _by_month(stage, days) for name, stage in stages.items()})
    months = months.fillna(0.0)
    apart = pd.concat(
        [
            months["fetched"] - months["hourly"],
            months["pushed"] - months["read_back"],
            months["hourly"] - months["held_kwh"] - months["pushed"],
        ],
        axis=1,
    ).abs()
    months["agree"] = (apart <= AGREE_KWH).all(axis=1)
    return months.drop(columns="held_kwh")


def _by_month(stage: "pd.Series[float]", days: Days) -> "pd.Series[float]":
    at = pd.DatetimeIndex(stage.index)
    start, end = pd.Timestamp(days.span.start), pd.Timestamp(days.span.end)
    within = stage[(at >= start) & (at < end)]
    months = pd.DatetimeIndex(within.index).strftime("%Y-%m")
    return within.groupby(months).sum()


def _fetched_kwh(store: Path, way: Way) -> "pd.Series[float]":
    columns = ["site", "end_at", "interval_s", "energy_wh"]
    rows = pd.read_parquet(store / f"enlighten_{way.stream}", columns=columns)
    rows = rows[rows["site"] == way.site]
    start_at = rows["end_at"] - pd.to_timedelta(rows["interval_s"], unit="s")
    return pd.Series(rows["energy_wh"].to_numpy() / 1000, index=pd.DatetimeIndex(start_at))


def _hourly_kwh(store: Path, way: Way) -> "pd.Series[float]":
    rows = pd.read_parquet(store / "hourly_energy", columns=["site", "stream", "hour", "energy_wh"])
    rows = rows[(rows["site"] == way.site) & (rows["stream"] == way.stream)]
    return pd.Series(rows["energy_wh"].to_numpy() / 1000, index=pd.DatetimeIndex(rows["hour"]))


def _upload(store: Path, way: Way) -> pd.DataFrame:
    """Return one row per hour: its start, the energy in kWh, what became of it."""
    columns = ["meter_id", "at", "value", "status"]
    rows = pd.read_parquet(store / f"enerkey_{way.reading}_upload", columns=columns)
    rows = pd.DataFrame(rows[rows["meter_id"] == way.meter_id])
    return rows if way.reading == "consumption" else _hours_of_register(rows)


def _hours_of_register(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the rises of a register, each at the start of its hour; the first is unknown."""
    ordered = readings.sort_values("at")
    hour = ordered["at"] - pd.Timedelta(hours=1)
    return ordered.assign(value=ordered["value"].diff(), at=hour)
