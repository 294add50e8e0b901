"""What opening a workbench does to the process."""

from pathlib import Path

import pyarrow as pa

from energy_pipeline.configuration.sites import Registry
from energy_pipeline.workbench import open_workbench


def test_arrow_takes_memory_from_where_it_is_given_back(tmp_path: Path) -> None:
    """`python -m benchmarks.range_run` measures what that is worth."""
    environ = {"ENERGY_DATA_URI": str(tmp_path / "data")}
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        with open_workbench(environ=environ, registry=Registry(sites=[])):
            assert pa.default_memory_pool().backend_name == "jemalloc"
    finally:
        pa.set_memory_pool(usual)
