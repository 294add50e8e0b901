"""One Parquet file: rows and coverage to bytes, bytes to rows or coverage, atomic replacement.

Which file holds what is in `layout.py`; who may write when, in `parquet.py`.
"""

import os
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from energy_pipeline.dataset import Dataset
from energy_pipeline.errors import StoreError
from energy_pipeline.store.coverage import Coverage, Key, from_json, to_json
from energy_pipeline.store.layout import WRITING_FOLDER, shown

_COVERAGE = "energy_pipeline.coverage"
# Small enough that a reader of one site of a large fleet skips most of the file.
_ROWS_PER_GROUP = 32_768


def encode(table: pa.Table, coverage: Mapping[Key, Coverage]) -> pa.Buffer:
    """Return the bytes of a Parquet file with these rows and, in its footer, this coverage."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, table.schema, compression="zstd", write_page_checksum=True
    ) as writer:
        writer.write_table(table, row_group_size=_ROWS_PER_GROUP)
        writer.add_key_value_metadata({_COVERAGE: to_json(coverage.values()).decode()})
    return sink.getvalue()


class DatasetFile:
    """One file of a dataset, which may not be there yet.

    Args:
        files: the store's file system.
        path: the file, from the store's root.
        dataset: what it holds.
    """

    def __init__(self, files: fs.FileSystem, path: str, dataset: Dataset) -> None:
        self._files = files
        self._path = path
        self._dataset = dataset

    def coverage(self, sites: Collection[str] | None = None) -> dict[Key, Coverage]:
        """Return the coverage of `sites` (None: of all); nothing without a file.

        Only the footer is read.

        Raises:
            StoreError: the file is damaged or not the store's.
        """
        with self._opened() as file:
            return {} if file is None else _coverage(file, sites)

    def content(self) -> tuple[pa.Table, dict[Key, Coverage]] | None:
        """Return all rows and the coverage, of one and the same version; None without a file.

        Raises:
            StoreError: the file is damaged or not the store's.
        """
        with self._opened() as file:
            if file is None:
                return None
            return self._rows(file, None, self._dataset.schema.names), _coverage(file)

    def rows(self, sites: Sequence[str] | None, columns: Sequence[str]) -> pa.Table:
        """Return the rows of `sites` (None: of all), with `columns` only.

        Raises:
            StoreError: the file is damaged or not the store's.
        """
        with self._opened() as file:
            if file is None:
                return self._dataset.empty().select(list(columns))
            return self._rows(file, sites, columns)

    def _rows(
        self, file: pq.ParquetFile, sites: Sequence[str] | None, columns: Sequence[str]
    ) -> pa.Table:
        found = file.schema_arrow
        if not found.equals(self._dataset.schema):
            raise ValueError(f"its columns are {', '.join(f'{f.name} {f.type}' for f in found)}")
        needed = dict.fromkeys([*columns, *(["site"] if sites is not None else [])])
        groups = list(range(file.num_row_groups)) if sites is None else _groups(file, sites)
        table = file.read_row_groups(groups, columns=list(needed))
        if sites is not None:
            table = table.filter(pc.is_in(table["site"], pa.array(sites, pa.string())))
        schema = pa.schema([self._dataset.schema.field(name) for name in columns])
        return pa.Table.from_arrays([table[name] for name in columns], schema=schema)

    def replace(self, table: pa.Table, coverage: Mapping[Key, Coverage]) -> None:
        """Put a new version in the place of the old one at once; the caller holds the lock.

        A reader finds the old or the new file, whole. What a killed writer of this file has left
        is removed.
        """
        self.remove_leftovers()
        try:
            replace_file(self._files, self._path, encode(table, coverage))
        except StoreError:
            self.remove_leftovers()
            raise

    def remove_leftovers(self) -> None:
        """Remove what killed writers of this file have left; the caller holds the lock."""
        for path in paths_in(self._files, WRITING_FOLDER):
            if path.startswith(self._writing_prefix):
                self._files.delete_file(path)

    @property
    def _writing_prefix(self) -> str:
        return _writing_prefix(self._path)

    @property
    def _shown(self) -> str:
        return shown(self._files, self._path)

    @contextmanager
    def _opened(self) -> Generator[pq.ParquetFile | None]:
        """Open one version of the file; it stays this version whatever a writer does meanwhile."""
        try:
            with self._files.open_input_file(self._path) as handle:
                yield pq.ParquetFile(handle, page_checksum_verification=True)
        except FileNotFoundError:
            yield None
        except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
            raise StoreError(
                f"{self._shown} is damaged or not a file of this store ({error}); "
                f"move it away and materialize {self._dataset.name} for it again"
            ) from error


def replace_file(files: fs.FileSystem, path: str, content: bytes | pa.Buffer) -> None:
    """Put bytes in the place of a file at once: a reader finds the old or the new one, whole.

    Raises:
        StoreError: the storage fails.
    """
    written = f"{_writing_prefix(path)}{uuid4().hex}"
    try:
        files.create_dir(WRITING_FOLDER, recursive=True)
        files.create_dir(path.rpartition("/")[0], recursive=True)
        with files.open_output_stream(written) as stream:
            stream.write(content)
        _flush_to_disk(files, written)
        files.move(written, path)
    except OSError as error:
        raise StoreError(f"{shown(files, path)} cannot be written: {error}") from error


def paths_in(files: fs.FileSystem, folder: str) -> list[str]:
    """Return the paths of everything below a folder, which may not be there yet."""
    try:
        found = files.get_file_info(fs.FileSelector(folder, recursive=True))
    except FileNotFoundError:  # `allow_not_found` fails when a writer makes the folder just now
        return []
    return [each.path for each in found]


def _writing_prefix(path: str) -> str:
    return f"{WRITING_FOLDER}/{path.replace('/', '~')}~"


def _coverage(file: pq.ParquetFile, sites: Collection[str] | None = None) -> dict[Key, Coverage]:
    content = (file.metadata.metadata or {}).get(_COVERAGE.encode())
    if content is None:
        raise ValueError("its footer has no coverage")
    return from_json(content, sites)


def _groups(file: pq.ParquetFile, sites: Sequence[str]) -> list[int]:
    """Return the row groups in which rows of `sites` may be."""
    column = file.schema_arrow.get_field_index("site")
    return [
        group
        for group in range(file.num_row_groups)
        if _may_hold(file.metadata.row_group(group).column(column).statistics, sites)
    ]


def _may_hold(statistics: pq.Statistics | None, sites: Sequence[str]) -> bool:
    if statistics is None or not statistics.has_min_max:
        return True
    low, high = str(statistics.min), str(statistics.max)
    return any(low <= site <= high for site in sites)


def _flush_to_disk(files: fs.FileSystem, path: str) -> None:
    """Have the written bytes on the disk before their file gets its name.

    Without it a power failure can leave the new name on an empty file. It costs about a quarter
    of a millisecond on an SSD. The rename itself is not flushed: losing it leaves the old version,
    whole. Object stores answer only when they have kept what was sent.
    """
    if not isinstance(files, fs.SubTreeFileSystem):
        return
    if not isinstance(files.base_fs, fs.LocalFileSystem):
        return
    descriptor = os.open(Path(files.base_path) / path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
