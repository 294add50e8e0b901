"""What every dataset has, which day a row belongs to, and which tables fit."""

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.enerkey_schema import ENERKEY_SPECIFIC_CONSUMPTION
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import (
    CUMULATIVE_READINGS,
    DATASETS,
    ENERKEY_CUMULATIVE_UPLOAD,
    ENLIGHTEN_PRODUCTION,
    ENLIGHTEN_SYSTEMS,
    ENVOY_INVERTERS,
    ENVOY_READINGS,
    HOURLY_ENERGY,
    Dataset,
    conform,
    partition_days,
)

every_dataset = pytest.mark.parametrize(
    "dataset", DATASETS.values(), ids=lambda dataset: dataset.name
)

PUBLIC_COLUMNS = {
    "enlighten_production": {
        "site": "string",
        "system_id": "int64",
        "end_at": "timestamp[us, tz=UTC]",
        "interval_s": "int32",
        "energy_wh": "double",
        "power_w": "double",
        "devices_reporting": "int32",
        "devices_total": "int32",
        "fetched_at": "timestamp[us, tz=UTC]",
    },
    "envoy_readings": {
        "site": "string",
        "serial": "string",
        "counter": "string",
        "stream": "string",
        "read_at": "timestamp[us, tz=UTC]",
        "energy_wh": "double",
        "power_w": "double",
        "polled_at": "timestamp[us, tz=UTC]",
    },
    "hourly_energy": {
        "site": "string",
        "stream": "string",
        "hour": "timestamp[us, tz=UTC]",
        "energy_wh": "double",
        "covered_s": "int32",
        "source": "string",
        "final": "bool",
    },
    "cumulative_readings": {
        "site": "string",
        "stream": "string",
        "read_at": "timestamp[us, tz=UTC]",
        "reading_wh": "double",
        "final": "bool",
    },
    "enerkey_consumption_upload": {
        "site": "string",
        "stream": "string",
        "meter_id": "int64",
        "at": "timestamp[us, tz=UTC]",
        "value": "double",
        "unit": "string",
        "message_id": "string",
        "status": "string",
        "reason": "string",
    },
}
PUBLIC_COLUMNS["enlighten_consumption"] = PUBLIC_COLUMNS["enlighten_production"]
PUBLIC_COLUMNS["enerkey_cumulative_upload"] = PUBLIC_COLUMNS["enerkey_consumption_upload"]


NULL_IN_A_KEY = {
    ENLIGHTEN_SYSTEMS.name: {"site"},  # systems that no site names
    ENERKEY_SPECIFIC_CONSUMPTION.name: {"quantity_name"},  # meters of a quantity without a name
}


@pytest.mark.parametrize("name", PUBLIC_COLUMNS)
def test_the_columns_that_users_rely_on(name: str):
    found = {field.name: str(field.type) for field in DATASETS[name].schema}
    assert list(found.items()) == list(PUBLIC_COLUMNS[name].items())


@every_dataset
def test_every_column_is_described_and_every_measure_has_its_unit(dataset: Dataset):
    units = {"wh": b"Wh", "w": b"W", "s": b"s"}
    for field in dataset.schema:
        assert field.metadata[b"description"], field.name
        unit = units.get(field.name.rpartition("_")[2])
        assert unit in (None, field.metadata.get(b"unit")), field.name


@every_dataset
def test_keys_and_time_are_columns_that_are_never_null(dataset: Dataset):
    named = {*dataset.sort_keys, *([dataset.time_column] if dataset.time_column else [])}
    nullable = {name for name in named if dataset.schema.field(name).nullable}
    assert nullable == NULL_IN_A_KEY.get(dataset.name, set())
    assert dataset.partitioned == (dataset.belongs != "whole")


def at(dataset: Dataset, *instants: datetime, interval_s: int = 300) -> pa.Table:
    columns = {dataset.time_column: pa.array(instants, pa.timestamp("us", "UTC"))}
    if "interval_s" in dataset.schema.names:
        columns["interval_s"] = pa.array([interval_s] * len(instants), pa.int32())
    return pa.table(columns)


