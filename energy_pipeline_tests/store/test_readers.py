"""Any of the usual tools reads a dataset's folder without help, while writers are at work too."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from energy_pipeline.schema import DATASETS, HOURLY_ENERGY, Dataset
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.tables import DAY, NEXT_DAY, hours, known

Reader = Callable[[Path], pa.Table]

READERS: dict[str, Reader] = {
    "pandas": lambda folder: pa.Table.from_pandas(pd.read_parquet(folder)),
    "pyarrow.dataset": lambda folder: ds.dataset(folder, partitioning="hive").to_table(),
    "pyarrow.parquet": pq.read_table,
    "duckdb": lambda folder: (
        duckdb.connect().sql(f"SELECT * FROM '{folder}/**/*.parquet'").to_arrow_table()
    ),
    "duckdb hive": lambda folder: (
        duckdb.connect()
        .sql(f"SELECT * FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true)")
        .to_arrow_table()
    ),
    "polars": lambda folder: pl.read_parquet(folder).to_arrow(),
    "polars lazy": lambda folder: pl.scan_parquet(folder).collect().to_arrow(),
    "polars hive": lambda folder: (
        pl.scan_parquet(f"{folder}/*/*.parquet", hive_partitioning=True).collect().to_arrow()
    ),
}


@pytest.fixture(params=READERS.values(), ids=READERS.keys())
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param


def fill(store: ParquetStore) -> None:
    for day in (DAY, NEXT_DAY):
        table = pa.concat_tables([hours("a", [1.5, 2.5], day=day), hours("b", [-3.0], day=day)])
        store.replace(HOURLY_ENERGY, day, table, [known("a"), known("b")])
    store.replace(HOURLY_ENERGY, DAY, hours("c", []), [known("c", answer="empty")])


def test_the_folder_is_read(store: ParquetStore, root: Path, reader: Reader):
    fill(store)
    found = reader(root / "hourly_energy")

    assert found["energy_wh"].to_pylist() == [1.5, 2.5, -3.0] * 2
    assert {str(day) for day in found["date"].to_pylist()} == {str(DAY), str(NEXT_DAY)}
    assert found.schema.field("hour").type.tz in ("UTC", "Etc/UTC")
    expected = store.read(HOURLY_ENERGY)["hour"].to_pylist()
    assert sorted(found["hour"].to_pylist()) == sorted(expected)


def test_a_killed_writers_files_and_an_empty_day_do_not_confuse(
    store: ParquetStore, root: Path, reader: Reader
):
    fill(store)
    whole = (root / "hourly_energy" / f"date={DAY}" / "part.parquet").read_bytes()
    left = root / ".writing" / f"hourly_energy~date={DAY}~part.parquet~0123"
    left.write_bytes(whole[: len(whole) // 2])
    (root / "hourly_energy" / "date=2024-04-02").mkdir()

    assert reader(root / "hourly_energy").num_rows == 6


def test_a_folder_of_days_without_rows_is_read(store: ParquetStore, root: Path, reader: Reader):
    store.replace(HOURLY_ENERGY, DAY, HOURLY_ENERGY.empty(), [known("a", answer="empty")])
    assert reader(root / "hourly_energy").num_rows == 0


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_every_type_is_known_to_every_tool(dataset: Dataset, tmp_path: Path, reader: Reader):
    folder = tmp_path / "date=2024-03-31"
    folder.mkdir()
    pq.write_table(dataset.empty(), folder / "part.parquet")
    assert set(dataset.schema.names) <= set(reader(tmp_path).column_names)
