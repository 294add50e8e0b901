"""A process of its own that uploads, to be killed; once imported, starting it is cheap."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from energy_pipeline.calendar import Days
from energy_pipeline.clock import SystemClock
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import FileLocks
from energy_pipeline.steps.upload import upload
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline.workbench import Workbench


def open_bench_in(folder: Path, environ: Mapping[str, str], registry: Registry) -> Workbench:
    """A workbench on the machine's own clock."""
    locks = FileLocks(folder / "locks")
    return Workbench(
        settings=load_settings(environ, None),
        registry=registry,
        fleet=registry,
        store=ParquetStore(str(folder / "data"), locks),
        state=StateDatabase(f"sqlite:///{folder / 'state.db'}"),
        locks=locks,
        clock=SystemClock(),
    )


def run_upload(
    folder: Path,
    environ: Mapping[str, str],
    registry: Registry,
    kind: Kind,
    first: date,
    last: date,
    release: tuple[int, ...] = (),
) -> None:
    """Upload a range of days; any error ends the process with an exit code."""
    bench = open_bench_in(folder, environ, registry)
    upload(bench, kind, Days(first, last), release_meters=release)
    bench.state.close()
