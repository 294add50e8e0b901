"""Agreement of the four stages by month: what agrees, and that each one apart is found."""

from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.report.months import Way, energy_by_month

HOURS = pd.date_range("2024-01-31", periods=48, freq="h", tz="UTC")
DAYS = Days(HOURS[0].date(), HOURS[-1].date())
KWH = pd.Series([0.5] * 48, index=HOURS)
HOUR = pd.Timedelta(hours=1)


def store_of(folder: Path, **wrong: float) -> Path:
    """Write the files of one stream and both kinds of upload; `wrong` adds kWh to a stage."""
    add = {"fetched": 0.0, "hourly": 0.0, "consumption": 0.0, "cumulative": 0.0} | wrong
    write(
        folder / "enlighten_production",
        site="a",
        end_at=HOURS + HOUR,
        interval_s=3600,
        energy_wh=[500.0 + 1000 * add["fetched"]] + [500.0] * 47,
    )
    write(
        folder / "hourly_energy",
        site="a",
        stream="production",
        hour=HOURS,
        energy_wh=[500.0 + 1000 * add["hourly"]] + [500.0] * 47,
    )
    status = ["verified"] * 47 + ["held"]
    write(
        folder / "enerkey_consumption_upload",
        meter_id=1,
        at=HOURS,
        value=[0.5 + add["consumption"]] + [0.5] * 47,
        status=status,
    )
    write(
        folder / "enerkey_cumulative_upload",
        meter_id=2,
        at=[HOURS[0], *(HOURS + HOUR)],
        value=[1000.0 + 0.5 * n + add["cumulative"] * (n > 0) for n in range(49)],
        status=["verified", *status],
    )
    return folder


def write(folder: Path, **columns: object) -> None:
    folder.mkdir()
    pd.DataFrame(columns).to_parquet(folder / "part.parquet")


WAYS = (Way("a", "production", 1), Way("a", "production", 2, "cumulative"))


@pytest.mark.parametrize("way", WAYS)
def test_what_agrees_is_said_by_month(way: Way, tmp_path: Path) -> None:
    months = energy_by_month(store_of(tmp_path), way, DAYS, KWH[:-1])
    assert months.index.tolist() == ["2024-01", "2024-02"]
    for stage in ("fetched", "hourly"):
        assert months[stage].tolist() == [12.0, 12.0]
    for stage in ("pushed", "read_back"):
        assert months[stage].tolist() == [12.0, 11.5]
    assert months["held_hours"].tolist() == [0, 1]
    assert months["agree"].tolist() == [True, True]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", ["fetched", "hourly", "upload", "read_back"])
def test_a_stage_that_differs_is_found(way: Way, stage: str, tmp_path: Path) -> None:
    wrong = way.reading if stage == "upload" else stage
    store = store_of(tmp_path, **({} if stage == "read_back" else {wrong: 0.25}))
    read_back = KWH[:-1] + (0.25 if stage == "read_back" else 0.0) * (KWH.index[:-1] == HOURS[0])
    assert energy_by_month(store, way, DAYS, read_back)["agree"].tolist() == [False, True]
