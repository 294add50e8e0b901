"""Where the state lives: the URL of the state database, understood and opened in one way.

What is kept there is in `database.py`; who may work at a time, in `locks.py`.
"""

from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from energy_pipeline.errors import StoreError

_ALLOWED = "sqlite:////path/of/state.db or postgresql://user:password@host/database"
# The bare name stands for different drivers in different versions of SQLAlchemy.
_POSTGRESQL_DRIVER = "postgresql+psycopg"


def parse_state_url(url: str) -> URL:
    """Return the SQLAlchemy URL of the state database; its text form hides the password.

    Raises:
        StoreError: not a URL, or a database that several processes cannot share.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # its text repeats the URL, password included
        raise StoreError(
            f"the state database's URL cannot be read as a URL; allowed: {_ALLOWED}"
        ) from None
    if parsed.drivername == "postgresql":
        return parsed.set(drivername=_POSTGRESQL_DRIVER)
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _with_file(parsed)
    if parsed.drivername == _POSTGRESQL_DRIVER:
        return parsed
    raise StoreError(
        f"the state database {parsed!r} is of a kind that is not served; allowed: {_ALLOWED}"
    )


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database, None for a database server."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def open_engine(url: URL, **options: object) -> Engine:
    """Return an engine whose errors never show the values of a statement.

    Raises:
        StoreError: the driver of PostgreSQL is not installed.
    """
    try:
        return create_engine(url, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the state database {url!r} needs the package `{error.name}`: "
            "pip install 'energy-pipeline[postgresql]'"
        ) from error


def _with_file(url: URL) -> URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StoreError(
            f"the state database {url!r} names no file, other processes could not see it; "
            f"allowed: {_ALLOWED}"
        )
    return url.set(database=str(Path(url.database).absolute()))
