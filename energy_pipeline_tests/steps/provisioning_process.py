"""A process of its own that provisions, to be killed; once imported, starting it is cheap."""

from collections.abc import Mapping
from pathlib import Path

from energy_pipeline.configuration.sites import Registry
from energy_pipeline.steps.provisioning import provision
from energy_pipeline_tests.steps.pushing_process import open_bench_in


def run_provision(folder: Path, environ: Mapping[str, str], registry: Registry) -> None:
    """Provision the customers; any error ends the process with an exit code."""
    bench = open_bench_in(folder, environ, registry)
    provision(bench, "customers")
    bench.state.close()