MIDNIGHT = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dataset", "instant", "day"),
    [
        (ENLIGHTEN_PRODUCTION, MIDNIGHT, 31),
        (ENLIGHTEN_PRODUCTION, MIDNIGHT + timedelta(seconds=299), 31),
        (ENLIGHTEN_PRODUCTION, MIDNIGHT + timedelta(seconds=300), 1),
        (HOURLY_ENERGY, MIDNIGHT, 1),
        (HOURLY_ENERGY, MIDNIGHT - timedelta(hours=1), 31),
        (CUMULATIVE_READINGS, MIDNIGHT, 31),
        (CUMULATIVE_READINGS, MIDNIGHT + timedelta(hours=1), 1),
        (ENERKEY_CUMULATIVE_UPLOAD, MIDNIGHT, 31),
        (ENVOY_READINGS, MIDNIGHT, 31),
        (ENVOY_READINGS, MIDNIGHT + timedelta(microseconds=1), 1),
        (ENVOY_INVERTERS, MIDNIGHT + timedelta(hours=24), 1),
    ],
)
def test_a_row_belongs_to_the_day_in_which_its_time_starts(dataset, instant, day):
    (found,) = partition_days(at(dataset, instant), dataset).to_pylist()
    assert found == (date(2024, 4, 1) if day == 1 else date(2024, 3, 31))


@given(
    ends=st.lists(st.integers(-(10**9), 4 * 10**9).map(lambda s: datetime.fromtimestamp(s, UTC))),
    interval_s=st.sampled_from([300, 900, 3600]),
)
def test_the_day_of_an_interval_is_that_of_its_start(ends: list[datetime], interval_s: int):
    found = partition_days(
        at(ENLIGHTEN_PRODUCTION, *ends, interval_s=interval_s), ENLIGHTEN_PRODUCTION
    )
    assert found.to_pylist() == [(end - timedelta(seconds=interval_s)).date() for end in ends]


def test_a_dataset_without_days_has_no_day_of_a_row():
    with pytest.raises(StoreError, match="has no days"):
        partition_days(
            DATASETS["enlighten_daily_energy"].empty(), DATASETS["enlighten_daily_energy"]
        )


HOUR = {
    "site": ["a"],
    "stream": ["production"],
    "hour": pa.array([MIDNIGHT], pa.timestamp("us", "UTC")),
    "energy_wh": [1.0],
    "covered_s": [3600],
    "source": ["enlighten"],
    "final": [True],
}


def test_a_table_that_means_the_same_is_made_to_fit():
    helsinki = MIDNIGHT.astimezone(timezone(timedelta(hours=3)))
    table = pa.table(
        {
            **dict(reversed(HOUR.items())),
            "site": pa.array(["a"]).dictionary_encode(),
            "hour": pa.array([helsinki], pa.timestamp("s", "+03:00")),
            "energy_wh": pa.array([1], pa.int64()),
        }
    )
    fitted = conform(table, HOURLY_ENERGY)
    assert fitted.schema.equals(HOURLY_ENERGY.schema, check_metadata=True)
    assert fitted.to_pylist() == conform(pa.table(HOUR), HOURLY_ENERGY).to_pylist()
    assert fitted["hour"].to_pylist() == [MIDNIGHT]


def test_a_column_without_any_value_fits_where_null_is_allowed():
    table = pa.table({**PRODUCTION, "power_w": pa.nulls(1), "devices_total": pa.nulls(1)})
    assert conform(table, ENLIGHTEN_PRODUCTION)["power_w"].to_pylist() == [None]


PRODUCTION = {
    "site": ["a"],
    "system_id": [67],
    "end_at": pa.array([MIDNIGHT], pa.timestamp("us", "UTC")),
    "interval_s": [300],
    "energy_wh": [1.0],
    "power_w": [12.0],
    "devices_reporting": [20],
    "devices_total": [20],
    "fetched_at": pa.array([MIDNIGHT], pa.timestamp("us", "UTC")),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_kwh": [1.0]}, "found columns"),
        ({"energy_wh": [None]}, r"energy_wh: found 1 null values"),
        ({"energy_wh": [float("nan")]}, r"energy_wh: found NaN or infinity"),
        ({"energy_wh": [float("-inf")]}, r"energy_wh: found NaN or infinity"),
        ({"energy_wh": ["much"]}, r"energy_wh: .*allowed: double"),
        ({"covered_s": [1.5]}, r"covered_s: .*allowed: int32"),
        ({"covered_s": [2**40]}, r"covered_s: .*allowed: int32"),
        ({"hour": pa.array([0], pa.timestamp("us"))}, r"hour: found timestamp\[us\]; .*zone"),
        ({"hour": [0]}, r"hour: found int64; .*zone"),
        ({"hour": pa.array([1], pa.timestamp("ns", "UTC"))}, r"hour: .*allowed: timestamp"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_column(change, message):
    table = pa.table({**HOUR, **change})
    with pytest.raises(StoreError, match=rf"^hourly_energy.*{message}"):
        conform(table, HOURLY_ENERGY)
