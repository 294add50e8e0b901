"""Everything a step works with, opened together: settings, sites, store, state, clock.

One workbench serves one run of one step. What a step does with it is in `steps/`; how Dagster gets
one is in `defs/resources.py`.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from energy_pipeline.clock import Clock, SystemClock
from energy_pipeline.configuration.environment import Settings, load_settings
from energy_pipeline.configuration.secrets import known_secrets
from energy_pipeline.configuration.sites import Registry, load_registry
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks
from energy_pipeline.store.parquet import ParquetStore

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def no_progress(what: str, done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Workbench:
    """What a step needs, and nothing of Dagster.

    Args:
        settings: the environment, validated.
        registry: the sites of this run.
        fleet: every site, whatever this run is narrowed to.
        store: the Parquet store.
        state: the state database: quotas, ledger.
        locks: locks over processes, freed when their holder dies.
        clock: what time it is.
        progress: told about long work.
    """

    settings: Settings
    registry: Registry
    fleet: Registry
    store: ParquetStore
    state: StateDatabase
    locks: Locks
    clock: Clock
    progress: Progress = no_progress


@contextmanager
def open_workbench(
    sites: Sequence[str] = (),
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    progress: Progress = no_progress,
    registry: Registry | None = None,
) -> Generator[Workbench]:
    """Open everything from the environment and `.env`, narrowed to `sites` (none: all).

    A `registry` stands in for the site file, which need not be there then.

    Raises:
        ConfigurationError: every mistake of the environment or of the site file.
    """
    settings = load_settings(os.environ if environ is None else environ, Path(".env"))
    if registry is None:
        registry = load_registry(settings.energy_sites_file, settings)
    fleet, registry = registry, registry.only(sites)
    install_log_redaction(known_secrets(settings, registry))
    _give_memory_back()
    locks = Locks.for_state(settings.state_url)
    state = StateDatabase(settings.state_url)
    try:
        store = ParquetStore(settings.energy_data_uri, locks)
        yield Workbench(
            settings, registry, fleet, store, state, locks, clock or SystemClock(), progress
        )
    finally:
        state.close()


def _give_memory_back() -> None:
    """Have Arrow's memory taken from jemalloc, where it is there.

    The usual mimalloc keeps what the many short-lived threads of a long range have let go; the
    process then grows with the number of days.
    """
    with suppress(NotImplementedError):
        pa.set_memory_pool(pa.jemalloc_memory_pool())
