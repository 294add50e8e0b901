"""A damaged or foreign file is named, with what to do, and is never taken for data."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.tables import DAY, hours, known

ONE_DAY = Days(DAY, DAY)


@pytest.fixture
def file(store: ParquetStore, root: Path) -> Path:
    store.replace(HOURLY_ENERGY, DAY, hours("a", range(24)), [known("a")])
    return root / "hourly_energy" / f"date={DAY}" / "part.parquet"


def assert_named(error: pytest.ExceptionInfo[StoreError], file: Path) -> None:
    assert str(file) in str(error.value)
    assert "move it away and materialize hourly_energy" in str(error.value)


@pytest.mark.parametrize("length", [0, 3, 200, -1])
def test_a_cut_file(store: ParquetStore, file: Path, length: int):
    file.write_bytes(file.read_bytes()[:length])

    for use in (
        lambda: store.read(HOURLY_ENERGY, ONE_DAY),
        lambda: store.coverage(HOURLY_ENERGY, ONE_DAY),
        lambda: store.replace(HOURLY_ENERGY, DAY, hours("b", [1]), [known("b")]),
    ):
        with pytest.raises(StoreError) as error:
            use()
        assert_named(error, file)


def test_one_wrong_bit_in_the_data(store: ParquetStore, file: Path):
    column = pq.read_metadata(file).row_group(0).column(3)
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(StoreError) as error:
        store.read(HOURLY_ENERGY, ONE_DAY)
    assert_named(error, file)


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(hours("a", [1]), id="no coverage"),
        pytest.param(pa.table({"site": ["a"], "energy_kwh": [1.0]}), id="other columns"),
    ],
)
def test_a_foreign_file(store: ParquetStore, file: Path, foreign: pa.Table):
    pq.write_table(foreign, file)
    with pytest.raises(StoreError) as error:
        store.replace(HOURLY_ENERGY, DAY, hours("b", [1]), [known("b")])
    assert_named(error, file)


@pytest.mark.parametrize("coverage", ["", "[]", '{"site":["a"]}', '{"site":'])
def test_a_footer_with_something_else(store: ParquetStore, file: Path, coverage: str):
    with pq.ParquetWriter(file, HOURLY_ENERGY.schema) as writer:
        writer.write_table(hours("a", [1]))
        writer.add_key_value_metadata({"energy_pipeline.coverage": coverage})
    with pytest.raises(StoreError) as error:
        store.coverage(HOURLY_ENERGY, ONE_DAY)
    assert_named(error, file)


def test_a_damaged_file_moved_away_is_simply_not_held(store: ParquetStore, file: Path):
    file.write_bytes(b"PAR1")
    file.rename(file.with_suffix(".broken"))
    assert store.read(HOURLY_ENERGY, ONE_DAY).num_rows == 0
    store.replace(HOURLY_ENERGY, DAY, hours("b", [1]), [known("b")])
    assert store.read(HOURLY_ENERGY, ONE_DAY)["site"].to_pylist() == ["b"]


@pytest.fixture
def full_disk() -> Iterator[Callable[[], None]]:
    """Call it, and no file can grow beyond 200 bytes until the test is over."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("file")
def test_a_full_disk_leaves_the_old_version(store: ParquetStore, root: Path, full_disk):
    full_disk()
    with pytest.raises(StoreError, match=r"part\.parquet cannot be written"):
        store.replace(HOURLY_ENERGY, DAY, hours("b", [1]), [known("b")])
    assert store.read(HOURLY_ENERGY, ONE_DAY)["site"].to_pylist() == ["a"] * 24
    assert list((root / ".writing").iterdir()) == []
