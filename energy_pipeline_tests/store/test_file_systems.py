"""The store works on any pyarrow file system; a URI's credentials are never shown."""

from pathlib import Path

import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow import fs

from energy_pipeline.calendar import Days
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import ENERKEY_METERS, HOURLY_ENERGY
from energy_pipeline.state.locks import FileLocks
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.tables import DAY, NEXT_DAY, hours, known


def memory_files(_: Path) -> fs.FileSystem:
    class Memory(MemoryFileSystem):
        store: dict[str, object] = {}  # noqa: RUF012  # fsspec keeps its files in the class
        pseudo_dirs = [""]  # noqa: RUF012

    bucket = DirFileSystem("/bucket", Memory(skip_instance_cache=True))
    return fs.PyFileSystem(fs.FSSpecHandler(bucket))


PLACES = {
    "a path": lambda folder: str(folder / "data"),
    "a file URI": lambda folder: (folder / "data").as_uri(),
    "a local file system": lambda folder: fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem()),
    "a file system in memory": memory_files,
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_the_same_on_every_file_system(place, tmp_path: Path):
    store = ParquetStore(place(tmp_path), FileLocks(tmp_path / "locks"))
    assert store.held_days(HOURLY_ENERGY) == []
    for energy_wh in (1.0, 2.0):
        for day in (DAY, NEXT_DAY):
            for site in "ab":
                store.replace(
                    HOURLY_ENERGY,
                    day,
                    hours(site, [energy_wh, energy_wh], day=day),
                    [known(site, energy_wh=2 * energy_wh)],
                )
    store.write_snapshot(ENERKEY_METERS, ENERKEY_METERS.empty())

    assert store.held_days(HOURLY_ENERGY) == [DAY, NEXT_DAY]
    assert store.read(HOURLY_ENERGY)["energy_wh"].to_pylist() == [2.0] * 8
    found = store.coverage(HOURLY_ENERGY, Days(DAY, NEXT_DAY), ["b"])
    assert {day: list(entries) for day, entries in found.items()} == {
        DAY: [("b", "production")],
        NEXT_DAY: [("b", "production")],
    }
    assert store.read_snapshot(ENERKEY_METERS).num_rows == 0


class FolderAppears(fs.FSSpecHandler):
    """A folder that is made by another writer in the moment in which it is listed."""

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        if not self.fs.exists(selector.base_dir):
            self.fs.mkdir(selector.base_dir)
            raise FileNotFoundError(selector.base_dir)  # what Arrow answers to its losing side
        return super().get_file_info_selector(selector)


def test_the_first_writers_of_a_store_may_be_at_it_at_once(tmp_path: Path):
    local = DirFileSystem(str(tmp_path), LocalFileSystem())
    store = ParquetStore(fs.PyFileSystem(FolderAppears(local)), FileLocks(tmp_path / "locks"))
    assert store.held_days(HOURLY_ENERGY) == []
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1.0]), [known("a")])
    assert store.read(HOURLY_ENERGY)["energy_wh"].to_pylist() == [1.0]


def test_a_remote_uri_opens_its_kind_of_file_system(tmp_path: Path):
    store = ParquetStore("s3://bucket/path?region=eu-north-1", FileLocks(tmp_path))
    files = store._files
    assert isinstance(files, fs.SubTreeFileSystem)
    assert files.base_path == "bucket/path/"
    assert files.base_fs.type_name == "s3"


@pytest.mark.parametrize("uri", ["ftp://me:hunter2@host/x", "s3://me:hunter2@bucket/x?hunter2=1"])
def test_a_place_that_is_not_served_is_named_without_its_password(uri: str, tmp_path: Path):
    with pytest.raises(StoreError, match=r"allowed: a local path, or s3://") as error:
        ParquetStore(uri, FileLocks(tmp_path))
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_writer_leaves_no_file_open(tmp_path: Path):
    store = ParquetStore(str(tmp_path), FileLocks(tmp_path / "locks"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for energy_wh in range(20):
        store.replace(HOURLY_ENERGY, DAY, hours("a", [energy_wh]), [known("a")])
        store.read(HOURLY_ENERGY)
        store.coverage(HOURLY_ENERGY, Days(DAY, DAY))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
