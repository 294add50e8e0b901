"""Two years of a real house: every hour is the sum of its quarters, every day is the truth."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION
from energy_pipeline.transform.hourly import hourly_energy
from energy_pipeline.transform.instants import column_us
from energy_pipeline_tests.transform.tables import NO_WORD

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2022, 8, 1, tzinfo=UTC)
QUARTER_S = 900

QUANTITIES = {"produced": "Energy Produced (Wh)", "consumed": "Energy Consumed (Wh)"}
STREAMS = {"produced": "production", "consumed": "consumption"}


def recorded(path: Path, quantity: str) -> pa.Table:
    """Return the recording's rows as intervals; their labels are starts with UTC offsets."""
    frame = pd.read_csv(path)
    start = pd.to_datetime(frame["Date/Time"], utc=True, format="%Y-%m-%d %H:%M:%S %z")
    rows = len(frame)
    columns = {
        "site": ["house"] * rows,
        "system_id": [1] * rows,
        "end_at": pa.array(start + pd.Timedelta(seconds=QUARTER_S)),
        "interval_s": [QUARTER_S] * rows,
        "energy_wh": pa.array(frame[QUANTITIES[quantity]], pa.float64()),
        "power_w": [None] * rows,
        "devices_reporting": [1] * rows,
        "devices_total": [1] * rows,
        "fetched_at": [NOW] * rows,
    }
    arrays = [
        pa.array(column, field.type) if isinstance(column, list) else column.cast(field.type)
        for column, field in zip(columns.values(), ENLIGHTEN_CONSUMPTION.schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=ENLIGHTEN_CONSUMPTION.schema)


@pytest.mark.parametrize("quantity", list(QUANTITIES))
@pytest.mark.parametrize("year", [2019, 2020])
def test_hours_equal_their_quarters_and_days_the_truth(
    recordings: Path, year: int, quantity: str
) -> None:
    folder = recordings / "timeseries"
    name = f"enphase_uk_15min_{year}.csv"
    intervals = recorded(folder / name, quantity)
    days = Days(date(year, 1, 1), date(year, 12, 31))
    hourly = hourly_energy(
        intervals,
        stream=STREAMS[quantity],
        source="enlighten",
        word=NO_WORD,
        span=days.span,
        now=NOW,
        settle_hours=2.0,
    )
    assert hourly.num_rows == len(days) * 24
    assert set(hourly["covered_s"].to_pylist()) == {3_600}
    assert all(hourly["final"].to_pylist())
    quarters_wh = intervals["energy_wh"].to_numpy()[np.argsort(column_us(intervals["end_at"]))]
    assert hourly["energy_wh"].to_numpy().tolist() == quarters_wh.reshape(-1, 4).sum(1).tolist()
    assert local_days_wh(hourly) == true_days_wh(folder / "truth_daily.csv", name, quantity)


def local_days_wh(hourly: pa.Table) -> dict[date, float]:
    local = [hour.astimezone(LONDON).date() for hour in hourly["hour"].to_pylist()]
    summed = pd.Series(hourly["energy_wh"].to_numpy()).groupby(local).sum()
    return dict(summed.items())


def true_days_wh(path: Path, file: str, quantity: str) -> dict[date, float]:
    truth = pd.read_csv(path)
    mine = truth[(truth["file"] == file) & (truth["quantity"] == quantity)]
    assert {92, 96, 100} == set(mine["intervals"])
    return {
        date.fromisoformat(day): float(round(kwh * 1_000))
        for day, kwh in zip(mine["local_date"], mine["kwh"], strict=True)
    }
