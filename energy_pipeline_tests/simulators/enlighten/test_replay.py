import csv
import itertools
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.simulators.enlighten.localdays import midnights
from energy_pipeline.simulators.enlighten.replay import read_export, replayed_system
from energy_pipeline.simulators.enlighten.shaping import split_evenly
from energy_pipeline_tests.simulators.enlighten.asking import ask, simulator

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
STREAM_OF = {
    "produced": "production_meter",
    "consumed": "consumption",
    "exported": "grid_export",
    "imported": "grid_import",
    "stored": "battery_charge",
    "discharged": "battery_discharge",
}
EXPORTS = [
    ("enphase_uk_15min_2019.csv", "Europe/London", 1),
    ("enphase_uk_15min_2020.csv", "Europe/London", 1),
    ("enphase_nl_hourly_2022-10_2023-09.csv", "Europe/Amsterdam", 4),
    ("enphase_nl_hourly_production_2024-01_2024-08.csv", "Europe/Amsterdam", 4),
]


def truth_daily(recordings, name):
    """Wh and rows per (stream, local date), as summed by others from the very file."""
    with (recordings / "timeseries" / "truth_daily.csv").open() as file:
        return {
            (STREAM_OF[row["quantity"]], date.fromisoformat(row["local_date"])): (
                round(float(row["kwh"]) * 1000),
                int(row["intervals"]),
            )
            for row in csv.DictReader(file)
            if row["file"] == name
        }


@pytest.mark.parametrize(("name", "timezone", "parts"), EXPORTS)
def test_every_local_day_of_every_stream_sums_to_the_recording(recordings, name, timezone, parts):
    system = replayed_system([recordings / "timeseries" / name], timezone)
    expected = truth_daily(recordings, name)
    sim = simulator(system, now=datetime(2030, 1, 1, tzinfo=UTC))
    found = {
        (row["stream"], row["local_date"]): row["energy_wh"]
        for row in sim.truth().days.to_pylist()
        if row["stream"] != "production_micro"
    }
    assert found == {key: wh for key, (wh, _) in expected.items()}
    counts = defaultdict(int)
    for stream, series in system.series.items():
        if stream != "production_micro":
            days = sorted(day for of, day in expected if of == stream)
            index = np.searchsorted(
                series.end_at(), midnights(days[0], days[-1], system.zone), "right"
            )
            counts.update(
                {(stream, day): int(n) for day, n in zip(days, np.diff(index), strict=True)}
            )
    assert counts == {key: rows * parts for key, (_, rows) in expected.items()}


def test_the_vendors_totals_are_those_of_the_recording(recordings):
    name = "enphase_uk_15min_2019.csv"
    system = replayed_system([recordings / "timeseries" / name], "Europe/London")
    sim = simulator(system, now=datetime(2020, 1, 1, 12, tzinfo=UTC))
    body = ask(sim, "/systems/67/energy_lifetime", production="all").json()
    expected = truth_daily(recordings, name)
    days = [date(2019, 1, 1) + timedelta(n) for n in range(365)]
    produced = [expected["production_meter", day][0] for day in days]
    assert body["production"] == body["meter_production"] == body["micro_production"] == produced
    body = ask(sim, "/systems/67/consumption_lifetime").json()
    assert body["consumption"] == [expected["consumption", day][0] for day in days]


@pytest.mark.parametrize(("name", "timezone", "parts"), EXPORTS)
def test_micros_sum_to_every_quarter_and_are_absent_at_night(recordings, name, timezone, parts):  # noqa: ARG001
    system = replayed_system([recordings / "timeseries" / name], timezone)
    micro, meter = system.series["production_micro"], system.series["production_meter"]
    assert np.array_equal(micro.energy_wh.reshape(-1, 3).sum(axis=1), meter.energy_wh)
    assert not micro.energy_wh[micro.devices == 0].any()
    hour = np.array([datetime.fromtimestamp(e, system.zone).hour for e in micro.end_at().tolist()])
    assert not micro.devices[(hour >= 1) & (hour < 3)].any()
    assert (meter.devices == 1).all()


def test_micros_report_through_the_day_with_few_at_its_ends(recordings):
    path = recordings / "timeseries" / "enphase_uk_15min_2019.csv"
    micro = replayed_system([path], "Europe/London", micros=16).series["production_micro"]
    day = (micro.end_at() > datetime(2019, 6, 10, tzinfo=UTC).timestamp()) & (
        micro.end_at() <= datetime(2019, 6, 11, tzinfo=UTC).timestamp()
    )
    devices = [n for n, _ in itertools.groupby(micro.devices[day].tolist())]
    assert devices == [0, 2, 8, 16, 8, 0]


