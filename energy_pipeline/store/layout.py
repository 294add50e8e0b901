"""Where things lie in the store: folders and files, relative to its root.

`<dataset>/date=YYYY-MM-DD/part.parquet` for datasets by UTC day, `<dataset>/part.parquet` for the
others, and `.writing/` for files that are being written: outside every dataset's folder, so that
no reader of one ever lists them, whatever its rules for names are.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from energy_pipeline.dataset import Dataset
from energy_pipeline.errors import StoreError

FILE_NAME = "part.parquet"
WRITING_FOLDER = ".writing"
_DAY_PREFIX = "date="


def open_root(location: str) -> fs.FileSystem:
    """Return the file system whose root is the store: of a local path, or of a remote URI.

    Raises:
        StoreError: the URI names no kind of file system that is served.
    """
    if "://" not in location:
        root = Path(location).expanduser().absolute()
        return fs.SubTreeFileSystem(str(root), fs.LocalFileSystem())
    try:
        base, path = fs.FileSystem.from_uri(location)
    except (pa.ArrowInvalid, OSError):  # their text repeats the URI, which may hold a password
        scheme = location.partition("://")[0]
        raise StoreError(
            f"the store's place cannot be opened: {scheme}://...; "
            "allowed: a local path, or s3://bucket/path, gs://bucket/path, abfs://container/path"
        ) from None
    return fs.SubTreeFileSystem(path, base)


def partition_file(dataset: Dataset, day: date) -> str:
    """Return the file that holds one UTC day."""
    return f"{dataset.name}/{_DAY_PREFIX}{day.isoformat()}/{FILE_NAME}"


def snapshot_file(dataset: Dataset) -> str:
    """Return the file of a dataset that has no days."""
    return f"{dataset.name}/{FILE_NAME}"


def file_day(dataset: Dataset, path: str) -> date | None:
    """Return the UTC day that `path` holds, None for any file that is not a partition's."""
    text = path.removeprefix(f"{dataset.name}/{_DAY_PREFIX}").removesuffix(f"/{FILE_NAME}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if path == partition_file(dataset, day) else None


def shown(files: fs.FileSystem, path: str) -> str:
    """Return how messages name a file: its path in full, never a URI with credentials."""
    root = files.base_path if isinstance(files, fs.SubTreeFileSystem) else ""
    return f"{root}{path}"