def test_a_recorded_battery_conserves_the_energy_of_its_house(recordings):
    path = recordings / "timeseries" / "enphase_uk_15min_2019.csv"
    system = replayed_system([path], "Europe/London")
    wh = {stream: each.energy_wh.astype(np.int64) for stream, each in system.series.items()}
    comes = wh["production_meter"] + wh["grid_import"] + wh["battery_discharge"]
    goes = wh["consumption"] + wh["grid_export"] + wh["battery_charge"]
    assert np.array_equal(comes, goes)
    assert wh["battery_charge"].sum() == 431_273
    assert len(system.charge_percent) == 365 * 96
    assert 10 < system.charge_percent.mean() < 90


def test_what_measures_production_can_be_chosen(recordings):
    path = recordings / "timeseries" / "enphase_nl_hourly_production_2024-01_2024-08.csv"
    by = {m: replayed_system([path], "Europe/Amsterdam", measured_by=m) for m in ("micro", "meter")}
    assert set(by["micro"].series) == {"production_micro"}
    assert set(by["meter"].series) == {"production_meter"}


@given(st.lists(st.integers(-5000, 50_000), max_size=20), st.sampled_from([3, 4, 12]))
def test_splitting_keeps_every_sum_and_stays_even(values, parts):
    split = split_evenly(np.array(values, np.int64), parts).reshape(-1, parts)
    assert split.sum(axis=1).tolist() == values
    assert all(row.max() - row.min() <= 1 for row in split)


def test_the_repeated_october_hour_is_read_in_order(tmp_path):
    path = tmp_path / "export.csv"
    rows = ["01:00,1", "02:00,2", "02:00,3", "03:00,4"]
    path.write_text(
        "\ufeffDate/Time,Energy Produced (Wh)\n" + "\n".join(f"10/30/2022 {row}" for row in rows)
    )
    export = read_export([path], AMSTERDAM)
    first = int(datetime(2022, 10, 29, 23, tzinfo=UTC).timestamp())
    assert export.start_at.tolist() == [first + 3600 * n for n in range(4)]
    assert export.energy_wh["production_meter"].tolist() == [1, 2, 3, 4]


def test_a_missing_row_is_no_interval(tmp_path):
    path = tmp_path / "export.csv"
    labels = ["08:00", "08:15", "09:00"]
    lines = [f"2024-06-01 {label}:00 +0200,40,-8" for label in labels]
    path.write_text(
        "Date/Time,Energy Produced (Wh),Energy Consumed (Wh)\n" + "\n".join(lines) + "\n\n"
    )
    system = replayed_system([path], "Europe/Amsterdam")
    assert system.series["consumption"].energy_wh.tolist() == [-8, -8, 0, 0, -8]
    assert system.series["consumption"].devices.tolist() == [1, 1, 0, 0, 1]
    assert not system.series["production_micro"].devices.reshape(-1, 3)[2:4].any()


def test_energy_until_midnight_belongs_to_the_day_that_ends_there(tmp_path):
    path = tmp_path / "export.csv"
    light = {"06/21/2024 23:45", "06/22/2024 12:00"}
    labels = [f"06/{day}/2024 {n // 4:02}:{n % 4 * 15:02}" for day in (21, 22) for n in range(96)]
    path.write_text(
        "Date/Time,Energy Produced (Wh)\n"
        + "\n".join(f"{label},{30 if label in light else 0}" for label in labels)
    )
    micro = replayed_system([path], "Europe/Amsterdam").series["production_micro"]
    quarters = np.flatnonzero(micro.devices.reshape(-1, 3).any(axis=1))
    assert quarters.tolist() == [94, 95, 96, 96 + 47, 96 + 48, 96 + 49]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Time,Wh\n", r"x\.csv:1: found 'Time'.*Date/Time, Energy Produced"),
        ("Date/Time,Energy Produced (Wh)\n06/01/2024 00:00,a\n", r"x\.csv:2: .*whole Wh"),
        ("Date/Time,Energy Produced (Wh)\n06/01/2024 00:00\n", r"x\.csv:2: .*whole Wh"),
        (
            "Date/Time,Energy Produced (Wh)\n06/01/2024 01:00,1\n06/01/2024 00:00,1\n",
            r"x\.csv:3: not later",
        ),
        (
            "Date/Time,Energy Produced (Wh)\n06/01/2024 00:00,1\n06/01/2024 00:10,1\n",
            r"600 s apart",
        ),
        ("Date/Time,Energy Produced (Wh)\n", r"x\.csv: at least two rows"),
        ("PK\udcff\x00", r"x\.csv:1: found 'PK"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_its_place(tmp_path, text, said):
    path = tmp_path / "x.csv"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=said):
        read_export([path], AMSTERDAM)
